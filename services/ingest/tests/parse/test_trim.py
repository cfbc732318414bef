"""What is new in a mail: own words, quotation, signature."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.parse import html as markup
from postroom_ingest.parse.limits import MAX_TEXT_CHARS
from postroom_ingest.parse.trim import trim

OWN = "Thank you, that helped.\n\nIt still blinks, though."
OLD = "Have you tried the other cable?\nBest,\nSupport"
QUOTED = "\n".join(f"> {line}" for line in OLD.split("\n"))

ATTRIBUTIONS = {
    "en": "On Mon, Feb 1, 2016 at 4:58 AM -0800, Ada <ada@example.org> wrote:",
    "en-apple": "On 28 Jan 2016, at 19:04, Ada Byron <ada@example.org> wrote:",
    "en-no-space": "On Tue, Apr 29, 2014 at 4:22 PM, Ada <ada@example.org>wrote:",
    "en-wrapped": "On Mon, Aug 19, 2013 at 2:36 AM, Ada Byron via Forum <\nada@example.org> wrote:",
    "en-wrapped-thrice": "On Nov 21, 2014,\nat 10:18,\nAda Byron <ada@example.org> wrote:",
    "en-yahoo": "--- On Wed, 4/4/12, Ada <ada@example.org> wrote:",
    "en-zoho": "---- On Wed, 24 Feb 2021 14:02:50 +0530 ada@example.org wrote ----",
    "en-name-first": "Ada Byron <ada@example.org> wrote on Mon, 5 May 2023 at 10:04:",
    "de": "Am 03.02.2016 3:35 nachm. schrieb Max Mustermann <max@example.org>:",
    "de-um": "Am 25.06.2015 um 10:55 schrieb Max Mustermann:",
    "de-wrapped": "Am Mi., 3. Feb. 2016 um 15:35 Uhr schrieb Max Mustermann\n<max@example.org>:",
    "de-name-first": "Max Mustermann <max@example.org> schrieb am Fr., 28. Apr. 2017 um 11:53 Uhr:",
    "fr": "Le 19/03/2014 11:34, Georges du Chemin a écrit\u00a0:",
    "fr-wrapped": 'Le 4 janv. 2016 19:03, "Ada Byron"\n<ada@example.org>\na écrit :',
    "es": "El 19/03/2014 11:34, Juan Pérez <juan@example.org> escribió:",
    "ca": "El 19/03/2014 11:34, Juan Pérez <juan@example.org> ha escrit:",
    "pt": "Em seg, 27 de jul de 2015 17:13, Ada <ada@example.org> escreveu:",
    "it": "Il giorno mer 3 feb 2016 alle ore 15:35 Ada <ada@example.org> ha scritto:",
    "nl": 'Op 10 dec. 2015 18:35 schreef "Ada Byron" <ada@example.org>:',
    "nl-heeft": "Op 24 aug. 2013 om 16:48 heeft Ada <ada@example.org> het volgende geschreven:",
    "da": "Den 15. jun. 2016 kl. 20.42 skrev Ada Byron <ada@example.org>:",
    "nb": "tir. 18. apr. 2017 kl. 13:09 skrev Ada Byron <ada@example.org>:",
    "sv": "Den tors 3 feb. 2022 kl 15:35 skrev Ada <ada@example.org>:",
    "fi": "pe 3. helmik. 2017 klo 15.35 Ada <ada@example.org> kirjoitti:",
    "pl": "W dniu 7 stycznia 2015 15:24 użytkownik Ada <ada@example.org> napisał:",
    "pl-dnia": "Dnia 14 lip 2015 o godz. 00:25 Ada <ada@example.org> napisał(a):",
    "pl-pisze": "W dniu 2015-01-07 14:23, ada@example.org pisze: ",
    "cs": "Dne st 3. 2. 2016 15:35 uživatel Ada <ada@example.org> napsal:",
    "sk": "st 3. 2. 2016 o 15:35 Ada <ada@example.org> napísal(a):",
    "hu": "Ada <ada@example.org> ezt írta (időpont: 2016. febr. 3., Sze, 15:35):",
    "hu-plain": '2013.02.08. 7:31 keltezéssel, "Ada Byron" írta:',
    "ro": "În data de mie., 3 feb. 2016 la 15:35, Ada <ada@example.org> a scris:",
    "tr": "Ada <ada@example.org>, 3 Şub 2016 Çar, 15:35 tarihinde şunu yazdı:",
    "el": "Στις Τετ 3 Φεβ 2016 στις 3:35 μ.μ., ο χρήστης Ada <ada@example.org> έγραψε:",
    "ru": 'суббота, 14 марта 2015 г. 10:11 пользователь "Ada" <\nada@example.org> написал:',
    "ru-gmail": "вт, 5 янв. 2016 г. в 23:39, Ada <ada@example.org>:",
    "ru-yandex": '26.06.2014, 14:41, "Ada" <ada@example.org>:',
    "ru-mail": "Четверг, 26 июня 2014, 13:31 +04:00 от Ada <ada@example.org>:",
    "uk": '30 серп. 2016 р. 20:45 "Ada" <ada@example.org> пише:',
    "bg": "На ср, 3.02.2016 г. в 15:35 Ada <ada@example.org> написа:",
    "zh": "在 2016年12月12日，下午8:45，Ada <ada@example.org> 写道：",
    "zh-gmail": "Ada <ada@example.org> 于2016年2月3日周三 15:35写道：",
    "zh-tw": "Ada <ada@example.org> 於 2016年2月3日 週三 下午3:35寫道：",
    "ja": "2016年2月3日(水) 15:35 Ada <ada@example.org>:",
    "ja-apple": "2016/11/08 14:26、Ada <ada@example.org> のメール:",
    "ja-wrote": "2016年2月3日 15:35 Ada <ada@example.org> さんは書きました:",
    "ko": "2016. 11. 8. 오후 12:39 Ada <ada@example.org> 작성:",
    "ko-gmail": "2016년 2월 3일 (수) 오후 3:35, Ada <ada@example.org>님이 작성:",
    "vi": "Vào Th 4, 3 thg 2, 2016 vào lúc 15:35 Ada <ada@example.org> đã viết:",
    "id": "Pada tanggal Rab, 3 Feb 2016 pukul 15.35 Ada <ada@example.org> menulis:",
    "fa": "\u202bدر تاریخ چهارشنبه ۳ فوریهٔ ۲۰۱۶ ساعت ۱۵:۳۵ Ada <ada@example.org> نوشت:\u202c",
    "ar": "في الأربعاء، 3 فبراير 2016 15:35 Ada <ada@example.org> كتب:",
    "he": "\u202bבתאריך יום ד׳, 3 בפבר׳ 2016 ב-15:35 מאת \u202aAda\u202c <\u202aada@example.org\u202c>:\u202c",
    "iso": "2014-03-20 8:48 GMT+01:00 Ada Byron <ada@example.org>:",
    "iso-wrapped": "2016-10-24 15:36 GMT+02:00 Ada Byron <\nada@example.org>:",
}

MARKERS = [
    "-----Original Message-----", "*-------- Original Message --------*", "-----Ursprüngliche Nachricht-----",
    "-------- Oprindelig besked --------", "----- Mensaje original -----", "-----Message d'origine-----",
    "-----Messaggio originale-----", "----- Mensagem original -----", "-----Oorspronkelijk bericht-----",
    "----- Исходное сообщение -----", "------------------ 原始邮件 ------------------",
    "---------- Forwarded message ---------", "Begin forwarded message:",
    "## Please type your reply above this line. ##", "--- Reply above. Do not remove this line. ---",
]  # fmt: skip

HEADS = [
    "From: Ada <ada@example.org>\nSent: Thursday, 28 January 2016 8:16 p.m.\nTo: Max\nSubject: Cable",
    "*From:* Ada\n*Sent:* 2016-01-27\n*To:* max@example.org\n*Subject:* Cable",
    "________________________________\nFrom: Ada <ada@example.org>\nSent: Thursday\nTo: Max\nSubject: Cable",
    "Von: Ada <ada@example.org>\nGesendet: Donnerstag, 23. März 2023 17:11\nAn: Max\nBetreff: AW: Kabel",
    "      De : Ada <ada@example.org>\n À : max@example.org\n Envoyé le : Mercredi 30 novembre\n Objet : Re: Câble",
    "De: Ada <ada@example.org>\nEnviado el: jueves, 28 de enero de 2016\nPara: Max\nAsunto: Cable",
    "Da: Ada <ada@example.org>\nInviato: giovedì 28 gennaio 2016\nA: Max\nOggetto: Cavo",
    "Från: Ada [mailto:ada@example.org]\nSkickat: den 5 juni 2017 12:22\nTill: max@example.org\nÄmne: Kabel",
    "От: Ada\nОтправлено: \u200eчетверг\u200e, \u200e26\u200e июня\nКому: Max",
    "发件人: Ada <ada@example.org>\n发送时间: 2016年1月28日 8:16\n收件人: Max\n主题: 电缆",
    "差出人: Ada <ada@example.org>\n送信日時: 2016年1月28日 8:16\n宛先: Max\n件名: ケーブル",
    "보낸 사람: Ada <ada@example.org>\n보낸 날짜: 2016년 1월 28일\n받는 사람: Max\n제목: 케이블",
    "Date: Thu, 26 Jun 2014 13:53:45 +0400\nSubject: Cable\nFrom: ada@example.org\nTo: max@example.org",
]

DEVICES = [
    "Sent from my iPhone", "Sent from my cell, please excuse any typos.",
    "Sent from [Mail](https://go.example.org/?LinkId=550986) for Windows 10",
    "Get Outlook for iOS<https://aka.example.org/o0ukef>", "(Sent from mobile device)",
    "Envoyé depuis mon iPhone", "Envoyé de mon iPad", "Von meinem iPhone gesendet",
    "Gesendet von Yahoo Mail auf Android", "Enviado desde mi iPhone", "Enviado do meu iPhone",
    "Inviato da iPhone", "Verstuurd vanaf mijn iPhone", "Sendt fra min iPad",
    "Skickat från min iPhone", "Lähetetty iPhonesta", "Wysłane z iPhone'a", "Odesláno z iPhonu",
    "Отправлено с iPhone", "Надіслано з iPhone", "iPhone'umdan gönderildi",
    "Trimis de pe iPhone-ul meu", "發自我的 iPhone", "從我的 iPhone 傳送", "发自我的iPhone", "iPhoneから送信",
    "나의 iPhone에서 보냄", "Gửi từ iPhone của tôi", "أُرسلت من الـ iPhone", "נשלח מה-iPhone שלי",
]  # fmt: skip


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize("old", [QUOTED, OLD], ids=["quoted", "bare"])
def test_hides_what_an_attribution_introduces(line: str, old: str) -> None:
    trimmed = trim(f"{OWN}\n\n{line}\n\n{old}\n")
    assert trimmed.own_words == OWN
    assert trimmed.quotation.split("\n")[0] == line.split("\n")[0].rstrip()
    assert trimmed.quotation.endswith("Support")
    assert not trimmed.inline


@pytest.mark.parametrize("head", [*MARKERS, *HEADS])
def test_hides_what_stands_below_the_head_of_an_older_mail(head: str) -> None:
    trimmed = trim(f"{OWN}\n\n{head}\n\n{OLD}")
    assert trimmed.own_words == OWN
    assert trimmed.quotation == f"{head}\n\n{OLD}"


@pytest.mark.parametrize("line", DEVICES)
def test_hides_the_line_of_a_device(line: str) -> None:
    trimmed = trim(f"{OWN}\n\n{line}\n\n{QUOTED}")
    assert (trimmed.own_words, trimmed.signature, trimmed.quotation) == (OWN, line, QUOTED)


@pytest.mark.parametrize(
    "signature",
    [
        "--\nAda Byron",
        "-- \nAda Byron\nAnalytical Engines Ltd.\nLondon",
        "__\nusers mailing list\nusers@lists.example.org",
        "_______________________________________________\nusers mailing list\nhttps://lists.example.org/users",
        "—————\nAda Byron\nPhone +44 20 5550 1234",
        "-- \nAda\n\nSent from my iPhone",
        "Best regards,\nAda Byron\nAnalytical Engines Ltd.\n+44 20 5550 1234",
    ],
)
def test_hides_a_signature(signature: str) -> None:
    trimmed = trim(f"{OWN}\n{signature}\n")
    assert (trimmed.own_words, trimmed.quotation) == (OWN, "")
    assert [line.rstrip() for line in signature.split("\n")] == trimmed.signature.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Sent from the warehouse on Monday, it has not arrived.",
        "The parcel is on its way.\n\nSent via UPS, number 1Z 9999",
        "Here is another mail\n\nSent from my desk, is much easier than my mobile phone.",
        "Please look at:\n-- the first point\n-- the second point\n-- the third point",
        "On Thursday:\n\nThe light blinks.\n\nOn Friday:\n\nIt is dark.",
        "On this day\n\nI wrote something\n\nwhich was very interesting.",
        "On 5 May you wrote:\n\nYour parcel is on its way.\n\nIt is not.",
        "It happened at:\n2024-01-15 14:30:25\n15.01.2024 14:30\nJan 15, 2024 at 14:30",
        "I need a ticket\nFrom: Berlin\nTo: Paris\nDate: 5 May 2026",
        "Order\n-----\nOne cable please.",
        "We tried -- and failed.",
        "My new address:\nada@example.org",
        "Thanks,\nAda",
        "Best regards\n\nAda Byron",
        "Two things:\n- one\n- two",
    ],
)
def test_keeps_a_senders_own_words_whole(text: str) -> None:
    trimmed = trim(text)
    assert (trimmed.own_words, trimmed.quotation, trimmed.signature) == (text, "", "")


INLINE = """\
On 3 May 2026 at 10:00, Support <support@example.org> wrote:
> Which cable?

