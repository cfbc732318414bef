"""What the mails say."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, get_args

import pytest

from postroom_contracts.delivery import MailKind
from postroom_contracts.values import Party
from postroom_notifier.domain import Opened, Wanted
from postroom_notifier.letters import NO_ADDRESS, NO_MAILBOX, Letters
from postroom_notifier.outgoing import Told
from postroom_plumbing.languages import Language, direction
from postroom_plumbing.testing import SECRET
from postroom_plumbing.tokens import OwnMessageId, read_own_message_id, read_survey_token

from .making import MAILBOX, NOW, after, body, parsed, reply

LETTERS = Letters(SECRET, "https://help.acme.example")
OPENED = Opened(
    number=123,
    subject="Printer broken",
    mailbox="main",
    language="en",
    reply_to=Party(address="anna@example.org", name="Anna"),
    customer="anna@example.org",
    message_id="c@customer.example",
    references=("a@customer.example", "b@customer.example"),
    by_machine=False,
)


def wanted(kind: MailKind = "acknowledgement", language: str = "en", **fields: Any) -> Wanted:
    return Wanted(kind, "t1", replace(OPENED, language=language), MAILBOX, **fields)


class Page(HTMLParser):
    """The parts of a page that tests look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.root = dict(attrs)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_an_acknowledgement() -> None:
    letter = LETTERS.automatic(wanted(due_at=after(240)), NOW)
    mail = letter.outgoing
    assert (mail.id, mail.envelope_from, mail.to, mail.state) == ("ack:t1", "", ("anna@example.org",), "queued")
    assert read_own_message_id(SECRET, mail.message_id) == OwnMessageId("ack", "t1", "t1")
    assert mail.message_id.endswith("@acme.example")
    found = parsed(mail.raw)
    assert found["From"] == "Acme Help <help@acme.example>"
    assert found["To"] == "Anna <anna@example.org>"
    assert found["Subject"] == mail.subject_line == "Re: Printer broken [#123]"
    assert found["Message-ID"] == f"<{mail.message_id}>"
    assert found["In-Reply-To"] == "<c@customer.example>"
    assert str(found["References"]).split() == [f"<{one}@customer.example>" for one in "abc"]
    assert "Monday, 23 November 2026, 14:00 (Europe/Berlin, UTC+1)" in body(mail.raw)
    assert "[#123]" in body(mail.raw)
    assert letter.told == ()


@pytest.mark.parametrize("due_at", [None, NOW, after(-5)], ids=["no clock", "due now", "late already"])
def test_no_time_is_said_where_none_can_be_kept(due_at: Any) -> None:
    raw = LETTERS.automatic(wanted(due_at=due_at), NOW).outgoing.raw
    for subtype in ("plain", "html"):
        assert "We will answer as soon as we can" in body(raw, subtype)
        assert "2026" not in body(raw, subtype)


PROMISES: dict[Language, tuple[str, str]] = {
    "en": ("Monday, 23 November 2026, 14:00", "You can expect an answer by"),
    "de": ("Montag, 23. November 2026, 14:00 Uhr", "Sie erhalten eine Antwort bis spätestens"),
    "fa": ("دوشنبه ۲۳ نوامبر ۲۰۲۶ میلادی، ساعت ۱۴:۰۰", "پاسخ ما حداکثر تا"),
    "zh": ("2026年11月23日（星期一）14:00", "预计最迟"),
}


@pytest.mark.parametrize("language", get_args(Language))
def test_an_acknowledgement_in_each_language(language: Language) -> None:
    raw = LETTERS.automatic(wanted(language=language, due_at=after(240)), NOW).outgoing.raw
    page = Page(body(raw, "html"))
    assert page.root == {"lang": language, "dir": direction(language)}
    for said in (body(raw), "\n".join(page.words)):
        for words in (*PROMISES[language], "Europe/Berlin, UTC+1", "[#123]", "Acme Help"):
            assert words in said
    assert "{" not in body(raw)


