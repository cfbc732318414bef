"""Status codes (RFC 3463, RFC 5321 section 4.2) and the phrases of MTAs to the class of a failure."""

import re
from typing import Final

from postroom_ingest.parse.reports.model import Reason
from postroom_ingest.parse.reports.phrases import any_of

_ENHANCED = re.compile(r"(?<![\w.])([245]\.\d\.\d{1,3})(?!\.?\d)")
_FAILED = re.compile(r"(?<![\w.])([45]\.\d\.\d{1,3})(?!\.?\d)")
_SMTP = re.compile(r"(?<![\w./@])(?<!\d:)([45][0-5]\d)(?=[ \-:,;)\]#]|$)(?!-\d)", re.MULTILINE)
_SMTP_AFTER = re.compile(
    r"(?:said|code|reason|response|responded|returned|error|failure|smtp|<<<|>>>|\))[\s:;='\"(\[]{0,4}$", re.IGNORECASE
)
_LINE_START = " \t\n:;'\"<[("

_PHRASES: Final[tuple[tuple[Reason, re.Pattern[str]], ...]] = (
    (
        "virus",
        any_of(r"""
            virus|malware|infected|trojan|worm\b
        """),
    ),
    (
        "mailbox-full",
        any_of(r"""
            over ?quota|quota (?:exceed|violation|full|limit)
            exceed\w* (?:(?:its|their|the|his|her|your|storage|disk|mail\w*) )*(?:quota|storage)
            mail ?(?:box|folder) (?:is |has )?(?:full|exceed|over|size limit)|mail(?:box|folder) .{0,20}is full
            disk quota|out of (?:disk|storage) (?:space|quota)|insufficient (?:system )?(?:storage|disk|space)
            storage (?:limit|quota|allocation)|too much mail|not enough (?:storage|disk|space)|mailbox exceeds allowed
            full mailbox|exceeding their quota|mbox.{0,10} full|disc quota|inbox is full
        """),
    ),
    (
        "authentication",
        any_of(r"""
            dmarc|\bspf\b|dkim|sender policy framework|unauthenticated|domainkeys|not authenticated
            authentication (?:required|failed)|must authenticate
        """),
    ),
    (
        "rate-limited",
        any_of(r"""
            too many (?:conn|messages|recipients|mails|emails|concurrent|sessions|errors)|rate[- ]?limit|throttl
            sending rate|at a rate|too fast|frequency limit|connection (?:rate|limit)
            exceeded the (?:maximum|max) (?:number|messages)|hourly|daily (?:limit|quota|sending)|4\.7\.28
        """),
    ),
    (
        "relay-denied",
        any_of(r"""
            relay(?:ing)? (?:is )?(?:not|denied|access|prohibited|unavailable|operation rejected)|unable to relay
            not (?:permitted|allowed|authorized) to relay|(?:no|open|refuse to) relay|rcpthosts|does not relay
            we do not relay|cannot relay|can't relay|not a gateway
        """),
    ),
    (
        "moved",
        any_of(r"""
            has (?:moved|been moved|changed)|user not local|no longer (?:works|employed|at this)|address changed
            new address (?:is|of)|5\.1\.6
        """),
    ),
    (
        "suspended",
        any_of(
            r"""
            disabled|suspended|inactive|locked|discontinued|deactivated|expired|terminated|not active|frozen|on hold
            been blocked
            """,
            before=r"(?:account|mailbox|user|recipient|address|alias)[^.\n]{0,40}",
        ),
    ),
    (
        "suspended",
        any_of(r"""
            (?:disabled|inactive|suspended|locked|deactivated) (?:account|mailbox|user|recipient|address)
            currently suspended|has not been collected|is not active|\[suspend\]
        """),
    ),
    (
        "too-large",
        any_of(
            r"too (?:big|large)|exceed\w* [^.\n]{0,40}(?:size|limit|maximum|length)|size limit",
            before=r"(?:message|mail|size|attachment|body|header)s?[^.\n]{0,40}",
        ),
    ),
    (
        "too-large",
        any_of(r"""
            exceed\w{0,3} (?:the )?(?:maximum|max|fixed|allowed|administrative|size)[^.\n]{0,30}(?:size|length|limit)
            too (?:big|large) (?:a )?(?:message|mail)|maximum (?:message|allowed|mail|incoming)[^.\n]{0,20}size
            message length exceeds
        """),
    ),
    (
        "host-unknown",
        any_of(r"""
            host (?:or domain )?(?:name )?(?:unknown|not found|could not be found)|unknown (?:host|domain)
            domain (?:name )?(?:not found|does not exist|unknown|lookup)|no such (?:host|domain)
            name or service not known|unrout\w* (?:mail )?(?:domain|address)|couldn't find any host
            no route to (?:host|domain)|nxdomain|name service error|could not find a gateway|address(?:ee)? domain
            invalid domain|illegal host|domain invalid|non-?existent (?:domain|host)|host not found
            dns (?:error|query|server)|bad destination system|no (?:a|mx) record
        """),
    ),
    (
        "not-accepting",
        any_of(r"""
            null ?mx|not accepting (?:mail|messages|network)|does not accept (?:mail|any)|no smtp service
            (?:find|no) (?:a )?(?:mail exchanger|mx)|no valid (?:hosts|mx)|mx (?:record|or srv)|are not accepting mail
            not accept(?:ing)? mail
        """),
    ),
    (
        "spam",
        any_of(r"""
            \bspam|\bjunk (?:mail|e-?mail)|unsolicited|bulk mail|\bube\b|\buce\b|spamassassin|rejete|surbl|uribl
            content filter|looks like
        """),
    ),
    (
        "policy",
        any_of(r"""
            black ?list|block ?list|dnsbl|\brbl\b|spamhaus|spamcop|sorbs|blocked|banned|denied|reputation|refused your
            not (?:permitted|allowed|authori[sz]ed)|polic(?:y|ies)|prohibited|reverse dns|\bptr\b|poor
            (?<!not )listed (?:at|in|on|by)|access restricted|forbidden|unacceptable|administratively
            sender (?:address )?(?:rejected|verify|domain)|reject\w* (?:by|due|for|because)|rejected.{0,20}header
            bad (?:sender|helo)|helo|prohibit|restriction|unauthori[sz]ed
        """),
    ),
    (
        "unknown-user",
        any_of(
            r"""
            unknown|not found|not exist|doesn't exist|invalid
            not (?:be )?(?:recogni[sz]ed|known|listed|valid|local|a known)|unavailable|rejected|isn't
            couldn't be found|not our customer|no longer
            """,
            before=r"(?:user|recipient|mailbox|account|addresse?e?|name|alias|person|subscriber)[^.\n]{0,60}",
        ),
    ),
    (
        "unknown-user",
        any_of(
            r"user|recipient|mailbox|account|address|alias|person|local|name|rcpt",
            before=r"(?:unknown|invalid|no such|no valid|illegal|bad|non-?existent|incorrect|wrong)[^.\n]{0,30}",
        ),
    ),
    (
        "unknown-user",
        any_of(r"""
            no mailbox|not (?:a )?(?:valid|known|our) (?:user|customer|recipient|mailbox|e-?mail)|doesn't have a
            recip(?:ient)?notfound|by smtp address lookup
            not listed in|no matches|no one by that|user unknown|not a valid|did not exactly match|rcpt to
            does not like recipient|unbekannt|inconnu|desconocid|not exist|見つかりません|ありません|存在しません
            не существует|не найден|不存在
        """),
    ),
    (
        "expired",
        any_of(r"""
            expired|too long|retry time(?:out)?|timeout exceeded|retries|attempts|giving up|delivery time
            not been collected|been failing|queue (?:time|life)|not delivered within|was aborted after
        """),
    ),
    (
        "network",
        any_of(r"""
            connect(?:ion|ed)?\b|timed? ?out|unreachable|not reach|not respond|socket|network|refused|try again
            temporar|deferred|lost|broken pipe|resources|busy|tls|unavailable or
        """),
    ),
    (
        "mail-loop",
        any_of(r"""
            \bloops?\b|too many hops|hop count|duplicated message-id|loops back to|routing loop
        """),
    ),
    (
        "content",
        any_of(r"""
            mime|8-?bit|smtputf8|charset|malformed|rfc ?\d{3,4}|syntax|bare lf|header error|media error|content
        """),
    ),
    (
        "policy",
        any_of(r"""
            \breject(?:ed)?$|\brefused$
        """),
    ),
    (
        "system",
        any_of(r"""
            system|config\w+|i/o error|internal|local (?:error|problem)|disk|died|command|service (?:un|not)|fatal
            directory
        """),
    ),
)
_FULL: Final = next(pattern for reason, pattern in _PHRASES if reason == "mailbox-full")

