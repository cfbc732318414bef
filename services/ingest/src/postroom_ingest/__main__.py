"""`python -m postroom_ingest receive|read`, and `smtp-user NAME`, which prints a line for the file of SMTP users."""

import getpass
import sys

from postroom_ingest.app import build_read, build_receive
from postroom_ingest.receive.smtp.auth import user_line
from postroom_ingest.receive.smtp.workers import ROLE as WORKER
from postroom_ingest.receive.smtp.workers import run_worker
from postroom_ingest.settings import IngestSettings, ReceiveSettings
from postroom_plumbing.service import run
from postroom_plumbing.settings import load


def main() -> None:
    """Run the role named on the command line."""
    match sys.argv[1:]:
        case ["receive" as role]:
            run("ingest", load(ReceiveSettings), build_receive, role=role)
        case ["read" as role]:
            run("ingest", load(IngestSettings), build_read, role=role)
        case [role, *sockets] if role == WORKER:
            run_worker(load(ReceiveSettings), sockets)
        case ["smtp-user", name]:
            _print_user(name)
        case _:
            raise SystemExit("usage: python -m postroom_ingest receive|read|smtp-user NAME")


def _print_user(name: str) -> None:
    """The password is asked for, or the first line of standard input."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    try:
        sys.stdout.write(user_line(name, password) + "\n")
    except ValueError as error:
        raise SystemExit(f"smtp-user: {error}") from None


if __name__ == "__main__":
    main()
