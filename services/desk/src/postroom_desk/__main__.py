"""`python -m postroom_desk api|record`."""

import sys

from postroom_desk.app import build_api, build_record
from postroom_desk.settings import ApiSettings, DeskSettings
from postroom_plumbing.service import run
from postroom_plumbing.settings import load


def main() -> None:
    """Run the role named on the command line."""
    role = sys.argv[1] if len(sys.argv) == 2 else ""
    if role == "api":
        run("desk", load(ApiSettings), build_api, role=role)
    elif role == "record":
        run("desk", load(DeskSettings), build_record, role=role)
    else:
        raise SystemExit("usage: python -m postroom_desk api|record")


if __name__ == "__main__":
    main()
