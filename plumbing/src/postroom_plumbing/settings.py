"""Settings from the environment: one frozen class per service, and a start that stops at a wrong value."""

import sys
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "POSTROOM_"


def _brokers(value: str) -> str:
    """`host:port[,host:port…]`, with or without `kafka://` in front."""
    brokers = value.removeprefix("kafka://").rstrip("/")
    for broker in brokers.split(","):
        host, _, port = broker.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"{broker!r} is not host:port")
    return brokers


KafkaUrl = Annotated[str, AfterValidator(_brokers)]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,40}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service needs to know. Variables are the field names behind POSTROOM_, in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka_url: KafkaUrl = "127.0.0.1:9092"
    mongo_url: str = Field(default="mongodb://127.0.0.1:27017/?replicaSet=rs0", pattern=r"^mongodb(\+srv)?://")
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", pattern=r"^(rediss?|unix)://")
    namespace: Namespace = ""
    """Stands before every topic and database, so that several Postrooms can share servers."""
    http_host: str = "127.0.0.1"
    http_port: Port
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    """Partitions of the topics this start creates; existing topics keep theirs."""
    replication: Annotated[int, Field(ge=1, le=10)] = 1
    outbox_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long published events stay in the outbox, ready for an empty Kafka cluster."""
    batch_events: Annotated[int, Field(ge=1, le=5000)] = 400
    """The most events one transaction takes."""
    secret: SecretStr = Field(min_length=16)
    """Signs Message-IDs and survey links, and makes the keys of what is encrypted; the same for all services."""
    previous_secrets: tuple[SecretStr, ...] = ()
    """Secrets used before (a JSON list): what they encrypted can still be read."""


S = TypeVar("S", bound=BaseSettings)


def load(model: type[S]) -> S:
    """Read `model` from the environment, or leave with exit code 2 and a line for each wrong variable.

    Only names and reasons are printed, never values: one of them may be a secret.
    """
    try:
        return model()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper() + ": " if problem["loc"] else ""
            reason = problem["msg"].removeprefix("Value error, ")
            print(f"{name}{reason}", file=sys.stderr)  # noqa: T201 - logging is not set up yet
        raise SystemExit(2) from None


def physical_topic(namespace: str, topic: str) -> str:
    """The name of `topic` in Kafka."""
    return f"{namespace}.{topic}" if namespace else topic


def database_name(namespace: str, service: str) -> str:
    """The name of a service's own database."""
    return f"{namespace or 'postroom'}_{service}"
