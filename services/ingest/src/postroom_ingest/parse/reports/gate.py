"""Which mails can be reports at all, from the head and the types of their parts: run for every mail, so cheap."""

import re
from typing import Final, NamedTuple

from postroom_ingest.parse.headers import Headers
from postroom_ingest.parse.reports.phrases import any_of
from postroom_ingest.parse.structure import Part
from postroom_ingest.parse.words import decode_words

_DAEMON = re.compile(
    rb"mail(?:er)?[-_. ]?d(?:a|ae|ea)mon|\bpo+st_?master\b|mdaemon@|mail[-_. ]?deliver(?:y|ed)?[-_. ]"
    rb"(?:sub)?(?:system|service)|mail (?:admin|system)|delivery (?:sub)?system|system administrator|\bmailadm"
    rb"|ndr administrator|<>|complaints?@email-abuse|staff@hotmail\.com|@sns\.amazonaws\.com|mail_service@"
    rb"|_smtp_gateway",
    re.IGNORECASE,
)
_STRICT_DAEMON = re.compile(
    rb"mail(?:er)?[-_. ]?d(?:a|ae|ea)mon|\bpo+st_?master@|<po+stmaster>|mail[-_. ]?delivery?[-_. ](?:sub)?system"
    rb"|@sns\.amazonaws\.com",
    re.IGNORECASE,
)
_SUBJECT = any_of(
    r"""
    (?:permanent )?undeliver|permanent (?:delivery|fail)|rejected:|nicht zugestellt|zustell|non[- ]?deliver
    un-?delivered|returned (?:mail|message|to sender)
    delivery (?:status|failure|failed|report|notification|problem|error|delayed|has failed|incomplete|to the following)
    delayed mail|mail (?:could not be|delivery|system error|error|not delivered|status report|failure|failed)
    failure notice|failure delivery|failed mail|failed:
    message (?:delayed|status|delivery|could not|undeliver|not delivered|you sent|rejected)
    warning: (?:message|could not|.{0,80}(?:user unknown|delayed))|email delivery
    your (?:message|e?-?mail)[^:]{0,40}(?:could not|cannot|couldn't|was not|wasn't|undeliver|rejected|delayed)
    could not be delivered|cannot deliver|unable to deliver|dsn[: ]|nondeliverable
    there was an error sending your mail|automatic(?:ally)? rejected|postmaster notify|processing error|user unknown
    rejected mail|bounced? (?:mail|message|e-?mail)|loop alert|postfix smtp server: errors|unzustellbar
    mail konnte nicht|non remis|impossible de remettre|non[ -]remise|no se (?:puede|pudo) entregar|no entregad
    mensaje no|mancata consegna|impossibile recapitare|niet bezorgd|onbestelbaar|недоставлен
    ваше сообщение не|não (?:foi )?entregue|配信|送信エラー|メールエラー|メール.{0,8}(?:エラー|不能)|退信|投递失败
    系统退信|無法傳遞|无法送达|未送达|falha na entrega|não é possível entregar
    échec de (?:la )?(?:remise|distribution)|oleverer
    (?:avviso di )?mancata consegna|consegna non riuscita
    correo devuelto|mensaje devuelto|teruggestuurde? (?:mail|bericht)
    bezorging mislukt
    niedostarcz|nie dostarczon|zwrot: |nedoruč|nem kézbesít|sikertelen kézbesítés|nelivrat|teslim edilem
    går inte att lev|kan ikke lever|kunne ikke lever|ikke leveret|toimittamaton|ei voitu toimittaa
    αδυναμία παράδοσης|не удает|не доставлен|недоставлене|не вдалося|возврат (?:почты|письма|сообщения)
    배달되지|반송(?:된|:| ?메일)|\[?(?:메일 )?(?:전송|발송) ?실패
    메일 (?:전송|발송)|تعذر (?:تسليم|الت)|فشل (?:تسليم|الت|في تسليم)|تحویل نشد
    לא נמסר|ההודעה לא|gửi không thành công|tidak terkirim
    """,
    before=r"(?:\[[^\]]{1,40}\] ?)?",
)
_REPLY = re.compile(r"\s*(?:re|aw|fwd?|wg|tr|sv|antw?|rv|vs|odp|ynt|res|enc|回复|转发)\s*:".encode(), re.IGNORECASE)
_REPORT_PARTS: Final = frozenset(
    {
        "message/delivery-status",
        "message/xdelivery-status",
        "message/global-delivery-status",
        "message/feedback-report",
        "message/disposition-notification",
        "message/global-disposition-notification",
    }
)


class Signs(NamedTuple):
    """What the head of a mail shows that may be a report."""

    report: bool
    """It declares itself one: multipart/report."""
    daemon: bool
    """The sender is what MTAs call themselves, and nothing else."""
    likely: bool
    """The sender may be one: gateways, list managers, phone companies."""
    null_sender: bool
    """RFC 3464 section 2: reports go out with the null return path, but so do vacation notices."""
    subject: bool
    failed: bytes
    """X-Failed-Recipients, which Exim and Gmail add."""
    answer: bool
    """The subject is that of a reply or a forwarded mail: a person's, about a report."""


def signs_of(headers: Headers, root: Part, envelope_from: str | None = None) -> Signs | None:
    """The signs, or None for a mail that is surely no report."""
    sender = headers.value("from")
    subject = headers.value("subject")
    answer = bool(_REPLY.match(subject))
    null = _null_sender(headers, envelope_from)
    failed = headers.value("x-failed-recipients")
    opts_out = "x-apple-unsubscribe" in headers
    report = root.type == "multipart/report" or root.type in _REPORT_PARTS
    likely = bool(_DAEMON.search(sender)) or "x-mlserver" in headers
    likely = likely or (not sender and b"@" not in headers.value("return-path"))
    titled = not answer and _telling(subject, decoded=likely or null)
    inside = any(child.type in _REPORT_PARTS for child in root.children)
    if not (report or failed or likely or null or titled or inside or opts_out):
        return _labelled(subject)
    daemon = (bool(_STRICT_DAEMON.search(sender)) and (titled or not _by_postmaster(headers))) or (likely and null)
    return Signs(report, daemon, likely, null, titled, failed, answer)


def _by_postmaster(headers: Headers) -> bool:
    """Whether a person writes as postmaster: with a return path to themselves and a mail program."""
    path = headers.value("return-path").strip(b"<> ").lower()
    program = "user-agent" in headers or "x-mailer" in headers
    return program and path.startswith(b"postmaster@") and path in headers.value("from").lower()


def _labelled(subject: bytes) -> Signs | None:
    """Gateways of some companies answer as `RE: <subject> : non remis`."""
    return Signs(False, False, True, False, True, b"", False) if b"non remis" in subject.lower() else None


def _null_sender(headers: Headers, envelope_from: str | None) -> bool:
    if envelope_from is not None:
        return not envelope_from.strip("<> \t")
    path = headers.value("return-path")
    return path == b"<>" or (b"daemon" in path.lower() and b"@" not in path)


def _telling(subject: bytes, *, decoded: bool) -> bool:
    """Whether the subject is one that MTAs write. Encoded ones cost more: only `decoded` where the sender fits."""
    if subject.startswith(b"=?"):
        return decoded and bool(_SUBJECT.match(decode_words(subject[:400], [])))
    return bool(_SUBJECT.match(subject[:200].decode("utf-8", "replace")))
