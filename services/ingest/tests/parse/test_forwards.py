"""Forwards within the text: every client's form, in the languages it comes in; who the customer is; hostile text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.parse.forwards import Forwarded, forwarded, requester_of
from postroom_ingest.parse.forwards.attached import of_message
from postroom_ingest.parse.forwards.finding import find_forward, may_hold_forward
from postroom_ingest.parse.forwards.requester import is_address
from postroom_ingest.parse.forwards.subjects import read_subject
from postroom_ingest.parse.model import Address

JANE = Address("Jane Doe", "jane@customer.example")
HEADS = {
    "en": ("Forwarded message", "From:", "Date:", "Subject:", "To:", "Cc:"),
    "bg": ("Препратено съобщение", "От:", "Изпратено:", "Относно:", "До:", "Копие:"),
    "cs": ("Přeposlaná zpráva", "Od:", "Datum:", "Předmět:", "Komu:", "Kopie:"),
    "da": ("Videresendt meddelelse", "Fra:", "Dato:", "Emne:", "Til:", "Cc:"),
    "de": ("Weitergeleitete Nachricht", "Von:", "Gesendet:", "Betreff:", "An:", "Kopie (CC):"),
    "el": ("Προωθημένο μήνυμα", "Από:", "Ημερομηνία:", "Θέμα:", "Προς:", "Κοιν.:"),
    "es": ("Mensaje reenviado", "De:", "Fecha:", "Asunto:", "Para:", "CC:"),
    "et": ("Edastatud kiri", "Saatja:", "Kuupäev:", "Teema:", "Saaja:", "Koopia:"),
    "fi": ("Välitetty viesti / Fwd.Msg", "Lähettäjä:", "Päiväys:", "Aihe:", "Vastaanottaja:", "Kopio:"),
    "fr": ("Message transféré", "De :", "Envoyé :", "Objet :", "À :", "Copie à :"),
    "eu": ("Forwarded message", "Nork:", "Noiz:", "Gaia:", "Nori:", "Cc:"),
    "hi": ("Forwarded message", "प्रेषक:", "दिनांक:", "विषय:", "प्रति:", "Cc:"),
    "hr": ("Proslijeđena poruka", "Šalje:", "Datum:", "Naslov:", "Prima:", "CC:"),
    "hu": ("Továbbított üzenet", "Feladó:", "Dátum:", "Tárgy:", "Címzett:", "Másolatot kap:"),
    "it": ("Messaggio inoltrato", "Da:", "Inviato:", "Oggetto:", "A:", "Cc:"),
    "ja": ("メッセージを転送", "送信元：", "日付：", "件名：", "送信先：", "CC："),
    "ko": ("전달된 메시지", "보낸 사람:", "날짜:", "제목:", "받는 사람:", "참조:"),
    "lt": ("Persiųstas laiškas", "Nuo:", "Data:", "Tema:", "Kam:", "Kopija:"),
    "lv": ("Pārsūtīta ziņa", "No:", "Datums:", "Temats:", "Kam:", "Kopija:"),
    "nl": ("Doorgestuurd bericht", "Van:", "Verzonden:", "Onderwerp:", "Aan:", "CC:"),
    "no": ("Videresendt melding", "Fra:", "Sendt:", "Emne:", "Til:", "Kopi:"),
    "pl": ("Treść przekazanej wiadomości", "Nadawca:", "Data:", "Temat:", "Adresat:", "DW:"),
    "pt": ("Mensagem reencaminhada", "De:", "Enviado:", "Assunto:", "Para:", "Cc:"),
    "pt-br": ("Mensagem encaminhada", "De:", "Enviada em:", "Assunto:", "Para:", "Cc:"),
    "ro": ("Mesaj redirecționat", "de la:", "Dată:", "Subiect:", "Către:", "CC:"),
    "ru": ("Пересылаемое сообщение", "От кого:", "Дата:", "Тема:", "Кому:", "Копия:"),
    "sk": ("Preposlaná správa --- Forwarded Message", "Od:", "Dátum:", "Predmet:", "Pre:", "Kópia:"),
    "sl": ("Posredovano sporočilo", "Od:", "Poslano:", "Zadeva:", "Za:", "Kp:"),
    "sv": ("Vidarebefordrat meddelande", "Från:", "Skickat:", "Ämne:", "Till:", "Kopia:"),
    "tr": ("İletilmiş Mesaj", "Gönderen:", "Tarih:", "Konu:", "Kime:", "Bilgi:"),
    "uk": ("Переслане повідомлення", "Від:", "Дата:", "Тема:", "Кому:", "Копія:"),
    "zh-CN": ("转发邮件信息", "发件人：", "发送日期：", "主题：", "收件人：", "抄送："),
    "zh-TW": ("轉寄郵件", "寄件者:", "寄件日期:", "主旨:", "收件者:", "副本:"),
    "ar": ("رسالة معاد توجيهها", "من:", "التاريخ:", "الموضوع:", "إلى:", "نسخة:"),
    "he": ("הודעה שהועברה", "מאת:", "תאריך:", "נושא:", "אל:", "עותק:"),
    "fa": ("پیام هدایت شده", "از:", "تاریخ:", "موضوع:", "به:", "رونوشت:"),
}
VALUES = (
    "Jane Doe <jane@customer.example>",
    "Wed, 3 Nov 2021 15:51",
    "Broken lamp",
    "bob@shop.example, Eve <eve@shop.example>",
    "Max <max@customer.example>",
)
BODY = "It arrived broken.\n\nPlease help.\nJane"


def head(language: str) -> str:
    return "\n".join(f"{label} {value}" for label, value in zip(HEADS[language][1:], VALUES, strict=True))


def assert_all_read(found: Forwarded | None, *, above: str = "FYI") -> None:
    assert found == Forwarded(
        above=above,
        sender=JANE,
        to=(Address("", "bob@shop.example"), Address("Eve", "eve@shop.example")),
        cc=(Address("Max", "max@customer.example"),),
        subject="Broken lamp",
        date="Wed, 3 Nov 2021 15:51",
        body=BODY,
    )


@pytest.mark.parametrize("language", HEADS)
def test_separator_between_dashes_in_every_language(language: str) -> None:
    words = HEADS[language][0]
    assert_all_read(forwarded("", f"FYI\n\n-------- {words} --------\n{head(language)}\n\n\n{BODY}\n"))


@pytest.mark.parametrize("language", HEADS)
def test_fields_alone_tell_a_forward_when_the_subject_does(language: str) -> None:
    assert_all_read(forwarded("FW: Broken lamp", f"FYI\n\n{head(language)}\n\n{BODY}"))


@pytest.mark.parametrize("language", HEADS)
def test_fields_in_a_reply_are_its_quotation(language: str) -> None:
    assert forwarded("Re: Broken lamp", f"Thanks!\n\n{head(language)}\n\n{BODY}") is None


@pytest.mark.parametrize(
    "phrase",
    [
        "Begin forwarded message:",
        "Začátek přeposílané zprávy:",
        "Anfang der weitergeleiteten Nachricht:",
        "Début du message réexpédié :",
        "Start på videresendt besked:",
        "Початок листа, що пересилається:",
        "İleti başlangıcı:",
        "Forwarded message:",
    ],
)
@pytest.mark.parametrize("language", ["en", "fr", "ru"])
def test_apple_quotes_all_it_forwards(phrase: str, language: str) -> None:
    quoted = "\n".join(f"> {line}".rstrip() for line in f"{phrase}\n\n{head(language)}\n\n{BODY}".split("\n"))
    assert_all_read(forwarded("Fwd: Broken lamp", f"FYI\n\n{quoted}\n"))
    assert_all_read(forwarded("", f"FYI\n\n{phrase}\n\n{quoted.partition(chr(10))[2]}\n"))  # MailMate


def test_quotation_within_the_forwarded_mail_stays() -> None:
    text = "> Begin forwarded message:\n>\n> From: Jane <j@c.example>\n> Date: 1 May\n>\n> No!\n>> Really?"
    found = forwarded("", text)
    assert found is not None
    assert found.body == "No!\n> Really?"


def test_body_that_alone_is_quoted_loses_one_level() -> None:
    quoted = "\n".join(f"> {line}".rstrip() for line in BODY.split("\n"))
    assert_all_read(forwarded("", f"FYI\n---------- Forwarded message ----------\n{head('en')}\n\n{quoted}\n>\n"))


def test_outlook_on_the_web_draws_a_rule() -> None:
    text = f"FYI\n\n________________________________\n{head('en')}\n\n{BODY}"
    assert_all_read(forwarded("Fw: Broken lamp", text))
    assert_all_read(forwarded("", text))
    assert forwarded("RE: Broken lamp", text) is None


def test_new_outlook_leaves_no_blank_line_above_the_body() -> None:
    lines = head("de").split("\n")
    assert_all_read(forwarded("WG: Broken lamp", "\n".join(["FYI", "", *lines[:2], *lines[3:], lines[2], BODY])))


@pytest.mark.parametrize(
    "line",
    [
        'On 28/10/2021 12:46, "Jane Doe" <jane@customer.example> wrote:',
        "On Wed, Oct 27, 2021 at 9:31 AM Jane Doe <jane@customer.example> wrote:",
        "On Wed, Oct 27, 2021 at 9:31 AM Jane Doe\n<jane@customer.example> wrote:",
        'On 28/10/2021 12:46, "Jane Doe" <jane@customer.example<mailto:jane@customer.example>> wrote:',
        'D. 28/10/2021 12.46 skrev "Jane Doe" <jane@customer.example>:',
        'Am 28.10.21, 12:46 schrieb "Jane Doe" <jane@customer.example>:',
        "Dne 28.10.2021 12:46, Jane Doe <jane@customer.example> napsal(a):",
        'El 28/10/2021 12:46, "Jane Doe" <jane@customer.example> escribió:',
        "Le 28/10/2021 12:46, « Jane Doe » <jane@customer.example> a écrit :",
        "Jane Doe <jane@customer.example> kirjoitti 28.10.2021 kello 12.46:",
        "28/10/2021 12:46 időpontban Jane Doe (jane@customer.example) ezt írta:",
        'Il giorno 28/10/2021, 12:46 "Jane Doe" <jane@customer.example> ha scritto:',
        "Op 28/10/2021 12:46 heeft Jane Doe <jane@customer.example> geschreven:",
        "Op do 28 okt. 2021 om 12:46 schreef Jane Doe <jane@customer.example>:",
        "Jane Doe <jane@customer.example> skrev følgende den 28/10/2021, 12:46:",
        "Dnia 28.10.2021, 12:46 „Jane Doe” <jane@customer.example> napisał:",
        'Em 28/10/21, 12:46, "Jane Doe" <jane@customer.example> escreveu:',
        '28/10/2021, 12:46 пользователь "Jane Doe" <jane@customer.example> написал:',
        "чт, 28 окт. 2021 г. в 12:46, Jane Doe <jane@customer.example>:",
        "28/10/2021 12:46 používateľ Jane Doe (<jane@customer.example>) napísal:",
        'Den 2021-10-28 12:46 skrev "Jane Doe" <jane@customer.example> följande:',
        '"Jane Doe" <jane@customer.example>, 28/10/2021 12:46 tarihinde şunu yazdı:',
        "2021年10月28日(木) 12:46 Jane Doe <jane@customer.example>:",
    ],
)
def test_outlook_2019_forwards_as_if_it_replied(line: str) -> None:
    text = f"FYI\r\n\r\n\ufeff{line}\r\n\r\n    It arrived broken.\r\n    Jane\r\n"
    found = forwarded("FW: Broken lamp", text)
    assert found is not None
    assert (found.above, found.sender, found.subject) == ("FYI", JANE, "Broken lamp")
    assert found.body == "It arrived broken.\nJane"
    assert "28" in found.date or "27" in found.date
    assert forwarded("Re: Broken lamp", text) is None
    assert forwarded("Broken lamp", text) is None


@pytest.mark.parametrize(
    ("separator", "sender", "to", "cc", "date", "subject"),
    [
        ("Forwarded Message", "From:", "To:", "Cc:", "Sent: Tuesday, 2 Nov, 09:26:50 AM GMT+1", "Subject:"),
        ("Przekazana wiadomość", "Od:", "Do:", "Dw ", "Wysłano: wtorek, 2 listopada 2021 09:26:50 CET", "Temat:"),
        (
            "Mensagem reencaminhada",
            "De:",
            "Para:",
            "Cc:",
            "Enviado: terça-feira, 2 de novembro, 09:26:50 CET",
            "Assunto",
        ),
        ("Messaggio inoltrato", "Da:", "A:", "Cc:", "Inviato: martedì 2 novembre 2021, 09:26:50 CET", "Oggetto:"),
        ("Message transmis", "De :", "À :", "Cc :", "Envoyé : mardi 2 novembre 2021 à 09:26:50 UTC+1", "Objet :"),
        ("Перенаправлене повідомлення", "Від:", "Кому:", "Копія:", "Відправлено: вівторок, 09:26:50 GMT+1", "Тема:"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_yahoo_puts_all_fields_in_one_line(
    separator: str, sender: str, to: str, cc: str, date: str, subject: str, *, wrapped: bool
) -> None:
    fields = (
        f'{sender} Jane Doe <jane@customer.example>{to} "b@s.example" <b@s.example>; "Eve" <e@s.example>'
        f"{cc} Max <m@c.example>{date}{subject} Lamp: To: Date"
    )
    fields = fields.replace("Max", "\nMax") if wrapped else fields
    found = forwarded("", f"FYI\n\n   ----- {separator} ----- {fields}\n It broke.\nJane")
    assert found == Forwarded(
        above="FYI",
        sender=JANE,
        to=(Address("", "b@s.example"), Address("Eve", "e@s.example")),
        cc=(Address("Max", "m@c.example"),),
        subject="Lamp: To: Date",
        date=date.partition(":")[2].strip(),
        body="It broke.\nJane",
    )


def test_yahoo_with_many_recipients() -> None:
    to = "; ".join(f'"P{n}" <p{n}@s.example>' for n in range(60))
    line = (
        f"----- Forwarded Message ----- From: Jane Doe <jane@customer.example>To: {to}Sent: 1 May, 10:00Subject: Lamp"
    )
    found = forwarded("", f"{line}\nIt broke.")
    assert found is not None
    assert (found.sender, len(found.to), found.date, found.subject) == (JANE, 60, "1 May, 10:00", "Lamp")


def test_yandex_writes_an_attribution_below_its_separator() -> None:
    text = (
        '-------- Пересылаемое сообщение --------\n03.05.2016, 14:54, "Jane Doe" <jane@customer.example>:\n\nIt broke.'
    )
    found = forwarded("", text)
    assert found is not None
    assert (found.sender, found.date, found.body) == (JANE, "03.05.2016, 14:54", "It broke.")


def test_zoho_repeats_its_separator_below_the_fields() -> None:
    rule = "============ Forwarded message ============"
    assert_all_read(forwarded("Fwd: Broken lamp", f"FYI\n{rule}\n{head('en')}\n{rule}\n\n{BODY}"))


def test_separator_in_an_unknown_language_is_told_by_the_fields_below() -> None:
    assert_all_read(forwarded("", f"FYI\n\n------ Mensahe nga gipasa ------\n{head('en')}\n\n{BODY}"))


@pytest.mark.parametrize(
    "printed",
    [
        '"Jane Doe" <jane@customer.example>',
        "'Jane Doe' <jane@customer.example>",
        "\"'Jane Doe'\" <jane@customer.example>",
        "Jane Doe [mailto:jane@customer.example]",
        "Jane Doe <mailto:jane@customer.example>",
        "Jane Doe [jane@customer.example]",
        "Jane Doe (jane@customer.example)",
        "Jane Doe <jane@customer.example<mailto:jane@customer.example>>",
        "Jane Doe <jane@customer.example> <mailto:jane@customer.example>",
        "Jane Doe\n<jane@customer.example>",
        "*Jane Doe* <jane@customer.example>",
        "Jane Doe <jane@customer.example>;",
    ],
)
@pytest.mark.parametrize("bold", ["", "*", "**"])
def test_every_way_to_print_an_address(printed: str, bold: str) -> None:
    labels = [f"{bold}{label}:{bold}" for label in ("From", "To", "Sent", "Subject")]
    head = f"{labels[0]} {printed}\n{labels[1]} {printed}\n{labels[2]} 1 May\n{labels[3]} ***Lamp*** "
    found = forwarded("FW: x", f"{head}\n\nBroken")
    assert found is not None
    assert (found.sender, found.to, found.subject) == (JANE, (JANE,), "***Lamp***")


def test_names_with_commas_and_names_without_addresses() -> None:
    found = forwarded("FW: x", "From: Doe, Jane <j@c.example>\nSent: 1 May\nTo: Support; Sales Team\nSubject: x\n\nHi")
    assert found is not None
    assert found.sender == Address("Doe, Jane", "j@c.example")
    assert found.to == (Address("Support", ""), Address("Sales Team", ""))


def test_long_lists_wrap() -> None:
    to = "a@s.example,\n b@s.example, Cara\n <c@s.example>"
    head = f"From: J <j@c.example>\nDate: 1 May\nSubject: A very long\n subject\nTo: {to}"
    found = forwarded("", f"---------- Forwarded message ---------\n{head}\n\nHi")
    assert found is not None
    assert [one.address for one in found.to] == ["a@s.example", "b@s.example", "c@s.example"]
    assert (found.subject, found.body) == ("A very long subject", "Hi")


def test_labels_stand_alone_where_html_tables_became_text() -> None:
    head = "Subject:\nLamp\n\nDate:\n1 May\n\nFrom:\nJane Doe <jane@customer.example>\n\nTo:\nb@s.example"
    text = f"-------- Forwarded Message --------\n{head}\n\n\nHi\n"
    found = forwarded("", text)
    assert found is not None
    assert (found.sender, found.subject, found.date, found.body) == (JANE, "Lamp", "1 May", "Hi")


def test_the_outermost_of_several_forwards_is_read() -> None:
    inner = "---------- Forwarded message ---------\nFrom: X <x@c.example>\nDate: 1 April\nSubject: y\n\nOld"
    found = forwarded("", f"FYI\n\n---------- Forwarded message ---------\n{head('en')}\n\n{inner}")
    assert found is not None
    assert found.sender == JANE
    assert found.body == inner


WROTE = "On 1 May 2021, at 11:43, Bob <b@s.example> wrote:"
DASHES = "---------- Forwarded message ---------"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Lamp", "Hello,\n\nmy lamp is broken.\nDate: yesterday\nFrom: your shop\n\nJane"),
        ("Lamp", "Please see the forwarded message: it is all there.\n\nJane"),
        ("Re: Lamp", f"Yes.\n\n> {DASHES}\n> From: X <x@y.example>\n> Date: 1\n"),
        ("Re: Lamp", f"Yes.\n\n{WROTE}\n> {DASHES}\n> From: X <x@y.example>\n> Date: 1\n"),
        ("Re: Lamp", f"Yes.\n\n{WROTE}\n\n{DASHES}\nFrom: X <x@y.example>\nDate: 1\n"),
        ("", "Received: from a\nFrom: X <x@y.example>\nDate: 1 May\nTo: b@s.example\nSubject: x\n\nHi"),
        ("VS: Lamppu", "Kiitos.\n\nLähettäjä: X <x@y.example>\nLähetetty: 1.5.\nAihe: Lamppu\n\nHei"),
        ("FW: Lamp", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_not_a_forward(subject: str, text: str) -> None:
    assert forwarded(subject, text) is None


@pytest.mark.parametrize(
    ("subject", "kind", "rest"),
    [
        ("Fwd: Lamp", "forward", "Lamp"),
        ("[EXTERNAL] FW: Re: Lamp", "forward", "Re: Lamp"),
        ("Fwd[2]: Lamp", "forward", "Lamp"),
        ("İLT: Lamba", "forward", "Lamba"),
        ("转发：灯", "forward", "灯"),
        ("Redir.: Lampa", "forward", "Lampa"),
        ("RE: FW: Lamp", "reply", "FW: Lamp"),
        ("AW: Lampe", "reply", "Lampe"),
        ("Question: Lamp", "plain", "Question: Lamp"),
        ("Fwd:", "forward", ""),
        ("", "plain", ""),
    ],
)
def test_what_the_subject_says(subject: str, kind: str, rest: str) -> None:
    read = read_subject(subject)
    assert (read.kind, read.rest) == (kind, rest)


AGENTS = {"bob@shop.example", "eve@shop.example"}
BOB = Address("Bob", "Bob@Shop.example")


def customer(forwarder: Address | None, found: Forwarded | None) -> Address | None:
    return requester_of(
        forwarder, found, is_agent=AGENTS.__contains__, is_ours=(AGENTS | {"help@shop.example"}).__contains__
    )


def by(sender: Address | None, body: str = "") -> Forwarded:
    return Forwarded("", sender, (), (), "Lamp", "", body)


def test_customer_of_a_mail_an_agent_forwards() -> None:
    assert customer(BOB, by(JANE)) == JANE


def test_customer_who_forwards_stays_the_requester() -> None:
    assert customer(Address("", "max@customer.example"), by(JANE)) is None


def test_mail_an_agent_forwarded_through_another_is_still_the_customers() -> None:
    inner = f"---------- Forwarded message ---------\n{head('en')}\n\n{BODY}"
    assert customer(BOB, by(Address("Eve", "EVE@shop.example"), inner)) == JANE


@pytest.mark.parametrize(
    "found",
    [
        None,
        by(None),
        by(Address("Jane", "")),
        by(Address("Jane", "jane@localhost")),
        by(Address("", "help@shop.example")),
        by(Address("Eve", "eve@shop.example"), "my own words"),
    ],
)
def test_no_customer_to_be_found(found: Forwarded | None) -> None:
    assert customer(BOB, found) is None


def test_nobody_forwards_without_a_sender() -> None:
    assert customer(None, by(JANE)) is None


@pytest.mark.parametrize("address", ["a@b.example", "a+b@b.co.example", "jörg@bücher.example", "x'y@a-b.example"])
def test_addresses_mail_can_go_to(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@b.example", "a@", "a@b", "a@@b.example", "a b@c.example", "a@-b.example", "a@b..example",
        "a@b.example\n", ".a@b.example", "a\r\nBcc: x@y.example", "a" * 65 + "@b.example", "a@" + "b." * 200 + "c",
    ],
)  # fmt: skip
def test_addresses_no_mail_can_go_to(address: str) -> None:
    assert not is_address(address)


def test_attached_message_reads_the_same() -> None:
    raw = (
        b"From: Jane Doe <jane@customer.example>\r\nTo: b@s.example\r\nDate: Wed, 3 Nov 2021 15:51:30 +0100\r\n"
        b"Subject: =?utf-8?q?L=C3=A4mp?=\r\n\r\nIt broke.\r\n"
    )
    found = of_message(raw)
    assert (found.above, found.sender, found.to) == ("", JANE, (Address("", "b@s.example"),))
    assert (found.subject, found.date, found.body.strip()) == ("Lämp", "Wed, 3 Nov 2021 15:51:30 +0100", "It broke.")


WORDS = st.text(st.sampled_from("abc <>@:[]()\"'*_-=,;.0123456789 \t\r\n\u00a0\ufeffäяメ：«»"), max_size=60)
PIECES = st.one_of(
    WORDS,
    st.sampled_from(
        [
            "---------- Forwarded message ---------\n",
            "----- Forwarded Message ----- From: a <a@b.example>To: ",
            "> Begin forwarded message:\n",
            "From: Jane <j@c.example>\n",
            "To: b@s.example,\n",
            "Sent: 1 May\n",
            "Subject: x",
            "On 1 May, 10:00, J <j@c.example> wrote:\n",
            "________________________________\n",
            "\n\n",
            "> ",
        ]
    ),
)
SUBJECTS = st.one_of(st.sampled_from(["", "FW: x", "Re: x", "VS: x"]), st.text(max_size=20))


@given(SUBJECTS, st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_read_without_error(subject: str, text: str) -> None:
    found = forwarded(subject, text)
    if found:
        assert found.sender is None or found.sender.name or found.sender.address
        assert len(found.above) + len(found.body) <= len(text)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_the_cheap_look_passes_over_no_forward(text: str) -> None:
    text = text.replace("\r", "\n")
    if find_forward(text.split("\n"), read_subject("")):
        assert may_hold_forward(text)


LINES = st.lists(st.lists(st.sampled_from(["from", "to", "wrote", "a@b.c", "1", "x"]), min_size=1).map(" ".join))


@given(st.sampled_from(sorted(HEADS)), LINES, LINES)
def test_no_line_above_or_below_is_lost(language: str, above: list[str], below: list[str]) -> None:
    text = "\n".join([*above, "", f"----- {HEADS[language][0]} -----", head(language), "", *below])
    found = forwarded("", text)
    assert found is not None
    assert found.above.split("\n") == (above or [""])
    assert found.body.split("\n") == (below or [""])


@pytest.mark.parametrize(
    "unit",
    [
        "From: a\n",
        "From: a,\nTo: b,\n",
        "From: a,\n" + "x,\n" * 20,
        "-",
        ">\n",
        "----- Forwarded message ----- From: <a@b>",
        "From: a <mailto:",
        "<a@b> ",
        "1:11 <a@b>:\n",
        "wrote 1:\n",
        "\n",
        ":",
        "Date: 1\n\n\nFrom: x,\n\n",
        "[mailto:",
    ],
)
@pytest.mark.parametrize("subject", ["", "FW: x", "Re: x"])
def test_hostile_text_takes_time_in_proportion(unit: str, subject: str) -> None:
    def seconds(size: int) -> float:
        text = "---- Forwarded message ----\nFrom: " + (unit * (size // len(unit)))
        start = time.process_time()
        forwarded(subject, text)
        return time.process_time() - start

    assert min(seconds(400_000) for _ in range(2)) < 16 * min(seconds(50_000) for _ in range(3)) + 0.2
