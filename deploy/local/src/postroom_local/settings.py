"""Settings of the one-machine stack, from POSTROOM_* variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from postroom_local.errors import StackError
from postroom_plumbing.settings import PREFIX, KafkaUrl, Namespace, Port

PORT_FIELDS = ("smtp_port", "desk_port", "portal_port", "catcher_smtp_port", "catcher_http_port", "doors_port")


class ServerSettings(BaseModel):
    """Which servers to start; one given by its URL is used instead."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kafka: Literal["apache", "tansu"] | None = None
    """Forces one of the two brokers; else Apache Kafka where it can run, and Tansu where not."""
    kafka_url: KafkaUrl | None = None
    mongo_url: Annotated[str, Field(pattern=r"^mongodb(\+srv)?://")] | None = None
    redis_url: Annotated[str, Field(pattern=r"^(rediss?|unix)://")] | None = None


class StackSettings(ServerSettings):
    """Everything `postroom` reads from the environment."""

    home: Path = Path(".postroom")
    namespace: Namespace = ""
    smtp_port: Port = 2525
    desk_port: Port = 8080
    portal_port: Port = 8081
    catcher_smtp_port: Port = 2526
    catcher_http_port: Port = 8025
    doors_port: Port | None = None
    """Where contacts are handed in over HTTP; else a free port that the home remembers."""
    smarthost_url: Annotated[str, Field(pattern=r"^smtps?://")] | None = None
    """Where outgoing mail goes; else to the mail catcher."""
    admin_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = "admin@example.com"
    admin_password: Annotated[str, Field(min_length=8)] | None = None
    admin_token: Annotated[str, Field(min_length=16)] | None = None
    secret: Annotated[str, Field(min_length=16)] | None = None
    internal_token: Annotated[str, Field(min_length=16)] | None = None

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        seen: dict[int, str] = {}
        for field in PORT_FIELDS:
            port = getattr(self, field)
            if port is None:
                continue
            if port in seen:
                raise ValueError(f"{variable(field)} and {variable(seen[port])} are both {port}")
            seen[port] = field
        return self


def variable(field: str) -> str:
    """The environment variable behind a settings field."""
    return PREFIX + field.upper()


M = TypeVar("M", bound=BaseModel)


def read_settings(model: type[M], environ: Mapping[str, str]) -> M:
    """`model` from `environ`; an empty variable counts as not set.

    Raises StackError naming the wrong variables and the reasons, never the values: one may be a secret.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX) and value
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        raise StackError("; ".join(_sentence(p["loc"], p["msg"]) for p in problems)) from None


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    name = variable(str(where[0])) + ": " if where else ""
    return name + message.removeprefix("Value error, ")
