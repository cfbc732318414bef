"""Notices in words alone: qmail, Exim, Sendmail, Postfix, Exchange, Notes, Yahoo, Gmail, carriers and many others.

All are read one way. A line that begins with an address and goes on as such lists do names a recipient, and what
follows it tells why; else a phrase such as `delivery failed: <address>` does; else the SMTP dialogue.
"""

import re
from collections.abc import Iterator
from typing import Final

from postroom_ingest.parse.reports.addresses import ADDRESS, cleaned
from postroom_ingest.parse.reports.model import MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS, Reason, Recipient
from postroom_ingest.parse.reports.phrases import any_of, says
from postroom_ingest.parse.reports.reasons import failed_status, reason_of, smtp_code

_LINE: Final = 1000
_DETAIL: Final = 1000
_SEARCHED: Final = 20_000
_LISTED = re.compile(
    r"^[ \t]*(?:[*>#•-]+[ \t]*|\d+[.)][ \t]+)?(?:to:[ \t]*|[45]\d\d (?:[45]\.\d\.\d{1,3} )?)?"  # bullet, number, code
    rf"[\"'\[<(]*(?:mailto:)?({ADDRESS})[\"'\]>)]*(?:<mailto:[^>\n]{{0,300}}>)?[ \t]*"
    r"(?:$|[:;,(\[<]|\.\.\.|[-–=]+[ \t>]|on [A-Z\d]|did not|was not|could not|failed|is not|delivery )",
)
_LOOSE = re.compile(rf"^[ \t]*[<\"']?({ADDRESS})[>\"']?[ \t]+\S")
_INTRO = any_of(r"""
    (?:following|these|this|one or more|to)[^\n]{0,30} (?:recipients?|address(?:es|\(es\))?|users?|mailboxes)\b
    distribution lists:
    failed recipients|failure reasons|not delivered to|undeliverable to|message to:|not reach|not been delivered
    to email address|could not be delivered to|delivre a|addresses had|недоставлен|получателям|адресу|アドレス|收件人
    destinatario|destinataire|empfänger
""")
_AT: Final = rf"[\s\"'<\[(]{{0,4}}(?:mailto:|smtp:)?({ADDRESS})"
_NAMING: Final = (
    any_of(
        r"""
        undeliverable|deliver(?:ed|y)?|delivering|deliver (?:your |the |a )?(?:mail|message)|sent|send|message|mail
        mailbox|reach(?:ed)?|violation
        """,
        after=rf"[ \n]{{1,4}}(?:to|for|of)[ :\n]{{0,4}}{_AT}",
    ),
    any_of(
        r"addressed,?|error delivering your mail|your message|delivery|forwarded",
        after=rf"(?: to)?[ :\n]{{0,4}}{_AT}",
    ),
    any_of(
        r"""
        recipients?|destinatario|destinat[aá]rio|destinataire|empfänger|address|userid|host|user|mailbox|allowed size
        attempts|account|undeliverable|address is|full
        """,
        after=rf"(?: address| name| id)?[ ]{{0,2}}(?::|=|is|<)[ ]{{0,4}}{_AT}",
    ),
    any_of(r"rcpt[ _]to", after=rf"[ ]?:[ ]{{0,4}}{_AT}"),
    any_of(
        r"""
        generated from|expanded from|forwarded to|rejected (?:the )?recipient|unknown user|user unknown|no such user
        """,
        after=rf"[: ]{{0,3}}{_AT}",
    ),
    any_of(
        r"""
        user|recipient|mailbox|account|address|destinat[aá]rio|destinataire|empfänger|получател\w{1,3}|адрес\w{0,2}
        """,
        after=rf"[ ]{{1,3}}{_AT}",
    ),
    any_of(r"\b[45]\d\d[ -](?:[45]\.\d\.\d{1,3} )?", after=_AT),
    any_of(
        r"""
        failed|was not|could not|is not|does not|not found|unknown|user unknown|not known|isn't|did not|is full
        has been|exceed|mailbox|\(user|\[user|- no such
        """,
        before=rf"{_AT}>?[ \n]{{1,3}}",
    ),
)
_ANY = re.compile(ADDRESS)
_ABOUT = re.compile(r"^[ \t]*(?:subject|from|to|cc|sent|date):[^\n]*", re.IGNORECASE | re.MULTILINE)
_BARE = re.compile(r"^[ \t]+([A-Za-z][\w.+-]{1,63})[ \t]*(?:$|[ \t]{2,}\S|:[ \t]*$)")
_MOST_BARE: Final = 20
_PASSING: Final = ("network", "expired", "rate-limited")
_OTHERS = re.compile(r"(?:post_?master|mailer-daemon|abuse|support|helpdesk|mailmaster)@", re.IGNORECASE)
_UNDISCLOSED = re.compile(rf"\((?:generated|expanded) from:? <?({ADDRESS})", re.IGNORECASE)
_speaks_of_delay = says(r"""
    has been delayed|not yet been (?:delivered|able)|will be retried|warning (?:message )?only
    still being (?:re)?tried|will (?:continue|keep) (?:to )?(?:try|attempt|be)|attempts will continue|delivery delay
    delayed mail|status notification \(delay\)|message(?: \S{1,60})? (?:has been )?delayed|just a warning
    temporarily undeliver|being delayed|continue to attempt|have not yet been|has not been delivered yet
    no action is required on your part|will retry|wird weiter|delivery delayed|will be attempted
    mail is (?:being )?queued|deferred mail
""")
_FINAL = any_of(r"""
    permanent(?:ly)?\b(?! failure:)|has stopped trying|given up|not going to try again|no further|returned to sender
""")
_speaks_of_failure = says(r"""
    (?:could|can|was|were|has|is|did|have|been)(?: ?not|n't) (?:be |been |able to )?(?:deliver|reach|sent|process)
    (?:could|can|was|were|has|is|did|have|been)(?: ?not|n't) (?:be |been |able to )?(?:complet|accept)
    cannot be delivered|couldn't be|undeliver|not (?:able to )?deliver|not delivered
    deliver\w{0,3} (?:\w+ ){0,8}(?:fail|error|abort|delay)|failed recipient|unable to deliver
    (?:fatal|delivery) errors?|error (?:delivering|occurred while (?:attempting|trying) to deliver)
    returned (?:mail|because)|rejected (?:by|recipient|your)|failure reasons?|transcript of session|did not reach
    mailbox (?:is full|exceeds)|user unknown|unknown (?:user|host)|automatically rejected
    invalid (?:final|recipient|user|address)|no such user|not a valid user|did not receive this message|does not exist
    trouble delivering|not yet been delivered|has been delayed|delivery problems|delivery has failed
    failed \d+ attempts|did not exactly match|no valid recipient|undeliverable|duplicated message-id|mail is full
    server message|received >>> 5\d\d|message delivery|pas pu [^\n]{0,20}delivr|non remis|unzustellbar
    nicht zugestellt|no se pudo|no ha podido|non [^\n]{0,20}recapit|niet (?:worden )?(?:bezorgd|afgeleverd)
    не может быть доставлен|не удалось|недоставлен|невозможно|送信できません|配信できません|送信に失敗|配送できません
    送達|お届け|无法|失败|退回|não (?:pôde|foi)|не доставлен|сбой доставки|не вдалося|échec|n'a pu|falha na|mislukt
    error de entrega|non (?:può|è stato)|nie (?:mogła|można|została|powiodło|udało)|nepodařilo|nepodarilo|nelze doručit
    nedoručiteľn|nem (?:sikerült|kézbesíthető)|nu a putut|teslim edilem|başarısız|gick inte att|kunde inte|kunne ikke
    ei voitu|epäonnistui|δεν (?:ήταν|είναι) δυνατή|αποτυχία|未能|未送达|被退|無法|실패|못했|않았|반송
    تعذر|فشل|تحویل داده نشد
    ارسال نشد|לא ניתן|נכשל|ไม่สามารถ|không (?:thể|được)|gagal|tidak dapat|не може да бъде
""")


