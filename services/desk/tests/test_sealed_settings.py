"""Settings with secrets: sealed before anybody else sees them, and never shown again."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from postroom_contracts.config import Account, SettingChanged
from postroom_desk.sealed_fields import HIDDEN, hidden, sealed
from postroom_plumbing.ids import new_id
from postroom_plumbing.problems import Problem
from postroom_plumbing.sealing import PREFIX, Sealer
from postroom_plumbing.settings import ServiceSettings

from .running import Desk

BASE = "/api/v1/settings"
JSON = {"Content-Type": "application/json"}
_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
PUBLIC = base64.b64encode(_KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SECRET = "geheim 密码 رمز"


class TestOnTheRealDesk:
    pytestmark = pytest.mark.connected

    async def mailbox(self, desk: Desk) -> str:
        mailbox = f"m-{new_id()}"
        body = {"name": "M", "address": f"{mailbox}@x.example"}
        assert (await desk.admin.put(f"{BASE}/mailbox/{mailbox}", json=body)).status_code == 200
        return mailbox

    def account(self, mailbox: str, **other: Any) -> dict[str, Any]:
        return {"name": "A", "mailbox": mailbox, "host": "imap.x", "user": "u", "password": SECRET} | other

    async def stored(self, desk: Desk, key: str) -> dict[str, Any]:
        document = await desk.database["setting_records"].find_one({"_id": key})
        assert document is not None
        value: dict[str, Any] = document["value"]
        return value

    async def test_a_secret_is_sealed_everywhere_and_shown_nowhere(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        mailbox, account = await self.mailbox(desk), f"a-{new_id()}"
        url = f"{BASE}/account/{account}"
        made = await desk.admin.put(url, json=self.account(mailbox))
        assert made.status_code == 200, made.text
        assert made.json()["password"] == HIDDEN
        listed = (await desk.admin.get(f"{BASE}/account")).json()
        assert [one["password"] for one in listed if one["id"] == account] == [HIDDEN]
        assert (await desk.admin.get(url)).json() == made.json()
        kept = await self.stored(desk, f"account/{account}")
        sealer = Sealer(desk.service.settings, "setting")
        assert kept["password"].startswith(PREFIX)
        assert sealer.open_text(kept["password"]) == SECRET
        (told,) = await desk.stated(f"account/{account}")
        assert isinstance(told, SettingChanged)
        assert told.value == kept
        assert Account.model_validate(told.value).refresh_token is None
        everything = json.dumps([str(one) async for one in desk.database["outbox"].find()]) + caplog.text
        assert SECRET not in everything

    async def test_stars_sent_back_keep_the_secret(self, desk: Desk) -> None:
        mailbox, account = await self.mailbox(desk), f"a-{new_id()}"
        url = f"{BASE}/account/{account}"
        shown = (await desk.admin.put(url, json=self.account(mailbox))).json()
        before = (await self.stored(desk, f"account/{account}"))["password"]
        changed = await desk.admin.put(url, json=shown | {"folder": "Other"})
        assert (changed.status_code, changed.json()["folder"]) == (200, "Other")
        assert (await self.stored(desk, f"account/{account}"))["password"] == before
        await desk.admin.put(url, json=shown | {"password": before})
        after = (await self.stored(desk, f"account/{account}"))["password"]
        assert after != before, "what somebody sends is sealed, whatever it looks like"

    async def test_a_kept_secret_is_not_sent_elsewhere(self, desk: Desk) -> None:
        mailbox, account = await self.mailbox(desk), f"a-{new_id()}"
        url = f"{BASE}/account/{account}"
        shown = (await desk.admin.put(url, json=self.account(mailbox))).json()
        before = await self.stored(desk, f"account/{account}")
        refused = await desk.admin.put(url, json=shown | {"host": "imap.thief.example"})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:postroom:problem:invalid")
        (error,) = refused.json()["errors"]
        assert (error["field"], "another host" in error["reason"]) == ("password", True)
        assert await self.stored(desk, f"account/{account}") == before
        anew = await desk.admin.put(url, json=shown | {"host": "imap2.x", "password": "the new one"})
        assert (anew.status_code, anew.json()["host"]) == (200, "imap2.x")

    async def test_mail_is_not_moved_to_where_it_is_fetched_from(self, desk: Desk) -> None:
        mailbox = await self.mailbox(desk)
        for folder, target, status in (("Inbox", "INBOX", 422), ("A", "A", 422), ("A", "a", 200)):
            body = self.account(mailbox, folder=folder, afterwards="move", move_to=target)
            answer = await desk.admin.put(f"{BASE}/account/{new_id()}", json=body)
            assert answer.status_code == status, answer.text

    @pytest.mark.parametrize("removed", [False, True])
    async def test_stars_where_there_is_no_secret_are_refused(self, desk: Desk, removed: bool) -> None:
        mailbox, door = await self.mailbox(desk), f"d-{new_id()}"
        url = f"{BASE}/door/{door}"
        body = {"name": "D", "kind": "contacts", "mailbox": mailbox}
        if removed:
            await desk.admin.put(url, json=body | {"secret": SECRET})
            await desk.admin.delete(url)
        refused = await desk.admin.put(url, json=body | {"secret": HIDDEN})
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, ["secret"])
        token = await desk.admin.put(f"{BASE}/account/x", json=self.account(mailbox, client_secret=HIDDEN))
        assert [one["field"] for one in token.json()["errors"]] == ["client_secret"]

    async def test_their_mailbox_must_be_there_and_stays_while_they_use_it(self, desk: Desk) -> None:
        mailbox = await self.mailbox(desk)
        door = {"name": "D", "kind": "mail", "secret": SECRET}
        for kind, body in (("account", self.account("nowhere")), ("door", door | {"mailbox": "nowhere"})):
            refused = await desk.admin.put(f"{BASE}/{kind}/x-{mailbox}", json=body)
            assert [one["field"] for one in refused.json()["errors"]] == ["mailbox"]
            used = await desk.admin.put(f"{BASE}/{kind}/x-{mailbox}", json=body | {"mailbox": mailbox})
            assert used.status_code == 200, used.text
            kept = await desk.admin.delete(f"{BASE}/mailbox/{mailbox}")
            assert (kept.status_code, f"{kind}/x-{mailbox}" in kept.json()["detail"]) == (409, True)
            assert (await desk.admin.delete(f"{BASE}/{kind}/x-{mailbox}")).status_code == 204
        assert (await desk.admin.delete(f"{BASE}/mailbox/{mailbox}")).status_code == 204

    @pytest.mark.parametrize(
        ("kind", "body", "field", "words"),
        [
            ("redaction", {"name": "R", "pattern": "("}, "pattern", "missing )"),
            ("redaction", {"name": "R", "pattern": r"(a)\1"}, "pattern", "RE2"),
            ("redaction", {"name": "R", "pattern": "a", "shown_as": "x" * 51}, "shown_as", "50"),
            ("account", {"name": "A", "mailbox": "m", "host": "h", "user": "u"}, "account", "needs the field password"),
            ("account", {"name": "A", "password": "x" * 20_000}, "password", "20000"),
            ("account", {"name": "A", "password": "\ud800"}, "mailbox", "required"),
            ("account", {"name": "A", "password": 7}, "password", "string"),
            ("door", {"name": "D", "kind": "mail", "mailbox": "m", "secret": ""}, "secret", "1 character"),
            ("door", {"name": "D", "kind": "fax", "mailbox": "m", "secret": "x"}, "kind", "mailgun"),
        ],
    )
    async def test_what_is_wrong_is_said_in_words(
        self, desk: Desk, kind: str, body: dict[str, Any], field: str, words: str
    ) -> None:
        content = json.dumps(body)  # a lone half of a character is JSON, though no text
        answer = await desk.admin.put(f"{BASE}/{kind}/wrong", content=content, headers=JSON)
        assert answer.status_code == 422
        reasons = {one["field"]: one["reason"] for one in answer.json()["errors"]}
        assert words in reasons[field]
        assert "Value error" not in answer.text
        assert "xxx" not in answer.text, "what was sent is not said again"

    async def test_half_a_character_is_no_secret(self, desk: Desk) -> None:
        body = json.dumps(self.account(await self.mailbox(desk), password="\ud800"))
        answer = await desk.admin.put(f"{BASE}/account/half", content=body, headers=JSON)
        assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["mailbox", "queue", "redaction"])
def test_kinds_without_secrets_are_left_alone(kind: Any) -> None:
    value = {"name": HIDDEN, "password": "x"}
    assert hidden(kind, value) == value
    assert sealed(kind, value, None, None) == value  # type: ignore[arg-type]


def test_nothing_to_hide_is_not_hidden() -> None:
    assert hidden("account", {"password": None, "client_secret": "sealed:x"}) == {
        "password": None,
        "client_secret": HIDDEN,
    }


def test_every_missing_secret_is_named() -> None:
    given = {"password": HIDDEN, "refresh_token": HIDDEN}
    with pytest.raises(Problem) as refused:
        sealed("account", given, {"password": None}, None)  # type: ignore[arg-type]
    assert [one["field"] for one in refused.value.errors or []] == ["password", "refresh_token"]


_SERVER = {"host": "h", "port": 993, "security": "tls", "user": "u"}
_PASSWORD = _SERVER | {"password": "sealed:1"}
_TOKEN = _SERVER | {"client_secret": "sealed:1", "refresh_token": "sealed:2", "token_url": "https://t"}


@pytest.mark.parametrize(
    ("kept", "changed", "asked"),
    [
        (_PASSWORD, {}, []),
        (_PASSWORD, {"token_url": "https://elsewhere"}, []),
        (_PASSWORD, {"host": "elsewhere"}, ["password"]),
        (_PASSWORD, {"port": 9}, ["password"]),
        (_PASSWORD, {"user": "another"}, ["password"]),
        (_PASSWORD, {"security": "none"}, ["password"]),
        (_PASSWORD | {"port": 143}, {"port": None}, ["password"]),
        (_PASSWORD | {"security": "starttls"}, {"security": None}, ["password"]),
        (_TOKEN, {}, []),
        (_TOKEN, {"token_url": "https://elsewhere"}, ["client_secret", "refresh_token"]),
        (_TOKEN, {"host": "elsewhere"}, ["refresh_token"]),
        (_TOKEN, {"security": "none"}, ["refresh_token"]),
    ],
)
def test_where_a_secret_goes_elsewhere_it_is_asked_for(
    kept: dict[str, Any], changed: dict[str, Any], asked: list[str]
) -> None:
    given = hidden("account", kept) | changed
    left_out = {name for name, value in changed.items() if value is None}
    given = {name: value for name, value in given.items() if name not in left_out}
    if not asked:
        assert sealed("account", given, kept, None) == kept | changed  # type: ignore[arg-type]
        return
    with pytest.raises(Problem) as refused:
        sealed("account", given, kept, None)  # type: ignore[arg-type]
    assert [one["field"] for one in refused.value.errors or []] == asked


def test_a_port_left_out_is_the_default_one() -> None:
    given = {name: value for name, value in hidden("account", _PASSWORD).items() if name != "port"}
    assert sealed("account", given, _PASSWORD, None)["password"] == "sealed:1"  # type: ignore[arg-type]


@pytest.mark.parametrize(("secret", "fits"), [("not-a-key", False), ("MTIz", False), (PUBLIC, True), (HIDDEN, True)])
def test_a_public_key_must_be_one(secret: str, fits: bool) -> None:
    door = {"kind": "sendgrid", "secret": secret}
    sealer = Sealer(ServiceSettings(http_port=1, secret=SecretStr("a secret of sixteen and more")), "setting")
    if fits:
        assert sealed("door", door, {"secret": "kept"}, sealer)["secret"]
    else:
        with pytest.raises(Problem, match="secret"):
            sealed("door", door, None, sealer)
