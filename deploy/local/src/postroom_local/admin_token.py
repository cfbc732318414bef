"""`postroom token`: the first admin's API token."""

import os

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.settings import StackSettings, read_settings


def token() -> None:
    """Print the admin's API token."""
    home = Home(read_settings(StackSettings, os.environ).home)
    secrets = home.stored_secrets()
    if secrets is None:
        raise StackError(f"there is no token yet in {home.path}: make up makes it at its first start")
    print(secrets.admin_token)
