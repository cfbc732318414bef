"""`python -m postroom_local.catcher`: the only place where the catcher is wired together."""

import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from postroom_local.catcher.api import create_app
from postroom_local.catcher.settings import Settings
from postroom_local.catcher.smtp import GroupCommit, start_smtp
from postroom_local.catcher.store import Store


def main() -> None:
    """Run until SIGINT or SIGTERM; a wrong setting ends it with one line and exit code 2."""
    try:
        settings = Settings.load(os.environ)
        smtp = _listen("POSTROOM_CATCHER_SMTP_PORT", settings.host, settings.smtp_port)
        http = _listen("POSTROOM_HTTP_PORT", settings.host, settings.http_port)
        store = _open(settings)
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    signal.signal(signal.SIGTERM, _leave)  # uvicorn hands the signal on to this once it has shut down
    try:
        _serve(settings, store, smtp, http)
    except KeyboardInterrupt:
        sys.exit(0)


def _serve(settings: Settings, store: Store, smtp: socket.socket, http: socket.socket) -> None:
    commits = GroupCommit(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        server = await start_smtp(commits, smtp)
        page = f"http://{settings.host}:{settings.http_port}/"
        print(f"mail catcher: SMTP on {settings.host}:{settings.smtp_port}, page at {page}", flush=True)
        yield
        server.close()
        store.close()

    app = create_app(store, commits, lifespan)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[http])


def _listen(variable: str, host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ValueError(f"{variable}: cannot listen on {host}:{port} ({error.strerror or error})") from error


def _open(settings: Settings) -> Store:
    try:
        return Store(settings.database)
    except (OSError, sqlite3.Error) as error:
        raise ValueError(f"POSTROOM_HOME: cannot keep mail in {settings.database} ({error})") from error


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
