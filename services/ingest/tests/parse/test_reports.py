"""What machines report about our mail: every way the main MTAs say it, and people who write about it."""

import json
import time
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom_ingest.parse.reports import Report, report_of
from postroom_ingest.parse.reports.model import MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS
from postroom_ingest.parse.reports.reasons import enhanced_status, reason_of, smtp_code

DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.net>"
POSTMASTER = '"Postmaster" <postmaster@example.net>'
PERSON = "Bob Miller <bob@example.com>"
ORIGINAL = (
    "Message-ID: <our-1@desk.example.org>\r\nFrom: help@desk.example.org\r\nTo: bob@example.com\r\n"
    "Subject: Your ticket\r\n\r\nHello\r\n"
)


def notice(body: str, subject: str = "failure notice", sender: str = DAEMON, path: str = "<>", more: str = "") -> bytes:
    head = f"Return-Path: {path}\r\nFrom: {sender}\r\nTo: help@desk.example.org\r\nSubject: {subject}\r\n{more}"
    text = f"{head}Message-ID: <n1@mx.example.net>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def report(
    status: str, text: str = "Something happened.", kind: str = "delivery-status", sender: str = DAEMON
) -> bytes:
    parts = (
        ("text/plain", text),
        (f"message/{kind}", status),
        ("message/rfc822", ORIGINAL),
    )
    body = "".join(f"--b\r\nContent-Type: {name}\r\n\r\n{content}\r\n" for name, content in parts)
    head = f"From: {sender}\r\nTo: help@desk.example.org\r\nSubject: Report\r\nReturn-Path: <>\r\n"
    return f"{head}Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n{body}--b--\r\n".encode()


def read(raw: bytes) -> Report:
    found = report_of(raw)
    assert found is not None
    return found


def test_a_delivery_status_tells_of_each_recipient() -> None:
    found = read(
        report(
            "Reporting-MTA: dns; mx.example.net\n\n"
            "Original-Recipient: rfc822;bob@example.com\nFinal-Recipient: rfc822; bobby@inner.example.com\n"
            "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.com\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such\n  user here\n\n"
            "Final-Recipient: rfc822; eve@example.com\nAction: delayed\nStatus: 4.2.2\n"
            "Diagnostic-Code: smtp; 452 4.2.2 mailbox full\n"
        )
    )
    bob, eve = found.recipients
    assert (bob.address, bob.action, bob.status, bob.permanent) == ("bob@example.com", "failed", "5.1.1", True)
    assert (bob.reason, bob.mta, bob.diagnostic) == ("unknown-user", "mx.example.com", "550 5.1.1 no such user here")
    assert (eve.address, eve.permanent, eve.reason, eve.mta) == (
        "eve@example.com",
        False,
        "mailbox-full",
        "mx.example.net",
    )
    assert (found.kind, found.original_message_id, found.original_subject) == (
        "bounce",
        "our-1@desk.example.org",
        "Your ticket",
    )


@pytest.mark.parametrize(
    ("action", "status", "kind", "permanent"),
    [
        ("failed", "5.2.1", "bounce", True),
        ("failed (bad address)", "5.0.0", "bounce", True),
        ("failed", "4.4.7", "bounce", False),
        ("delayed", "4.4.1", "delay", False),
        ("delivered", "2.1.5", "delivered", False),
        ("relayed", "2.1.9", "relayed", False),
        ("expanded", "2.0.0", "relayed", False),
    ],
)
def test_the_action_and_the_class_of_the_status_decide(action: str, status: str, kind: str, permanent: bool) -> None:
    found = read(report(f"Final-Recipient: rfc822; bob@example.com\nAction: {action}\nStatus: {status}\n"))
    assert (found.kind, found.recipients[0].permanent) == (kind, permanent)


def test_fields_may_stand_with_blank_lines_between_or_none_between_recipients() -> None:
    torn = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; bob@example.com\n\nAction: failed\n\nStatus: 5.1.1\n"
    assert [one.status for one in read(report(torn)).recipients] == ["5.1.1"]
    close = "".join(f"Final-Recipient: rfc822; {n}@example.com\nAction: failed\nStatus: 5.1.1\n" for n in "abc")
    assert [one.address[0] for one in read(report(close)).recipients] == ["a", "b", "c"]


