"""Which queue a ticket goes to."""

from typing import Any

import pytest

from postroom_contracts.config import Mailbox, Queue, Rule
from postroom_contracts.values import Customer
from postroom_router.placing import KEPT_MISSES, Map, in_order, place
from postroom_router.rules import Facts, match

GENERAL, BILLING, VIP = Queue(name="General"), Queue(name="Billing"), Queue(name="VIP")
SUPPORT = Mailbox(address="support@desk.test", name="Support", queue="billing")


@pytest.mark.parametrize(
    ("condition", "ticket", "text", "outcome"),
    [
        pytest.param({}, {}, "", (True, "it takes every ticket"), id="no-condition"),
        pytest.param({"mailbox": "support"}, {}, "", (True, "it came to mailbox support"), id="mailbox"),
        pytest.param({"mailbox": "sales"}, {}, "", (False, "mailbox"), id="other-mailbox"),
        pytest.param({"language": "fa"}, {"language": "fa"}, "", (True, "it is written in fa"), id="language"),
        pytest.param(
            {"language": "pt"}, {"language": "pt-BR"}, "", (True, "it is written in pt-BR"), id="language-variety"
        ),
        pytest.param({"language": "pt-BR"}, {"language": "pt"}, "", (False, "language"), id="language-narrower"),
        pytest.param({"language": "f"}, {"language": "fa"}, "", (False, "language"), id="language-prefix-is-none"),
        pytest.param({"language": "fa"}, {"language": None}, "", (False, "language"), id="language-unknown"),
        pytest.param(
            {"priority": "urgent"}, {"priority": "urgent"}, "", (True, "its priority is urgent"), id="priority"
        ),
        pytest.param({"priority": "urgent"}, {"priority": "high"}, "", (False, "priority"), id="other-priority"),
        pytest.param({"tag": "Refund"}, {"tags": ("x", "refund")}, "", (True, "it is tagged refund"), id="tag"),
        pytest.param({"tag": "refund"}, {"tags": ("refunds",)}, "", (False, "tag"), id="other-tag"),
        pytest.param(
            {"customer_domain": "@Example.com"}, {}, "", (True, "the customer writes from example.com"), id="domain"
        ),
        pytest.param(
            {"customer_domain": "example.com"},
            {"customer": Customer(id="c", address="ann@mail.example.com")},
            "",
            (False, "customer domain"),
            id="subdomain-is-another",
        ),
        pytest.param(
            {"words": ("refund",)}, {"subject": "My REFUND"}, "", (True, "it contains “refund”"), id="subject"
        ),
        pytest.param({"words": ("x9", "退款")}, {}, "我要退款了", (True, "it contains “退款”"), id="no-spaces"),
        pytest.param({"words": ("STRASSE",)}, {}, "Hauptstraße 1", (True, "it contains “STRASSE”"), id="case-folding"),
        pytest.param(
            {"words": ("Rückgabe",)}, {}, "die Ru\u0308ckgabe", (True, "it contains “Rückgabe”"), id="decomposed"
        ),
        pytest.param({"words": ("فاکتور",)}, {}, "فاكتور اشتباه", (True, "it contains “فاکتور”"), id="arabic-keyboard"),
        pytest.param({"words": ("refund",)}, {}, "re fund", (False, "words"), id="no-word"),
        pytest.param({"words": (" ",)}, {}, "a b", (False, "words"), id="blank-word-is-in-nothing"),
        pytest.param(
            {"mailbox": "support", "words": ("bill",)},
            {},
            "the bill",
            (True, "it came to mailbox support and it contains “bill”"),
            id="all-must-hold",
        ),
        pytest.param({"mailbox": "support", "words": ("bill",)}, {}, "none", (False, "words"), id="one-does-not-hold"),
    ],
)
def test_condition(
    make: Any, condition: dict[str, Any], ticket: dict[str, Any], text: str, outcome: tuple[bool, str]
) -> None:
    rule = Rule(name="R", queue="general", **condition)

    assert match(rule, Facts(make.ticket(**ticket), text)) == outcome


QUEUES = {"general": GENERAL, "billing": BILLING, "vip": VIP}
RULES = {
    "b": Rule(name="B", queue="vip", tag="vip", order=1),
    "a": Rule(name="A", queue="billing", tag="vip", order=1),
    "z": Rule(name="Z", queue="general", tag="vip", order=0, language="fa"),
}


@pytest.mark.parametrize(
    ("rules", "mailboxes", "queues", "ticket", "queue", "rule", "reason"),
    [
        pytest.param(RULES, {}, QUEUES, {"tags": ("vip",)}, "billing", "a", "tagged vip", id="same-order-by-id"),
        pytest.param(
            RULES, {}, QUEUES, {"tags": ("vip",), "language": "fa"}, "general", "z", "written in fa", id="lowest-order"
        ),
        pytest.param(
            {"r": Rule(name="R", queue="gone")}, {}, QUEUES, {}, "general", "default", "general", id="rule-to-nowhere"
        ),
        pytest.param(
            RULES, {"support": SUPPORT}, QUEUES, {}, "billing", "mailbox", "mailbox “Support”", id="mailbox-queue"
        ),
        pytest.param(
            {}, {"support": SUPPORT}, {"general": GENERAL}, {}, "general", "default", "general", id="mailbox-to-nowhere"
        ),
        pytest.param({}, {}, QUEUES, {}, "general", "default", "the general one", id="general-by-id"),
        pytest.param(
            {}, {}, {"q1": BILLING, "q2": GENERAL}, {}, "q2", "default", "the general one", id="general-by-name"
        ),
        pytest.param({}, {}, {"q2": VIP, "q1": BILLING}, {}, "q1", "default", "the first one", id="first-by-id"),
        pytest.param({}, {}, {}, {}, "general", "default", "no queue is configured", id="no-queue-at-all"),
        pytest.param(RULES, {}, QUEUES, {"queue": "vip"}, "vip", "opened-in", "opened in queue vip", id="opened-in"),
    ],
)
def test_place(
    make: Any,
    rules: dict[str, Rule],
    mailboxes: dict[str, Mailbox],
    queues: dict[str, Queue],
    ticket: dict[str, Any],
    queue: str,
    rule: str,
    reason: str,
) -> None:
    placement = place(Facts(make.ticket(**ticket), ""), Map(in_order(rules), mailboxes, queues))

    assert (placement.queue, placement.rule) == (queue, rule)
    assert reason in placement.reason


def test_misses_say_which_condition_failed(make: Any) -> None:
    rules = {
        "1": Rule(name="gone", queue="gone"),
        "2": Rule(name="urgent", queue="vip", mailbox="support", priority="urgent"),
        "3": Rule(name="rest", queue="billing"),
    }

    placement = place(Facts(make.ticket(), ""), Map(in_order(rules), {}, QUEUES))

    assert placement.queue == "billing"
    assert placement.misses == ("1: no queue gone", "2: priority")


def test_misses_are_capped(make: Any) -> None:
    rules = {f"{number:03}": Rule(name="x", queue="vip", tag="x") for number in range(KEPT_MISSES + 5)}

    assert len(place(Facts(make.ticket(), ""), Map(in_order(rules), {}, QUEUES)).misses) == KEPT_MISSES
