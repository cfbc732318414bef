"""Bounces, delays, delivery reports and complaints of the corpus: judged by what their sources say of them."""

import re
from typing import Any, Final

from postroom_ingest.parse.reports import Report, report_of

from .cases import Case, Check

REPORTS: Final = ("bounce", "feedback-report", "not-a-bounce")
_SAYS_REPORT: Final = frozenset(
    {
        "is_bounce",
        "temporary_failure",
        "bounced_addresses",
        "failed_recipient",
        "final_recipient",
        "bounce_status",
        "bounce_action",
        "hard_bounce",
        "sisimai",
        "is_delivery_status_report",
        "feedback_type",
    }
)
_INVENTED = re.compile(r"[45]\.0\.9\d\d")
_PASSING: Final = ("expired", "networkerror", "systemerror", "toomanyconn", "undefined")
_DECLARED = re.compile(
    rb"^(?:content-type:\s*multipart/report[^\0]{0,200}(?:delivery-status|feedback-report|disposition-notification)"
    rb")",
    re.IGNORECASE | re.MULTILINE,
)
_FROM_DAEMON = re.compile(
    rb"^(?:from:.{0,80}(?:mailer-daemon|post_?master)@|from:\s*mmsc ndr|subject: delivery status$)",
    re.IGNORECASE | re.MULTILINE,
)
_REASONS: Final = {
    "userunknown": {"unknown-user"},
    "user_unknown": {"unknown-user"},
    "mailboxfull": {"mailbox-full"},
    "over_quota": {"mailbox-full"},
    "spam": {"spam", "policy", "authentication"},
    "spamdetected": {"spam", "policy", "content"},
    "hostunknown": {"host-unknown", "not-accepting"},
    "domain_error": {"host-unknown", "network", "relay-denied"},
    "expired": {"expired", "network"},
    "networkerror": {"network", "host-unknown", "expired", "mail-loop"},
    "norelaying": {"relay-denied"},
    "suspend": {"suspended"},
    "user_disabled": {"suspended"},
    "mesgtoobig": {"too-large"},
    "exceedlimit": {"too-large"},
    "virusdetected": {"virus"},
    "authfailure": {"authentication"},
    "notaccept": {"not-accepting", "host-unknown"},
    "blocked": {"policy", "spam", "rate-limited"},
    "hasmoved": {"moved"},
}


def judge(case: Case) -> list[Check]:
    """Checks `is-report`, `recipient`, `permanent`, and besides `status`, `reason`, `original`, `feedback-type`.

    How permanence is judged: by the class of the status code the source reads (5 is permanent, 4 is not), or of
    its SMTP code; by `hard_bounce` of sources that mean this by it (sisimai means "the address does not exist",
    so its own is not used); flufl.bounce's permanent failures must be of kind bounce, its temporary ones delays.
    Codes sisimai invents (x.0.9xx) count but for reasons that pass with time, where its class is a guess.
    """
    report = report_of(case.raw)
    if case.category not in REPORTS:
        return _of_others(case, report)
    if not case.expect.keys() & _SAYS_REPORT or case.expect.get("bounced_addresses") == []:
        return []
    checks = [_is_report(case, report)]
    if report is None:
        report = Report("bounce", ())
    if case.category == "not-a-bounce":
        return checks
    checks += [*_recipients(case.expect, report), *_permanent(case.expect, report), *_details(case.expect, report)]
    return checks


def _of_others(case: Case, report: Report | None) -> list[Check]:
    """Mail of other kinds is no report, unless it declares itself one (damaged ones are there) or its source does."""
    head = case.raw.lstrip().replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0]
    if _DECLARED.search(head) or case.expect.get("is_bounce"):
        return [Check("is-report", report is not None, "report", report)]
    if _FROM_DAEMON.search(head):
        return []  # a notice that stands for something else there, such as a broken file name
    return [Check("is-report", report is None, None, report)]


def _is_report(case: Case, report: Report | None) -> Check:
    kind = report.kind if report else None
    expect = case.expect
    wanted: tuple[str | None, ...] = ("bounce", "delay")
    if case.category == "feedback-report" or "feedback_type" in expect:
        wanted = ("complaint",)
    elif expect.get("kind") == "delivery-success":
        wanted = ("delivered", "relayed")
    elif expect.get("is_bounce") is False:
        wanted = (None, "delay")
    return Check("is-report", kind in wanted, wanted, kind)


def _recipients(expect: dict[str, Any], report: Report) -> list[Check]:
    got = {one.address.lower() for one in report.recipients}
    named = expect.get("bounced_addresses") or [expect[k] for k in ("failed_recipient",) if k in expect]
    if named:
        wanted = {address.lower() for address in named}
        return [Check("recipient", wanted == got, sorted(wanted), sorted(got))]
    if final := expect.get("final_recipient"):
        address = final.partition(";")[2].strip(" <>").lower()
        return [Check("recipient", address in got, address, sorted(got))]
    rows = expect.get("sisimai")
    count = expect.get("n_recipients") or (len(rows) if rows else None)
    return (
        [Check("recipient", len(got) == count, count, sorted(got))] if count and "feedback_type" not in expect else []
    )


def _permanent(expect: dict[str, Any], report: Report) -> list[Check]:
    got = [one.permanent for one in report.recipients]
    if expect.get("temporary_failure"):
        return [Check("permanent", report.kind == "delay" and not any(got), "delay", (report.kind, got))]
    if rows := expect.get("sisimai"):
        if "feedback_type" in expect:
            return []
        classes = [known for row in rows if (known := _class(row)) is not None]
        return [Check("permanent", sorted(classes) == sorted(got), classes, got)] if len(classes) == len(rows) else []
    if "hard_bounce" in expect:
        return [Check("permanent", any(got) == expect["hard_bounce"], expect["hard_bounce"], got)]
    code = str(expect.get("bounce_status") or expect.get("smtp_code") or "")
    if code:
        return [Check("permanent", any(got) == (code[0] == "5"), code, got)]
    if expect.get("bounced_addresses"):
        return [Check("permanent", report.kind == "bounce", "bounce", report.kind)]
    return []


def _class(row: dict[str, Any]) -> bool | None:
    """Whether sisimai's row is a permanent failure; None where it had to guess."""
    status = row["status"]
    if not _INVENTED.fullmatch(status):
        return bool(status[:1] == "5")
    if row["replycode"]:
        return bool(row["replycode"][0] == "5")
    return None if row["reason"] in _PASSING else bool(status[0] == "5")


def _details(expect: dict[str, Any], report: Report) -> list[Check]:
    checks = []
    rows = expect.get("sisimai") or []
    status = rows[0]["status"] if rows else expect.get("bounce_status")
    if status and not _INVENTED.fullmatch(status):
        statuses = [one.status for one in report.recipients]
        checks.append(Check("status", status in statuses, status, statuses))
    reason = rows[0]["reason"] if rows else expect.get("bounce_reason")
    if reason in _REASONS:
        reasons = {one.reason for one in report.recipients}
        checks.append(Check("reason", bool(_REASONS[reason] & reasons), reason, sorted(reasons)))
    if "original_message_id" in expect:
        wanted = expect["original_message_id"].strip("<>")
        checks.append(Check("original", report.original_message_id == wanted, wanted, report.original_message_id))
    if "feedback_type" in expect:
        wanted = expect["feedback_type"]
        checks.append(Check("feedback-type", report.feedback_type == wanted, wanted, report.feedback_type))
    return checks