def test_what_the_refusing_host_said_is_worth_more_than_what_the_sending_one_made_of_it() -> None:
    found = read(
        report(
            "Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.7.1 address blacklisted\n"
        )
    )
    assert (found.recipients[0].status, found.recipients[0].reason) == ("5.7.1", "policy")


def test_words_complete_fields_without_a_diagnostic() -> None:
    found = read(
        report(
            "Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.0.0\n",
            "An error has occurred.\n\nbob@example.com: 552 5.2.2 mailbox is full\n",
        )
    )
    assert (found.recipients[0].status, found.recipients[0].reason) == ("5.2.2", "mailbox-full")


def test_a_challenge_to_the_sender_is_no_bounce() -> None:
    status = (
        "Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 4.7.0\n"
        "Diagnostic-Code: x-guard; Sender not pre-approved\n"
    )
    assert report_of(report(status)) is None


def test_a_complaint_names_who_complained_and_of_what() -> None:
    fields = "Feedback-Type: fraud\nVersion: 1\nOriginal-Rcpt-To: <bob@example.com>\n"
    found = read(report(fields, kind="feedback-report", sender="fbl@provider.example"))
    assert (found.kind, found.feedback_type, found.original_message_id) == (
        "complaint",
        "fraud",
        "our-1@desk.example.org",
    )
    assert [one.address for one in found.recipients] == ["bob@example.com"]
    hidden = read(report("Feedback-Type: abuse\n", kind="feedback-report", sender="fbl@provider.example"))
    assert [one.address for one in hidden.recipients] == ["bob@example.com"]  # from the mail it returns


def test_a_read_receipt_is_no_failure() -> None:
    fields = (
        "Final-Recipient: rfc822;bob@example.com\nOriginal-Message-ID: <our-9@desk.example.org>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    found = read(report(fields, kind="disposition-notification", sender=PERSON))
    assert (found.kind, found.original_message_id) == ("read-receipt", "our-9@desk.example.org")
    assert [one.address for one in found.recipients] == ["bob@example.com"]


def test_amazon_tells_in_json() -> None:
    event = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [
                {"emailAddress": "bob@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
            ],
        },
        "mail": {"messageId": "0101-ses", "commonHeaders": {"subject": "Your ticket"}},
    }
    sender = "SES <no-reply@sns.amazonaws.com>"
    found = read(
        notice(json.dumps({"Message": json.dumps(event)}), "AWS Notification Message", sender, "<x@y.example>")
    )
    assert (found.kind, found.original_message_id, found.original_subject) == ("bounce", "0101-ses", "Your ticket")
    assert [(one.address, one.permanent, one.reason) for one in found.recipients] == [
        ("bob@example.com", True, "unknown-user")
    ]


class Said(NamedTuple):
    """What an MTA writes, and what is to be read in it."""

    name: str
    sender: str
    subject: str
    body: str
    kind: str
    who: list[str]
    permanent: bool
    reason: str | None


