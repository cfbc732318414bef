"""What the catcher takes from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen (both ports on `host`) and where to keep the mail."""

    host: str
    http_port: int
    smtp_port: int
    database: Path

    @classmethod
    def load(cls, env: Mapping[str, str]) -> "Settings":
        """Read the POSTROOM_* variables.

        Raises ValueError with one sentence that starts with the variable's name.
        """
        host = env.get("POSTROOM_HTTP_HOST", "127.0.0.1").strip()
        if not host or any(letter.isspace() for letter in host):
            raise ValueError(f"POSTROOM_HTTP_HOST: {host!r} is not a host name or address")
        http_port = _port(env, "POSTROOM_HTTP_PORT", 8025)
        smtp_port = _port(env, "POSTROOM_CATCHER_SMTP_PORT", 2526)
        if http_port == smtp_port:
            raise ValueError(f"POSTROOM_CATCHER_SMTP_PORT: {smtp_port} is also POSTROOM_HTTP_PORT")
        home = Path(env.get("POSTROOM_HOME") or ".postroom").expanduser()
        if home.exists() and not home.is_dir():
            raise ValueError(f"POSTROOM_HOME: {home} is not a folder")
        return cls(host, http_port, smtp_port, home / "catcher.sqlite3")


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default)).strip()
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:9]) <= 65535):
        raise ValueError(f"{name}: {value!r} is not a port number from 1 to 65535")
    return int(value)
