"""`python -m postroom_ingest receive|read`."""

import sys

from postroom_ingest.app import build_read, build_receive
from postroom_ingest.settings import IngestSettings, ReceiveSettings
from postroom_plumbing.service import run
from postroom_plumbing.settings import load


def main() -> None:
    """Run the role named on the command line."""
    role = sys.argv[1] if len(sys.argv) == 2 else ""
    if role == "receive":
        run("ingest", load(ReceiveSettings), build_receive, role=role)
    elif role == "read":
        run("ingest", load(IngestSettings), build_read, role=role)
    else:
        raise SystemExit("usage: python -m postroom_ingest receive|read")


if __name__ == "__main__":
    main()