NOTICES = [
    Said(
        "qmail", DAEMON, "failure notice",
        ("Hi. This is the qmail-send program at mx.\n\n<bob@example.com>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n") + ORIGINAL,
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "exim", DAEMON, "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its\n"
        "recipients. The following address(es) failed:\n\n  bob@example.com\n"
        "    SMTP error from remote mail server after RCPT TO:<bob@example.com>:\n    452 4.2.2 full\n",
        "bounce", ["bob@example.com"], False, "mailbox-full",
    ),
    Said(
        "exim delay", DAEMON, "Warning: message 1abc delayed 24 hours",
        "A message that you sent has not yet been delivered to one or more of its\n"
        "recipients after more than 24 hours.\n\n  bob@example.com\n"
        "    Delay reason: connection timed out\n",
        "delay", ["bob@example.com"], False, "network",
    ),
    Said(
        "postfix", DAEMON, "Undelivered Mail Returned to Sender",
        "I'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients.\n\n"
        "For further assistance, please contact <postmaster@mx.example.net>\n\n"
        "<bob@example.com>: host mx.example.com said: 550 spam\n",
        "bounce", ["bob@example.com"], True, "spam",
    ),
    Said(
        "sendmail", DAEMON, "Returned mail: User unknown",
        "   ----- The following addresses had permanent fatal errors -----\n<bob@example.com>\n"
        "    (reason: 550 5.1.1 User unknown)\n<eve@example.com>\n    (reason: 550 5.7.13 disabled)\n\n"
        "   ----- Transcript of session follows -----\n",
        "bounce", ["bob@example.com", "eve@example.com"], True, "unknown-user",
    ),
    Said(
        "exchange", POSTMASTER, "Undeliverable: Your ticket",
        "Your message\n\n  To:      bob@example.com\n  Subject: Virus question\n\n"
        "did not reach the following recipient(s):\n\nbob@example.com on Thu, 9 May\n"
        "    The recipient name is not recognized\n",
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "exchange in German", POSTMASTER, "Unzustellbar: Hallo",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\n\nbob@example.com\n"
        "Nicht gefunden.\n\n#550 5.1.1 ##\n",
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "gmail delay", DAEMON, "Delivery Status Notification (Delay)",
        "THIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following recipient has been delayed:\n\n"
        "     bob@example.com\n",
        "delay", ["bob@example.com"], False, None,
    ),
    Said(
        "domino", POSTMASTER, "DELIVERY FAILURE: User bob not listed",
        "Your message\n\n  Subject: Hello\n\nwas not delivered to:\n\n  bob@example.com\n\nbecause:\n\n"
        "  User bob not listed in public Name & Address Book\n",
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "notes", POSTMASTER, "Undeliverable message",
        ("------- Failure Reasons  --------\n\nUser not listed\nbob@example.com\n\n"
        "------- Returned Message --------\n\n") + ORIGINAL,
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "imail", POSTMASTER, "Undeliverable Mail",
        "User mailbox exceeds allowed size: bob@example.com\n\nOriginal message follows.\n\n" + ORIGINAL,
        "bounce", ["bob@example.com"], True, "mailbox-full",
    ),
    Said(
        "aol names no domain", "Mail <MAILER-DAEMON@aol.example>", "Mail Delivery Problem",
        "Your mail to the following recipients could not be delivered because they are not accepting mail:\n"
        "\tbobby\n",
        "bounce", ["bobby@aol.example"], True, "not-accepting",
    ),
    Said(
        "james", POSTMASTER, "[BOUNCE]",
        "Error message below:\n550 - Requested action not taken: no such user here\n\nMessage details:\n"
        "  MAIL FROM: help@desk.example.org\n  RCPT TO: bob@example.com\n",
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "mailmarshal", POSTMASTER, "Undeliverable Mail",
        "Your message:\n   From:    help@desk.example.org\n\nCould not be delivered because of\n\n"
        "550 5.1.1 User unknown\n\nThe following recipients were affected: \n    bob@example.com\n",
        "bounce", ["bob@example.com"], True, "unknown-user",
    ),
    Said(
        "carrier", "Postmaster@phone.example", "Mail System Error - Returned Mail",
        "Your message was not delivered within 0 days and 1 hours.\nRemote host is not responding.\n\n"
        "The following recipients did not receive this message:\n\n<bob@example.com>\n",
        "bounce", ["bob@example.com"], False, None,
    ),
    Said(
        "mdaemon", "MDaemon@example.net", "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: bob@example.com\n",
        "bounce", ["bob@example.com"], True, None,
    ),
    Said(
        "yahoo", DAEMON, "Failure Notice",
        ("Sorry, we were unable to deliver your message to the following address.\n\n<bob@example.com>:\n"
        "This account has been disabled or discontinued.\n\n"
        "--- Below this line is a copy of the message.\n\n") + ORIGINAL,
        "bounce", ["bob@example.com"], True, "suspended",
    ),
    Said(
        "dovecot", POSTMASTER, "Rejected: Hello",
        "Your message to <bob@example.com> was automatically rejected:\n"
        "Quota exceeded (mailbox for user is full)\n",
        "bounce", ["bob@example.com"], True, "mailbox-full",
    ),
    Said(
        "names nobody", POSTMASTER, "Undeliverable Message",
        "Message could not be delivered to mobile.\n\nOriginal Message:\n" + ORIGINAL,
        "bounce", ["bob@example.com"], True, None,
    ),
]  # fmt: skip


