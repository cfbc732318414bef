"""The `postroom` command: one module per subcommand, listed here."""

import io
import sys

import typer

from postroom_local.admin_token import token
from postroom_local.deadletters import dlq
from postroom_local.errors import one_line_errors
from postroom_local.importer import import_mail
from postroom_local.ledger import ledger
from postroom_local.reparse import reparse
from postroom_local.set_aside import set_aside
from postroom_local.status import status
from postroom_local.up import up

app = typer.Typer(
    help="Postroom, the support desk, on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (up, status, token, ledger, reparse):
    app.command()(command)
app.command("import")(import_mail)
app.add_typer(dlq, name="dlq")
app.add_typer(set_aside, name="set-aside")


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr and exit code 1 (wrong usage: 2).

    What the terminal's encoding does not have is shown as a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with one_line_errors():
        app()