The blue one.

> And which lamp?

The red one."""


def test_keeps_answers_between_quoted_lines_with_what_they_answer() -> None:
    trimmed = trim(f"Hello,\n\n{INLINE}\n\n> Regards\n> Support\n\n-- \nAda")
    assert trimmed.own_words == f"Hello,\n\n{INLINE}"
    assert (trimmed.quotation, trimmed.signature) == ("> Regards\n> Support", "-- \nAda".replace(" \n", "\n"))
    assert trimmed.inline


def test_keeps_answers_within_a_mail_quoted_without_marks_where_the_sender_says_so() -> None:
    text = f"Hi, see my answers below in red.\n\n{HEADS[0]}\n\nWhich cable?\nThe blue one."
    trimmed = trim(text)
    assert (trimmed.own_words, trimmed.inline) == (text, True)


def test_shows_words_written_below_a_quoted_mail_alone() -> None:
    trimmed = trim(f"{ATTRIBUTIONS['en-wrapped']}\n\n{QUOTED}\n\n{OWN}")
    assert (trimmed.own_words, trimmed.inline) == (OWN, False)
    assert trimmed.quotation == f"{ATTRIBUTIONS['en-wrapped']}\n\n{QUOTED}"


def test_keeps_a_quotation_without_an_attribution_above_the_answer() -> None:
    text = f"> Which cable?\n\n{OWN}"
    assert trim(text).own_words == text


@pytest.mark.parametrize("text", [QUOTED, f"{HEADS[0]}\n\n{OLD}", "Sent from my iPhone", "-- \nAda", "", "\n \n"])
def test_shows_the_whole_where_nothing_would_be_left(text: str) -> None:
    trimmed = trim(text)
    assert trimmed.own_words.split() == text.split()
    assert (trimmed.quotation, trimmed.signature) == ("", "")


def _from_html(source: str) -> tuple[str, str]:
    clean = markup.sanitised(source)
    return markup.as_text(clean), clean


def test_takes_blockquotes_of_html_for_quotation_after_an_attribution() -> None:
    head = "<div>On 3 May 2026 at 10:00, Ada &lt;ada@example.org&gt; wrote:</div>"
    text, html = _from_html(f"{head}<blockquote><p>Which cable?</p></blockquote><p>The blue one.</p>")
    assert trim(text, html).own_words == "The blue one."
    assert trim(text).own_words != "The blue one."


def test_keeps_answers_between_blockquotes_of_html() -> None:
    head = "<p>Hello</p><div>On 3 May 2026 at 10:00, Ada &lt;ada@example.org&gt; wrote:</div>"
    quote = "<blockquote>Which cable?</blockquote><p>The blue one.</p><blockquote>And which lamp?</blockquote>"
    text, html = _from_html(f"{head}{quote}<p>The red one.</p>")
    trimmed = trim(text, html)
    assert (trimmed.own_words, trimmed.inline) == (text, True)


def test_leaves_an_indented_part_of_own_html_alone() -> None:
    text, html = _from_html("<p>The poem:</p><blockquote>I wandered lonely</blockquote>")
    assert trim(text, html).own_words == text


def test_does_without_html_that_does_not_say_the_same_as_the_text() -> None:
    assert trim(OWN, "<blockquote>Something else</blockquote>").own_words == OWN


_LINES = st.sampled_from(
    [
        "", " ", "word", "Two words.", "> quoted", ">> deeper", "-- ", "---", "Thanks,", "Ada", "ada@example.org",
        "Sent from my iPhone", "wrote:", "On", "From: Ada <a@b.org>", "To: x",
        "Subject: y", "-----Original Message-----",
        *ATTRIBUTIONS.values(),
    ]
)  # fmt: skip
_TEXTS = st.lists(_LINES | st.text(max_size=30), max_size=25).map("\n".join)


@given(_TEXTS)
def test_own_words_are_lines_of_the_text(text: str) -> None:
    own = trim(text).own_words
    assert own.strip() or not text.strip()
    left = iter(line.rstrip() for line in text.split("\n"))
    assert all(any(line == other for other in left) for line in own.split("\n") if line)


@given(_TEXTS)
def test_every_line_is_shown_or_counted_as_cut(text: str) -> None:
    trimmed = trim(text)
    parts = f"{trimmed.own_words}\n{trimmed.quotation}\n{trimmed.signature}"
    assert sorted(parts.split()) == sorted(text.split())


@given(st.lists(st.from_regex(r"[A-Za-z]{1,8}( [a-z]{1,8}){0,5}[.?]", fullmatch=True), min_size=1, max_size=6))
def test_an_answer_between_quoted_lines_survives(answers: list[str]) -> None:
    body = "\n\n".join(f"> Question {number}?\n\n{answer}" for number, answer in enumerate(answers))
    own = trim(f"{ATTRIBUTIONS['en']}\n\n{body}\n\n> The end").own_words
    for number, answer in enumerate(answers):
        assert f"> Question {number}?\n\n{answer}" in own


@pytest.mark.parametrize(
    "piece",
    [
        "On ", "On 1:00 2016 a@b.c ", "wrote:\n", "On x\nwrote:\n", "From: a@b.c\n", "From: x\nTo:\n",
        "-", "-\n", "--\n", ">", "> \n", "> a\nb\n", ":\n", "To\n",
        " ", "\n", "a@b.c:\n", "1 2016 10:00 <a@b.c>\n", "[x](", "<<http://", "reply ", "answers ",
        "Sent from my ", "Sent from my x\n",
        "best ", "\u202b", "1-1-1-", "Original Message\n", "antwort ", "Best regards\nAda\n", "-- \n\n",
    ],
)  # fmt: skip
def test_time_is_bounded(piece: str) -> None:
    text = piece * (MAX_TEXT_CHARS // len(piece) + 10)
    started = time.process_time()
    trim(text)
    trim(f"x\n{text}", f"<p>x</p><blockquote>{text}</blockquote>")
    assert time.process_time() - started < 8
