from pathlib import Path

import pytest

from postroom_local.environment import assign_ports, environment
from postroom_local.home import Home, Secrets
from postroom_local.processes import PROCESSES
from postroom_local.servers import Servers
from postroom_local.settings import StackSettings

SECRETS = Secrets(secret="s" * 32, internal_token="i" * 32, admin_password="p" * 12, admin_token="t" * 32)
SERVERS = Servers("k:1", "mongodb://m", "redis://r", ())
ADMIN = {"POSTROOM_ADMIN_EMAIL", "POSTROOM_ADMIN_PASSWORD", "POSTROOM_ADMIN_TOKEN"}


@pytest.fixture
def environs(tmp_path: Path) -> dict[str, dict[str, str]]:
    home = Home(tmp_path)
    home.make()
    settings = StackSettings(home=tmp_path, namespace="demo", desk_port=9080)
    ports = assign_ports(settings, home, PROCESSES)
    inherited = {"PATH": "/bin", "PYTHONDONTWRITEBYTECODE": "1", "POSTROOM_KAFKA_URL": ""}
    return {process.name: environment(process, inherited, settings, SECRETS, SERVERS, ports) for process in PROCESSES}


def test_everyone_learns_where_the_servers_are(environs: dict[str, dict[str, str]]) -> None:
    for environ in environs.values():
        assert environ["PATH"] == "/bin"
        assert "PYTHONDONTWRITEBYTECODE" not in environ
        assert environ["POSTROOM_KAFKA_URL"] == "k:1"
        assert environ["POSTROOM_NAMESPACE"] == "demo"
        assert environ["POSTROOM_DESK_URL"] == "http://localhost:9080"


def test_every_process_has_an_http_port_of_its_own(environs: dict[str, dict[str, str]]) -> None:
    ports = {name: environ["POSTROOM_HTTP_PORT"] for name, environ in environs.items()}

    assert len(set(ports.values())) == len(PROCESSES)
    assert (ports["desk-api"], ports["portal"], ports["catcher"]) == ("9080", "8081", "8025")


def test_only_desk_learns_the_admins_secrets(environs: dict[str, dict[str, str]]) -> None:
    assert {name for name, environ in environs.items() if ADMIN & environ.keys()} == {"desk-api", "desk-record"}


def test_desk_finds_ingest_and_analytics(environs: dict[str, dict[str, str]]) -> None:
    desk = environs["desk-api"]

    assert desk["POSTROOM_INGEST_URL"].endswith(environs["ingest-receive"]["POSTROOM_HTTP_PORT"])
    assert desk["POSTROOM_ANALYTICS_URL"].endswith(environs["analytics"]["POSTROOM_HTTP_PORT"])


def test_mail_goes_out_to_the_catcher(environs: dict[str, dict[str, str]]) -> None:
    assert environs["notifier"]["POSTROOM_SMARTHOST_URL"] == "smtp://127.0.0.1:2526"
    assert environs["catcher"]["POSTROOM_CATCHER_SMTP_PORT"] == "2526"
