import pytest

from postroom_local.errors import StackError
from postroom_local.settings import ServerSettings, StackSettings, read_settings


def test_without_any_variable_the_defaults_hold() -> None:
    settings = read_settings(StackSettings, {"PATH": "/bin", "POSTROOM_KAFKA_URL": "", "POSTROOM_UNKNOWN": "x"})

    assert (settings.smtp_port, settings.desk_port, settings.portal_port) == (2525, 8080, 8081)
    assert (settings.catcher_smtp_port, settings.catcher_http_port) == (2526, 8025)
    assert settings.kafka_url is None
    assert str(settings.home) == ".postroom"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTROOM_SMTP_PORT", "abc"),
        ("POSTROOM_DESK_PORT", "0"),
        ("POSTROOM_CATCHER_HTTP_PORT", "65536"),
        ("POSTROOM_KAFKA", "redpanda"),
        ("POSTROOM_KAFKA_URL", "localhost"),
        ("POSTROOM_MONGO_URL", "http://localhost"),
        ("POSTROOM_REDIS_URL", "localhost:6379"),
        ("POSTROOM_SMARTHOST_URL", "mail.example.com"),
        ("POSTROOM_NAMESPACE", "Not Allowed"),
        ("POSTROOM_ADMIN_EMAIL", "admin"),
        ("POSTROOM_SECRET", "short"),
    ],
)
def test_a_wrong_value_names_its_variable_in_one_line(name: str, value: str) -> None:
    with pytest.raises(StackError) as error:
        read_settings(StackSettings, {name: value})

    assert str(error.value).startswith(f"{name}: ")
    assert "\n" not in str(error.value)
    assert value not in str(error.value) or not name.endswith(("SECRET", "PASSWORD", "TOKEN"))


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(StackError) as error:
        read_settings(StackSettings, {"POSTROOM_ADMIN_PASSWORD": "hunter2"})

    assert "hunter2" not in str(error.value)


def test_two_listeners_cannot_share_a_port() -> None:
    with pytest.raises(StackError, match="POSTROOM_PORTAL_PORT and POSTROOM_DESK_PORT are both 9000"):
        read_settings(StackSettings, {"POSTROOM_DESK_PORT": "9000", "POSTROOM_PORTAL_PORT": "9000"})


def test_the_servers_settings_ignore_the_rest() -> None:
    settings = read_settings(ServerSettings, {"POSTROOM_SMTP_PORT": "abc", "POSTROOM_KAFKA_URL": "kafka://a:1,b:2"})

    assert settings.kafka_url == "a:1,b:2"
