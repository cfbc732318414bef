"""The services' inner HTTP, for commands that ask once and show the answer."""

import os
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.runfile import read_run
from postroom_local.settings import StackSettings, read_settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Which Postroom; else POSTROOM_INGEST_URL and POSTROOM_INTERNAL_TOKEN, else POSTROOM_HOME.",
    ),
]
_TIMEOUT_S = 30.0
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class InnerSettings(StackSettings):
    """Where to ask."""

    ingest_url: str | None = None
    desk_url: str | None = None


def ingest_door(home: Path | None) -> tuple[str, str]:
    """The address of ingest's inner HTTP, and the token that opens it.

    Raises StackError where neither can be known.
    """
    return _door(home, "ingest-receive", read_settings(InnerSettings, os.environ).ingest_url)


def desk_door(home: Path | None) -> tuple[str, str]:
    """The same of desk."""
    return _door(home, "desk-api", read_settings(InnerSettings, os.environ).desk_url)


def _door(home: Path | None, process: str, url: str | None) -> tuple[str, str]:
    settings = read_settings(InnerSettings, os.environ)
    if home is None and url and settings.internal_token:
        return url, settings.internal_token
    place = Home(home or settings.home)
    run, secrets = read_run(place), place.stored_secrets()
    if run is None or secrets is None:
        raise StackError(f"Postroom is not running in {place.path} (make up starts it)")
    try:
        return run.named(process).address, secrets.internal_token
    except KeyError:
        raise StackError(f"{process} is not running in {place.path}") from None


def ask(
    door: tuple[str, str],
    method: str,
    path: str,
    params: Mapping[str, str | int] | None = None,
    json_body: object = None,
) -> dict[str, Any]:
    """The answer of a service; StackError with its reason where it refuses, or does not answer."""
    address, token = door
    try:
        with httpx.Client(base_url=address, timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.request(
                method, path, params=params, json=json_body, headers={"Authorization": f"Bearer {token}"}
            )
    except httpx.HTTPError as error:
        raise StackError(f"nothing answers at {address} ({type(error).__name__})") from None
    if answer.is_success:
        found: dict[str, Any] = answer.json()
        return found
    raise StackError(_reason(answer))


def _reason(answer: httpx.Response) -> str:
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return "the internal token is not known there"
    try:
        problem = answer.json()
        errors = "; ".join(f"{one['field']}: {one['reason']}" for one in problem.get("errors", ()))
        return errors or str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the answer was status {answer.status_code}"


def printable(text: str) -> str:
    """What a customer wrote, without what would steer a terminal."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