@pytest.mark.parametrize("said", NOTICES, ids=lambda said: said.name)
def test_notices_in_words(said: Said) -> None:
    found = read(notice(said.body, said.subject, said.sender))
    assert (found.kind, [one.address for one in found.recipients]) == (said.kind, said.who)
    assert found.recipients[0].permanent is said.permanent
    assert said.reason is None or found.recipients[0].reason == said.reason
    if ORIGINAL in said.body:
        assert found.original_message_id == "our-1@desk.example.org"


def test_x_failed_recipients_are_sure_and_the_words_tell_why() -> None:
    body = "We're writing to let you know that the group you tried to contact may not exist.\n"
    raw = notice(body, "Delivery Status Notification (Failure)", more="X-Failed-Recipients: sales@example.com\n")
    assert [one.address for one in read(raw).recipients] == ["sales@example.com"]


def test_a_report_wrapped_in_another_is_read() -> None:
    inner = report("Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n").decode()
    outer = notice("The message could not be delivered.\n\n---------\n" + inner.replace("\r\n", "\n"))
    assert [one.address for one in read(outer).recipients] == ["bob@example.com"]


QUOTED = (
    "I got this:\n\n> This is the mail system at host mx.\n> <eve@example.com>: host mx said: 550 5.1.1 User unknown\n"
)
PEOPLE = {
    "answers a bounce": notice(QUOTED, "Re: Undelivered Mail Returned to Sender", PERSON, "<bob@example.com>"),
    "forwards a bounce": notice(QUOTED, "Fwd: Mail delivery failed", PERSON, "<bob@example.com>"),
    "quotes a bounce": notice(QUOTED, "Undelivered mail?", PERSON, "<bob@example.com>"),
    "complains of a parcel": notice(
        "The courier failed, my parcel could not be delivered!\nbob@example.com\n",
        "Delivery failed",
        PERSON,
        "<bob@example.com>",
    ),
    "is away": notice("I cannot be reached. Urgent: eve@example.com\n", "Out of office", PERSON),
    "has left": notice("Bob left us, his address does not exist. Write to eve@example.com\n", "Gone", PERSON),
    "is a postmaster": notice(
        "Please send the invoice to eve@example.com.\n", "Licence", POSTMASTER, "<p@example.net>"
    ),
    "is a postmaster and speaks of users": notice(
        "Your server sends us mail for eve@example.com, an unknown user.\n",
        "Your server",
        POSTMASTER,
        "<postmaster@example.net>",
        "User-Agent: Mozilla Thunderbird\n",
    ),
    "says nothing": b"",
}


@pytest.mark.parametrize("raw", PEOPLE.values(), ids=PEOPLE)
def test_what_people_write_is_no_report(raw: bytes) -> None:
    assert report_of(raw) is None