_STATUS: Final[dict[str, Reason]] = {
    "1.0": "unknown-user",
    "1.1": "unknown-user",
    "1.2": "host-unknown",
    "1.3": "unknown-user",
    "1.6": "moved",
    "1.7": "policy",
    "1.8": "policy",
    "1.10": "not-accepting",
    "2.1": "suspended",
    "2.2": "mailbox-full",
    "2.3": "too-large",
    "3.1": "system",
    "3.2": "not-accepting",
    "3.4": "too-large",
    "4.1": "network",
    "4.2": "network",
    "4.3": "host-unknown",
    "4.4": "host-unknown",
    "4.5": "network",
    "4.6": "mail-loop",
    "4.7": "expired",
    "7.1": "policy",
    "7.13": "suspended",
    "7.26": "authentication",
    "7.27": "not-accepting",
}
_SUBJECTS: Final[dict[str, Reason]] = {
    "1": "unknown-user",
    "3": "system",
    "4": "network",
    "5": "system",
    "6": "content",
    "7": "policy",
}
_TELLING: Final = frozenset({"1.1", "1.2", "1.6", "2.2", "2.3", "3.4", "4.6", "4.7", "7.13", "7.26", "7.27"})
"""Codes that mean one thing wherever they are used; of the others the words tell more."""


def enhanced_status(text: str) -> str:
    """The first enhanced status code in the text, or empty; one of a particular meaning before a general x.0.0."""
    return _telling(_ENHANCED.findall(text))


def failed_status(text: str) -> str:
    """The same of failures alone: an SMTP dialogue also shows the codes of what went well."""
    return _telling(_FAILED.findall(text))


def _telling(found: list[str]) -> str:
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def smtp_code(text: str) -> str:
    """The first SMTP reply code of class 4 or 5 in the text, or empty."""
    for match in _SMTP.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        line = before.rpartition("\n")[2]
        if not line.strip(_LINE_START) or line[-1] in ":;'\"<[(" or _SMTP_AFTER.search(before):
            return match[1]
    return ""


def reason_of(status: str, text: str) -> Reason:
    """The class of a failure from its enhanced status (may be empty) and what the MTA wrote."""
    detail = status[2:]
    if detail in _TELLING and not (detail == "1.1" and _FULL.search(text)):
        return _STATUS[detail]
    for reason, pattern in _PHRASES:
        if pattern.search(text):
            return reason
    return _STATUS.get(detail) or _SUBJECTS.get(detail[:1], "other")
