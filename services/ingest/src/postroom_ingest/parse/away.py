"""Subjects that reply programs write, in the languages of the programs. Pure; knows words only."""

import re
import unicodedata
from typing import Final, Literal

Wording = Literal["reply", "notice", "away"]

# Exchange, Outlook.com, QQ Mail and other mailboxes put this and a colon before the subject they answer.
_REPLY: Final = """
automatic reply|automatic response|automated reply|automated response|auto reply|auto-reply|autoreply|auto response
auto-response|autoresponse|autorespons|out of office autoreply|out of office auto-reply
automatische antwort|automatische abwesenheitsnotiz|réponse automatique|réponse d'absence
respuesta automática|risposta automatica|risposta non al computer|resposta automática|resposta automàtica
automatisch antwoord|automatisch antwoordbericht|autosvar|automatiskt svar|automatisk svar|automatisk besvarelse
automaattinen vastaus|automaatvastus|automaatne vastus|automātiska atbilde|automātiskā atbilde
automatinis atsakymas|automatyczna odpowiedź|autoodpowiedź|automatická odpověď|automatická odpoveď
automatikus válasz|răspuns automat|automatski odgovor|samodejni odgovor|аутоматски одговор|автоматичен отговор
автоматический ответ|автоответ|автоматична відповідь|автовідповідь|автоматты жауап|αυτόματη απάντηση
otomatik yanıt|otomatik cevap|رد تلقائي|الرد التلقائي|رد آلي|پاسخ خودکار|תגובה אוטומטית|מענה אוטומטי|מענה 'אני לא נמצא'
स्वचालित उत्तर|自动回复|自动答复|自動回覆|自動回復|自動答覆|自動応答|自動返信|자동 회신|자동 응답|자동 답장
การตอบกลับอัตโนมัติ|ตอบกลับอัตโนมัติ|trả lời tự động|tự động trả lời|balasan otomatis|balasan automatik
erantzun automatikoa
odpowiedź automatyczna|תשובה אוטומטית|sjálfvirkt svar|sjálfvirk svörun|avtomatik cavab
përgjigje automatike|awtomatikong tugon|स्वचालित प्रत्युत्तर|स्वचालित जवाब|স্বয়ংক্রিয় উত্তর|majibu otomatiki|awtomatik jogap
ավտոմատ պատասխան|ავტომატური პასუხი|外出自动回复|外出自動回覆
"""
# The older wording of the same programs, which people use as well.
_NOTICE: Final = """
out of office|out of the office|out-of-office|abwesenheitsnotiz|abwesenheitsbenachrichtigung|abwesenheitsmeldung
message d'absence|avis d'absence|absence du bureau|absent du bureau|fuera de oficina|fuera de la oficina|fuori sede
fuori ufficio|fora do escritório|afwezigheidsbericht|afwezigheidsassistent|ikke til stede|ikke på kontoret
poza biurem|frånvaromeddelande|poissaoloviesti|autoresponder|休假通知|外出通知
mimo kancelář|mimo kanceláře|mimo kancelárie|házon kívül|εκτός γραφείου|нет на месте|вне офиса|ofis dışında
不在通知|外出中|不在のお知らせ|부재중|خارج المكتب|vacation reply|vacation response|vacation message|vacation notice
"""
# Said of an absence; by itself any person's subject.
_AWAY: Final = """
vacation|holiday|on leave|annual leave|maternity leave|parental leave|away from|i am away|i'm away|ooo
currently away|abwesen|urlaub|nicht im büro|außer haus|nicht am platz|absence|absent|vacances|congé|vacacion|ausen
ferie|vacanz|assen|férias|afwezig|vakantie|frånvar|semester|fravær|loma|poissa|urlop|nieobecn|dovolen|szabadság
concedi|отпуск|отсутств|відпустк|відсутн|izin|tatil|atvaļinājum|prombūtn|atostog|puhkus|godišnj|odmor|dopust|απουσ|αδεια
休假|休暇|外出|出差|不在|휴가|부재|إجاز|مرخصی|nghỉ phép|cuti
"""
_LEAD_END: Final = re.compile(r"(?:^|[\s\[(:])(?:re|aw|sv|vs|antw|odp|回复|回覆)\s*:")
_LOOKED_AT: Final = 160


def _folded(text: str) -> str:
    """Lower case without accents: programs that cannot write them leave them out."""
    text = text.lower()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _any_of(phrases: str) -> str:
    words = sorted({_folded(word) for word in phrases.strip().replace("\n", "|").split("|")}, key=len, reverse=True)
    return "|".join(map(re.escape, words))


_PREFIX: Final = re.compile(rf"(?:(?P<reply>{_any_of(_REPLY)})|(?P<notice>{_any_of(_NOTICE)}))\s*:\s*\S")
_REPLY_SAID: Final = re.compile(_any_of(_REPLY))
_NOTICE_SAID: Final = re.compile(_any_of(_NOTICE))
_AWAY_SAID: Final = re.compile(rf"(?<!\w)(?:{_any_of(_AWAY)})|is out of")


def prefix(subject: str) -> Wording | None:
    """Which wording stands before a colon and the answered subject, at the very start: `reply`, `notice` or None."""
    if ":" not in subject and "\N{FULLWIDTH COLON}" not in subject:
        return None
    found = _PREFIX.match(_folded(subject[:_LOOKED_AT]).lstrip())
    return None if found is None else "reply" if found["reply"] else "notice"


def wording(subject: str) -> Wording | None:
    """The strongest wording in what the program itself wrote, that is, before a `Re:` and the answered subject."""
    said = _folded(subject[:_LOOKED_AT])
    if answered := _LEAD_END.search(said):
        said = said[: answered.start()]
    if _REPLY_SAID.search(said):
        return "reply"
    if _NOTICE_SAID.search(said):
        return "notice"
    return "away" if _AWAY_SAID.search(said) else None


def tells_absence(subject: str) -> bool:
    """Whether an automatic reply with this subject says that its owner is away."""
    found = wording(subject)
    return found in {"notice", "away"} or prefix(subject) == "reply"
