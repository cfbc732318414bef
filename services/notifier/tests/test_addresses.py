"""Which addresses can be written to, and which a machine must not answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_notifier.addresses import is_no_reply, is_system, usable


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anna@example.org", "anna@example.org"),
        (" anna@example.org ", "anna@example.org"),
        ("o'neil+tag=1@mail.example", "o'neil+tag=1@mail.example"),
        ("anna@localhost", "anna@localhost"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),  # not strasse.example, which is somebody else's
        ("anna@Example.ORG", "anna@example.org"),
        ("anna@پست.example", "anna@xn--pgbr8t.example"),
        ("anna@" + "b" * 64 + ".example", None),
        ("", None),
        ("anna", None),
        ("@example.org", None),
        ("anna@", None),
        ("anna@example..org", None),
        ("anna@-example.org", None),
        ("änna@example.org", None),
        ("an na@example.org", None),
        ("anna@example.org\r\nRCPT TO:<x@example.org>", None),
        ("anna@exam\nple.org", None),
        ("<anna@example.org>", None),
        ('"anna b"@example.org', None),
        ("a@" + "b" * 260 + ".example", None),
        ("+491701234567", None),
    ],
)
def test_usable(address: str, expected: str | None) -> None:
    assert usable(address) == expected


@given(st.text() | st.from_regex(r"[^@]{1,20}@[^@]{1,20}", fullmatch=True))
def test_what_is_usable_is_one_plain_word_for_smtp(address: str) -> None:
    found = usable(address)
    if found is not None:
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(" <>\r\n,;:")
        assert usable(found) == found


@pytest.mark.parametrize(
    "local",
    [
        "MAILER-DAEMON", "postmaster", "majordomo", "listserv", "owner-users", "users-request", "users-bounces",
        "bounce+anna=example.org", "bounces", "mailerdaemon",
    ],
)  # fmt: skip
def test_systems_are_known(local: str) -> None:
    assert is_system(f"{local}@example.org")


@pytest.mark.parametrize("local", ["anna", "request", "owner", "postmaster.general", "bouncer", "daemon.miller"])
def test_people_are_not_systems(local: str) -> None:
    assert not is_system(f"{local}@example.org")


@pytest.mark.parametrize(
    "local",
    ["noreply", "no-reply", "No_Reply", "no.reply", "donotreply", "do-not-reply", "shop-noreply", "noreply-orders",
     "noreply+12", "noreply2", "dontreply"],
)  # fmt: skip
def test_no_reply_is_known(local: str) -> None:
    assert is_no_reply(f"{local}@example.org")


@pytest.mark.parametrize("local", ["reply", "anna", "noreplying", "norey", "nora.replyson", "piano-reply"])
def test_who_may_be_answered(local: str) -> None:
    assert not is_no_reply(f"{local}@example.org")
