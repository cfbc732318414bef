"""Commands taken apart, and what one peer may take."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.receive.mailboxes import address_forms
from postroom_ingest.receive.smtp.commands import (
    BadCommandError,
    check_parameters,
    read_path,
    split_command,
)
from postroom_ingest.receive.smtp.limits import Allowance, Peers

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("line", "verb", "argument"),
    [
        (b"NOOP\r\n", "NOOP", ""),
        (b"mail  FROM:<a@x>  \r\n", "MAIL", "FROM:<a@x>"),
        (b"EHLO \xff\r\n", "EHLO", "�"),
        (b"\r\n", "", ""),
    ],
)
def test_a_command_is_a_verb_and_an_argument(line: bytes, verb: str, argument: str) -> None:
    assert split_command(line) == (verb, argument)


@pytest.mark.parametrize("line", [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\0\r\n", b"NOOP \x1b[2J\r\n"])
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(BadCommandError, match="500"):
        split_command(line)


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<>", "", {}),
        ("FROM:<a@x> SIZE=12 BODY=8BITMIME SMTPUTF8", "a@x", {"SIZE": "12", "BODY": "8BITMIME", "SMTPUTF8": ""}),
        ("from: <a@x>", "a@x", {}),
        ("FROM:a@x size=1", "a@x", {"SIZE": "1"}),
        ("FROM:<@relay.example,@b.example:a@x>", "a@x", {}),
        ('FROM:<"a b\\"c>"@x>', '"a b\\"c>"@x', {}),
        ("FROM:<δοκιμή@παράδειγμα>", "δοκιμή@παράδειγμα", {}),
        ("FROM:<MAILER-DAEMON>", "MAILER-DAEMON", {}),
    ],
)
def test_paths(argument: str, address: str, parameters: dict[str, str]) -> None:
    path = read_path(argument, "FROM")
    assert (path.address, path.parameters) == (address, parameters)


@pytest.mark.parametrize(
    "argument", ["", "TO:<a@x>", "FROM", "FROM:<a@x", "FROM:<a@x>SIZE=1", "FROM:<a b@x>", "FROM:<<a>"]
)
def test_paths_that_are_none(argument: str) -> None:
    with pytest.raises(BadCommandError, match=r"501 5\.(1\.7|5\.4)"):
        read_path(argument, "FROM")


@given(st.text(max_size=80))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    try:
        path = read_path(f"TO:{text}", "TO")
    except BadCommandError:
        return
    assert path.address in text


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"SIZE": "x"}, "501 5.5.4"),
        ({"SIZE": "-1"}, "501 5.5.4"),
        ({"SIZE": "9" * 5000}, "501 5.5.4"),
        ({"SIZE": "101"}, "552 5.3.4"),
        ({"BODY": "BINARYMIME"}, "501 5.5.4"),
        ({"RET": "FULL"}, "555 5.5.4"),
    ],
)
def test_parameters_that_cannot_be_met(parameters: dict[str, str], code: str) -> None:
    with pytest.raises(BadCommandError, match=code):
        check_parameters(parameters, 100)


def test_parameters_that_can() -> None:
    check_parameters({"SIZE": "100", "BODY": "8bitmime", "SMTPUTF8": "", "AUTH": "<>"}, 100)


@pytest.mark.parametrize(
    ("address", "forms"),
    [
        ("Support@Example.com", ("support@example.com",)),
        ("support+a+b@x", ("support+a+b@x", "support@x")),
        ("+support@x", ("+support@x",)),
        ('"support"@x', ("support@x",)),
        ('"support+a"@x', ("support+a@x", "support@x")),
        ("support", ("support",)),
    ],
)
def test_a_plus_and_quotation_marks_do_not_make_another_mailbox(address: str, forms: tuple[str, ...]) -> None:
    assert address_forms(address) == forms


@given(st.integers(1, 50), st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_two_minutes_worth_in_any_minute(a_minute: int, pauses: list[float]) -> None:
    """What was saved up, and what comes in meanwhile."""
    allowance, now, taken = Allowance(a_minute, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        if allowance.take(now):
            taken.append(now)
    for start in taken:
        assert sum(start <= one < start + 60 for one in taken) <= 2 * a_minute + 1


def test_an_allowance_comes_back() -> None:
    allowance = Allowance(2, 0.0)
    assert [allowance.take(0.0) for _ in range(3)] == [True, True, False]
    assert not allowance.take(29.0)
    assert allowance.take(31.0)
    assert not allowance.full(31.0)
    assert allowance.full(200.0)


def test_connections_of_one_peer() -> None:
    peers = Peers(2, 10, LOOPBACK)
    assert [peers.enter("192.0.2.1", 0.0) for _ in range(3)] == [True, True, False]
    assert peers.enter("192.0.2.2", 0.0)
    peers.leave("192.0.2.1")
    assert peers.enter("192.0.2.1", 0.0)
    assert all(peers.enter("127.0.0.1", 0.0) for _ in range(10))
    assert all(peers.enter("::ffff:127.0.0.1", 0.0) for _ in range(10))


def test_one_ipv6_network_is_one_peer() -> None:
    peers = Peers(1, 1, ())
    assert peers.enter("2001:db8::1", 0.0)
    assert not peers.enter("2001:db8::2%eth0", 0.0)
    assert peers.enter("2001:db8:0:1::1", 0.0)


def test_mails_and_passwords_are_counted_by_peer() -> None:
    peers = Peers(1, 1, LOOPBACK)
    assert peers.may_send("192.0.2.1", 0.0)
    assert not peers.may_send("192.0.2.1", 1.0)
    assert peers.may_send("192.0.2.2", 1.0)
    assert peers.trusts("::1")
    assert not peers.trusts("192.0.2.1")
    for _ in range(10):
        assert peers.may_try("127.0.0.1", 0.0)
        peers.was_wrong("127.0.0.1", 0.0)
    assert not peers.may_try("127.0.0.1", 0.0), "guessing counts from everywhere"
    assert peers.may_try("127.0.0.1", 7.0)


def test_peers_that_left_long_ago_are_forgotten_and_others_are_not() -> None:
    peers = Peers(1, 1, (), sweep=100)
    assert peers.enter("192.0.2.1", 0.0)
    for n in range(1000):
        assert peers.may_send(f"198.51.{n // 250}.{n % 250}", n * 10.0)
    assert peers.known() < 110
    assert not peers.enter("192.0.2.1", 10_000.0)