def speaks_of_failure(text: str) -> bool:
    """Whether the text says that a mail was not delivered."""
    return _speaks_of_failure(text)


def tells_code(text: str) -> bool:
    """Whether the text has the code of a failure, which is the same in every language."""
    return bool(failed_status(text) or smtp_code(text))


def is_delay(subject: str, text: str) -> bool:
    """Whether this is a warning that delivery takes long."""
    return _speaks_of_delay(subject) or _speaks_of_delay(text)


def read_notice(text: str, subject: str, known: list[str], ours: str, domain: str = "") -> list[Recipient]:
    """The recipients a notice names, with the reasons it gives.

    `known` are recipients that are sure from elsewhere (X-Failed-Recipients); `ours` is the address the notice
    went to, hence the sender's own, who is no recipient unless the only one; `domain` is the notice's own, to
    which names without one belong.
    """
    delayed = is_delay(subject, text)
    lines = [line[:_LINE] for line in text.split("\n")]
    listed = _listed(lines)
    found = known or _bare(lines, domain) or _chosen([a for _, a in listed], ours) or _chosen(_in_phrases(text), ours)
    found = found or _only(text, ours, domain)
    # Codes decide; without one, what time may mend is not permanent unless the notice calls it so.
    final = bool(_FINAL.search(text))
    recipients = []
    for address in list(dict.fromkeys(found))[:MAX_RECIPIENTS]:
        detail = _detail(lines, listed, address)
        alone = len(found) == 1 and not _several(listed)
        recipients.append(_recipient(address, detail, text if alone else "", delayed=delayed, final=final))
    return recipients