def test_a_forwarded_bounce_is_no_bounce() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = PERSON, "Undelivered Mail Returned to Sender"
    mail.set_content("My mail could not be delivered to the following recipients, see below. bob@example.com\n")
    inner = report("Final-Recipient: rfc822; eve@example.com\nAction: failed\nStatus: 5.1.1\n").decode()
    raw = mail.as_bytes().split(b"\r\n\r\n", 1)
    body = (
        b"--x\r\n\r\n" + raw[1] + b"\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner.encode() + b"\r\n--x--\r\n"
    )
    head = f"From: {PERSON}\r\nSubject: {mail['Subject']}\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    assert report_of(head.encode() + b"\r\n" + body) is None


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("550 5.1.1 <a@b.example>: unknown", "5.1.1", "550"),
        ("host mx[192.0.2.55] said: 421 try later", "", "421"),
        ("version 5.65 of 2.4.5500, port 10.0.0.1:550", "", ""),
        ("5.0.0 and then 5.7.26", "5.7.26", ""),
        ("(#4.4.1)", "4.4.1", ""),
        ("in 550 days", "", ""),
    ],
)
def test_codes_in_text(text: str, status: str, code: str) -> None:
    assert (enhanced_status(text), smtp_code(text)) == (status, code)


def test_words_tell_more_than_a_general_code() -> None:
    assert reason_of("5.7.1", "550 5.7.1 relaying denied") == "relay-denied"
    assert reason_of("5.7.1", "") == "policy"
    assert reason_of("", "something odd") == "other"


HOSTILE = {
    "recipients as fields": report("Final-Recipient: rfc822; a@b.example\nAction: failed\n" * 20_000),
    "recipients as fields, all different": report(
        "".join(f"Final-Recipient: rfc822; a{n}@b.example\nAction: failed\n" for n in range(20_000))
    ),
    "recipients as lines": notice("".join(f"<a{n}@b.example>:\n 550 no\n" for n in range(20_000))),
    "no recipient at all": notice("delivery to " * 50_000),
    "at signs": notice("@" * 500_000),
    "dashes": notice(("-" * 900 + "\n") * 500),
    "blanks": notice(" " * 500_000 + "x"),
    "braces": notice("{" * 100_000, sender="a@sns.amazonaws.com") + b' "notificationType"',
    "tags": notice("<style>" * 50_000).replace(b"text/plain", b"text/html"),
    "diagnostic": report("Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; " + "550 x " * 50_000),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_reports_cost_little(raw: bytes) -> None:
    start = time.process_time()
    found = report_of(raw)
    assert time.process_time() - start < 3
    if found:
        assert len(found.recipients) <= MAX_RECIPIENTS
        assert all(len(one.diagnostic) <= MAX_DIAGNOSTIC_CHARS for one in found.recipients)


SHARDS = st.sampled_from(
    [
        "Final-Recipient: rfc822; ",
        "Action: failed\n",
        "Status: 5.1.1\n",
        "<a@b.example>",
        "a@b",
        ":",
        "\n",
        "\n\n",
        "550 ",
        "Original-Recipient:",
        "Diagnostic-Code: smtp; ",
        "could not be delivered to ",
        "--b\n",
        "--b--",
        "Subject: x\n",
        "Content-Type: message/delivery-status\n",
        "Content-Type: message/rfc822\n",
        "--- Below this line is a copy\n",
        "Received: from a\n",
        "{",
        '"notificationType":"Bounce"',
        "}",
        "\x00",
        "\ud800".encode("utf-8", "replace").decode(),
        "é",
    ]
)
HEADS = st.sampled_from(
    [
        b"From: MAILER-DAEMON@a\n",
        b"Return-Path: <>\n",
        b"Subject: failure notice\n",
        b"X-Failed-Recipients: a@b, , c\n",
        b"Content-Type: multipart/report; boundary=b\n",
        b"Content-Type: message/delivery-status\n",
        b"From: x@sns.amazonaws.com\n",
        b"Content-Type: message/feedback-report\n",
        b"X-Apple-Unsubscribe: true\n",
        b"Content-Type: text/html\n",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(HEADS, max_size=5).map(b"".join),
    st.lists(SHARDS | st.text(max_size=8), max_size=20),
    st.binary(max_size=30),
)
def test_any_bytes_are_read(head: bytes, body: list[str], rest: bytes) -> None:
    found = report_of(head + b"\n" + "".join(body).encode("utf-8", "replace") + rest)
    for one in found.recipients if found else ():
        assert "@" in one.address
        assert not any(c.isspace() for c in one.address)
        assert not (one.permanent and one.status.startswith("4"))
