"""Settings: what is taken, and what stops the start."""

import pytest

from postroom_notifier.settings import NotifierSettings, Smarthost, parse_smarthost
from postroom_plumbing.settings import load

GOOD = {
    "POSTROOM_HTTP_PORT": "8085",
    "POSTROOM_SECRET": "0123456789abcdef",
    "POSTROOM_INTERNAL_TOKEN": "an internal token",
    "POSTROOM_PORTAL_URL": "https://help.acme.example/",
    "POSTROOM_SMARTHOST_URL": "smtp://127.0.0.1:2525",
}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", Smarthost("mail.example", 25)),
        ("smtp://mail.example:2525?starttls=never", Smarthost("mail.example", 2525, starttls=False)),
        ("smtp://[::1]:2525/", Smarthost("::1", 2525)),
        ("smtps://mail.example", Smarthost("mail.example", 465, tls=True, starttls=False)),
        ("smtp://me:p%40ss@mail.example:587", Smarthost("mail.example", 587, False, True, "me", "p@ss")),
        ("smtp://me:pw@mail.example?starttls=auto", Smarthost("mail.example", 25, False, None, "me", "pw")),
    ],
)
def test_smarthosts(url: str, expected: Smarthost) -> None:
    assert parse_smarthost(url) == expected


def test_a_password_is_not_shown() -> None:
    assert "geheim" not in repr(parse_smarthost("smtp://me:geheim@mail.example"))


def test_good_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    _environment(monkeypatch)
    settings = load(NotifierSettings)
    assert settings.portal_url == "https://help.acme.example"
    assert settings.smarthost_url == Smarthost("127.0.0.1", 2525)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTROOM_SMARTHOST_URL", None),
        ("POSTROOM_SMARTHOST_URL", ""),
        ("POSTROOM_SMARTHOST_URL", "mail.example:25"),
        ("POSTROOM_SMARTHOST_URL", "http://mail.example"),
        ("POSTROOM_SMARTHOST_URL", "smtp://"),
        ("POSTROOM_SMARTHOST_URL", "smtp://geheim@mail.example"),
        ("POSTROOM_SMARTHOST_URL", "smtp://mail.example:geheim"),
        ("POSTROOM_SMARTHOST_URL", "smtp://mail.example:99999"),
        ("POSTROOM_SMARTHOST_URL", "smtp://mail.example/geheim"),
        ("POSTROOM_SMARTHOST_URL", "smtp://mail.example?starttls=geheim"),
        ("POSTROOM_SMARTHOST_URL", "smtp://mail.example?verify=geheim"),
        ("POSTROOM_PORTAL_URL", None),
        ("POSTROOM_PORTAL_URL", "help.acme.example"),
        ("POSTROOM_PORTAL_URL", "https://help.acme.example/?a=geheim"),
        ("POSTROOM_INTERNAL_TOKEN", "geheim"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named_but_not_shown(
    name: str, value: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(monkeypatch)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        load(NotifierSettings)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert said.startswith(f"{name}: ")
    assert said.count("\n") == 1
    assert "geheim" not in said


def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