def _listed(lines: list[str]) -> list[tuple[int, str]]:
    """Line numbers and the addresses that stand there as an item of a list."""
    intro = next((n for n, line in enumerate(lines) if _INTRO.search(line)), -1)
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if "@" not in line or len(found) > MAX_RECIPIENTS:
            continue
        match = _LISTED.match(line) or (_LOOSE.match(line) if 0 <= intro < number else None)
        if match is None and intro >= 0 and number - intro <= 2:
            match = _LISTED.match(line.rpartition(": ")[2]) if number == intro else None
        if match and (address := cleaned(match[1])):
            found.append((number, address))
        elif (inner := _UNDISCLOSED.search(line)) and number and "@" not in lines[number - 1]:
            found.append((number, cleaned(inner[1])))
    behind = [one for one in found if one[0] >= intro]
    return behind or found


def _bare(lines: list[str], domain: str) -> list[str]:
    """Names alone on the lines right below an introduction (AOL, and local users everywhere)."""
    intro = next((n for n, line in enumerate(lines) if _INTRO.search(line)), -1)
    if intro < 0 or not domain:
        return []
    found: list[str] = []
    for line in lines[intro + 1 : intro + 1 + _MOST_BARE]:
        if match := _BARE.match(line):
            found.append(f"{match[1]}@{domain}")
        elif line.strip():
            break
    return found


def _several(listed: list[tuple[int, str]]) -> bool:
    return len({address.lower() for _, address in listed}) > 1


def _chosen(found: list[str], ours: str) -> list[str]:
    """Without the addresses that a notice names for help or as its own, unless nothing else is there."""
    unique = list({address.lower(): address for address in found if address}.values())
    better = [a for a in unique if not _OTHERS.match(a) and a.lower() != ours.lower()]
    return better or [a for a in unique if not _OTHERS.match(a)] or unique


def _in_phrases(text: str) -> list[str]:
    for pattern in _NAMING if "@" in text else ():
        found = [cleaned(match[1]) for match in pattern.finditer(text, 0, _SEARCHED)]
        if any(found):
            return found[:MAX_RECIPIENTS]
    return []


def _only(text: str, ours: str, domain: str) -> list[str]:
    """The one address a notice names beside ours and its own: it may be in a language without a phrase here."""
    found = (cleaned(match[0]) for match in _ANY.finditer(text, 0, _SEARCHED)) if "@" in text else ()
    kept = {a.lower(): a for a in found if a and a.lower() != ours.lower() and not _OTHERS.match(a)}
    others = [a for name, a in kept.items() if name.rpartition("@")[2] != domain] or list(kept.values())
    return others if len(others) == 1 else []


def _detail(lines: list[str], listed: list[tuple[int, str]], address: str) -> str:
    """The lines from the recipient's own to the next one's."""
    own = next((number for number, name in listed if name.lower() == address.lower()), None)
    if own is None:
        own = next((number for number, line in enumerate(lines) if address in line), len(lines))
    end = next((number for number, name in listed if number > own and name.lower() != address.lower()), len(lines))
    return "\n".join(lines[own:end])[:_DETAIL]


def _recipient(address: str, detail: str, more: str, *, delayed: bool, final: bool) -> Recipient:
    """`detail` is what stands at the recipient; where that tells little, `more` may (the whole notice)."""
    parts = [_ABOUT.sub("", part) for part in (detail, more) if part]
    texts = [part.replace(address, "")[:_DETAIL] for part in parts]
    status = next((code for part in texts if (code := failed_status(part))), "")
    reasons: Iterator[Reason] = (reason_of(status, part) for part in texts)
    reason: Reason = next((one for one in reasons if one != "other"), "other")
    number = status or next((code for part in texts if (code := smtp_code(part))), "")
    return Recipient(
        address=address,
        action="delayed" if delayed else "failed",
        status=status,
        permanent=not delayed and (number[0] != "4" if number else final or reason not in _PASSING),
        reason=reason,
        diagnostic=" ".join(parts[0].split())[:MAX_DIAGNOSTIC_CHARS] if parts else "",
    )