@pytest.mark.parametrize("language", get_args(Language))
def test_a_survey_in_each_language(language: Language) -> None:
    mail = LETTERS.automatic(wanted("survey", language), NOW).outgoing
    assert (mail.id, mail.envelope_from) == ("survey:t1", "")
    assert read_own_message_id(SECRET, mail.message_id) == OwnMessageId("survey", "t1", "t1")
    page = Page(body(mail.raw, "html"))
    assert page.root == {"lang": language, "dir": direction(language)}
    assert [link[-1] for link in page.links] == ["1", "2", "3", "4", "5"]
    for link in page.links:
        assert link in body(mail.raw).split()
        base, _, rating = link.partition("?rating=")
        assert rating in "12345"
        token = base.removeprefix("https://help.acme.example/csat/")
        assert read_survey_token(SECRET, token) == ("t1", "t1")


def test_other_languages_are_answered_in_english() -> None:
    raw = LETTERS.automatic(wanted(language="ar"), NOW).outgoing.raw
    assert Page(body(raw, "html")).root == {"lang": "en", "dir": "ltr"}


def test_the_same_is_written_to_the_same_bytes() -> None:
    one, other = (LETTERS.automatic(wanted(due_at=after(9)), NOW) for _ in range(2))
    assert one == other


def test_markup_in_names_stays_text() -> None:
    opened = replace(OPENED, subject="<b>&amp;\r\nBcc: x@y.example")
    mailbox = MAILBOX.model_copy(update={"name": "<script>alert(1)</script>"})
    raw = LETTERS.automatic(Wanted("survey", "t1", opened, mailbox), NOW).outgoing.raw
    html = body(raw, "html")
    assert "<script>" not in html
    assert "<b>" not in html
    assert parsed(raw)["Bcc"] is None


def test_a_reply_goes_out_as_it_was_asked_for() -> None:
    asked = reply(html="<p>Please turn it off and on.</p>", cc=(Party(address="boss@example.org", name="Boß"),))
    mail = LETTERS.reply(asked, MAILBOX, NOW).outgoing
    assert (mail.id, mail.message, mail.envelope_from) == ("reply:r1", "r1", "help@acme.example")
    assert mail.to == ("anna@example.org", "boss@example.org")
    assert mail.message_id == asked.message_id
    found = parsed(mail.raw)
    assert found["From"].addresses[0].display_name == "Ben via Acme Help"
    assert found["From"].addresses[0].addr_spec == "help@acme.example"
    assert found["Cc"].addresses[0].display_name == "Boß"
    assert found["Message-ID"] == f"<{asked.message_id}>"
    assert found["In-Reply-To"] == "<second@customer.example>"
    assert str(found["References"]).split() == ["<first@customer.example>", "<second@customer.example>"]
    assert body(mail.raw) == asked.text
    assert body(mail.raw, "html") == asked.html
    assert not {"Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"} & set(found.keys())


def test_a_reply_without_html_is_plain_text() -> None:
    assert parsed(LETTERS.reply(reply(), MAILBOX, NOW).outgoing.raw).get_content_type() == "text/plain"


def test_a_reply_that_cannot_be_sent_has_failed_and_says_why() -> None:
    letter = LETTERS.reply(reply(), None, NOW)
    assert letter.outgoing.state == "failed"
    assert letter.told == (Told("failed", ("anna@example.org",), NO_MAILBOX),)
    letter = LETTERS.reply(reply(to=(Party(address="nobody"),)), MAILBOX, NOW)
    assert letter.outgoing.state == "failed"
    assert letter.told == (Told("failed", ("nobody",), NO_ADDRESS),)


def test_a_reply_reaches_whom_it_can() -> None:
    asked = reply(to=(Party(address="nobody"), Party(address="anna@example.org")))
    letter = LETTERS.reply(asked, MAILBOX, NOW)
    assert (letter.outgoing.state, letter.outgoing.left) == ("queued", ("anna@example.org",))
    assert letter.told == (Told("failed", ("nobody",), NO_ADDRESS),)
