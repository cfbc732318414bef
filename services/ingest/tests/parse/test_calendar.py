"""Invitations as calendars write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.parse import Invitation, parse
from postroom_ingest.parse.calendar import read_invitation

EVENT = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
TZID:Europe/Berlin\r
BEGIN:STANDARD\r
DTSTART:20181028T010000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
SUMMARY;LANGUAGE=en:Talk\\, and a wal\r
 k\\nlater\r
DTSTART;TZID="Europe/Berlin":20260301T100000\r
DTEND:20260301T113000Z\r
ORGANIZER;CN="Doe: Jane":MAILTO:jane@example.com\r
LOCATION:Room \\; 1\r
BEGIN:VALARM\r
SUMMARY:Reminder\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:Another\r
END:VEVENT\r
END:VCALENDAR\r
"""
READ = Invitation(
    method="REQUEST",
    summary="Talk, and a walk later",
    starts="2026-03-01T10:00:00 Europe/Berlin",
    ends="2026-03-01T11:30:00Z",
    organizer="jane@example.com",
    location="Room ; 1",
)


def test_the_first_event_is_read() -> None:
    assert read_invitation(EVENT) == READ


def test_a_whole_day_has_no_time() -> None:
    found = read_invitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260301\nEND:VEVENT\n")
    assert found == Invitation(method="PUBLISH", starts="2026-03-01")


def test_a_calendar_without_an_event_is_no_invitation() -> None:
    assert read_invitation("BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n") is None
    assert read_invitation("no calendar") is None


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/calendar; charset=utf-8; method=CANCEL",
        b'Content-Type: application/octet-stream; name="Invite.ICS"\r\nContent-Disposition: attachment',
    ],
)
def test_an_invitation_is_found_in_a_mail(head: bytes) -> None:
    calendar = EVENT.replace("METHOD:REQUEST\r\n", "").encode()
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n" + head + b"\r\n\r\n" + calendar
    )
    mail = parse(raw + b"\r\n--b--\r\n")
    assert mail.invitation is not None
    assert mail.invitation.method == ("CANCEL" if b"CANCEL" in head else "PUBLISH")
    assert mail.invitation.summary == READ.summary
    assert len(mail.attachments) == 1  # the file stays


def test_an_ordinary_mail_has_none() -> None:
    assert parse(b"Subject: x\n\nBEGIN:VCALENDAR").invitation is None


LINES = st.sampled_from(
    ["BEGIN:", "END:", "VEVENT", "VCALENDAR", "SUMMARY", ";", '"', ":", "\\", "\n", " ", "DTSTART", "2"]
)


@given(st.lists(LINES | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_may_claim_to_be_a_calendar(text: str) -> None:
    found = read_invitation(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nX:y\n{text}")
    assert found is not None
    assert "\n" not in found.summary + found.location


@pytest.mark.parametrize(
    "text",
    ["BEGIN:VEVENT\n" * 100_000, 'SUMMARY;a="' * 100_000, "SUMMARY" + ";a=b" * 100_000, "\n " * 500_000],
    ids=["nested", "quotes", "parameters", "folds"],
)
def test_hostile_calendars_take_bounded_time(text: str) -> None:
    start = time.process_time()
    read_invitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + text)
    assert time.process_time() - start < 1
