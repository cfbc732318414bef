"""The folder that holds one stack: data, logs, ports, secrets, and the lock that keeps a second start out."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from postroom_local.errors import StackError
from postroom_local.ports import choose_port

_LOCK_PATIENCE_S = 0.5  # `postroom status` holds the lock for an instant when it looks


class Secrets(BaseModel):
    """Made at the first start of a home and kept in it, readable by its owner only."""

    secret: str
    internal_token: str
    admin_password: str
    admin_token: str


class Home:
    """A stack's folder; its ports and secrets are remembered from one start to the next."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"

    def make(self) -> None:
        """Make the folder where it is not there yet."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise StackError(f"POSTROOM_HOME: {self.path} cannot be used: {error.strerror}") from None

    def folder(self, name: str) -> Path:
        """The folder of `name` in this home, made if need be."""
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def port(self, name: str) -> int:
        """The port of `name`: chosen free the first time, the same ever after."""
        file = self.path / "ports.json"
        ports: dict[str, int] = _read_json(file)
        if name not in ports:
            ports[name] = choose_port(set(ports.values()))
            write_private(file, json.dumps(ports, indent=1))
        return ports[name]

    def port_advice(self, name: str) -> str:
        """What to do when the remembered port of `name` is taken."""
        return f"free it, for {self.path / 'ports.json'} keeps it for {name}"

    def secrets(self, given: Mapping[str, str | None]) -> Secrets:
        """The remembered secrets; `given` ones replace them, missing ones are made at random."""
        file = self.path / "secrets.json"
        stored = _read_json(file)
        wanted = {
            "secret": secrets.token_urlsafe(32),
            "internal_token": secrets.token_urlsafe(32),
            "admin_password": secrets.token_urlsafe(12),
            "admin_token": secrets.token_urlsafe(32),
        }
        wanted |= stored | {name: value for name, value in given.items() if value}
        if wanted != stored:
            write_private(file, json.dumps(wanted, indent=1))
        return Secrets.model_validate(wanted)

    def stored_secrets(self) -> Secrets | None:
        """The secrets of an earlier start, or None before the first."""
        try:
            return Secrets.model_validate(_read_json(self.path / "secrets.json"))
        except ValidationError:
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this home; raises StackError when another start holds it.

        The lock is the kernel's, so it goes with its process however that ends.
        """
        with (self.path / "lock").open("a+") as file:
            deadline = time.monotonic() + _LOCK_PATIENCE_S
            while not _try_lock(file.fileno()):
                if time.monotonic() >= deadline:
                    raise StackError(f"Postroom is already running in {self.path} (postroom status shows it)")
                time.sleep(0.05)
            yield

    def is_locked(self) -> bool:
        """Whether a start is holding this home."""
        try:
            with (self.path / "lock").open("r") as file:
                return not _try_lock(file.fileno())
        except FileNotFoundError:
            return False


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise StackError(f"{file} is damaged: it is not JSON") from None
    if not isinstance(content, dict):
        raise StackError(f"{file} is damaged: it is not an object")
    return content


def write_private(file: Path, text: str) -> None:
    """Replace `file` in one step, readable by its owner only."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    new.replace(file)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
