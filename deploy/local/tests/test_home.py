import socket
from contextlib import closing
from pathlib import Path

import pytest

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.ports import choose_port, require_free


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


def test_a_port_is_remembered_and_nobody_else_gets_it(home: Home) -> None:
    first = home.port("mongodb")

    assert home.port("valkey") != first
    assert Home(home.path).port("mongodb") == first


def test_a_chosen_port_lies_below_those_of_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert all(choose_port(set()) < lowest for _ in range(20))


def test_a_port_in_use_is_named_with_the_advice() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is in use by another program: set POSTROOM_X"):
            require_free(port, "set POSTROOM_X")


def test_secrets_are_made_once_and_private(home: Home) -> None:
    assert home.stored_secrets() is None

    made = home.secrets({})

    assert home.secrets({"secret": None}) == made == home.stored_secrets()
    assert len({made.secret, made.internal_token, made.admin_password, made.admin_token}) == 4
    assert (home.path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_replaces_the_remembered_one(home: Home) -> None:
    made = home.secrets({})

    changed = home.secrets({"admin_password": "correct horse"})

    assert changed.admin_password == "correct horse"
    assert changed.secret == made.secret
    assert home.stored_secrets() == changed


def test_a_home_is_held_by_one(home: Home) -> None:
    with home.locked():
        assert home.is_locked()
        with pytest.raises(StackError, match="already running"), Home(home.path).locked():
            pass

    assert not home.is_locked()
    with home.locked():
        pass


def test_a_damaged_file_is_named(home: Home) -> None:
    (home.path / "ports.json").write_text("{")

    with pytest.raises(StackError, match=r"ports\.json is damaged"):
        home.port("kafka")
