"""The words mail clients put round a forwarded mail, by language: data only.

Sources: the clients themselves (Apple Mail, Gmail, Outlook of all ages, Thunderbird, Yahoo, HubSpot, MailMate, Missive,
IONOS, GMX, QQ, Foxmail, NetEase, Yandex, Mail.ru, Zoho, Proton, Notes, mutt) in the languages they come in.
"""

import unicodedata
from typing import Final, Literal

Field = Literal["from", "to", "cc", "subject", "date", "other"]

MARKUP: Final = "*_ \t\u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u2068\u2069\ufeff"
"""Stars and underscores of bold labels, space, and the marks that steer right-to-left text."""


def normal(words: str) -> str:
    """Words in the form the tables hold: composed, case folded, without markup, single spaces."""
    if not words.isascii():
        words = unicodedata.normalize("NFC", words)
    return " ".join(words.strip(MARKUP).casefold().split())


def table(*groups: str) -> frozenset[str]:
    """The entries of some groups, each separated by bars."""
    return frozenset(normal(entry) for group in groups for entry in group.split("|"))


_FIELDS: Final[dict[Field, tuple[str, ...]]] = {
    "from": (
        "From|Sender|Von|Absender|De|Expéditeur|Da|Mittente|Van|Afzender|Remitente|Remetente|De parte de",
        "Od|Odesílatel|Odosielateľ|Nadawca|Fra|Frá|Från|Avsändare|Afsender",
        "Avsender|Lähettäjä|Saatja|Šalje|Pošiljatelj",
        "Feladó|Kitől|Expeditor|Expeditorul|De la|Kimden|Gönderen|No|Nuo|Siuntėjas|Sūtītājs|Từ|Người gửi|Dari",
        "От|От кого|Отправитель|Від|Від кого|Відправник|Подател|Од|Шаље|Από",
        "Αποστολέας|จาก|Remitent|Pengirim|Daripada",
        "发件人|寄件者|寄件人|發件人|差出人|送信元|送信者|From（差出人）|보낸 사람|보낸사람|보낸이|발신|발신자",
        "من|المرسل|מאת|שולח|از|از طرف|فرستنده|प्रेषक|से|Nork|Igorlea|Bidaltzailea",
    ),
    "to": (
        "To|An|Empfänger|À|A|Pour|Destinataire|Destinataires|Destinatario|Aan|Ontvanger|Para|Destinatário|Til|Till",
        "Komu|Do|Adresat|Pre|Príjemca|Příjemce|Za|Prima|Primatelj|Prejemnik",
        "Vastaanottaja|Saaja|Kellele|Címzett|Kinek",
        "Destinatar|Destinatarul|Către|Kime|Alıcı|Kam|Gavėjas|Saņēmējs|Per a|Đến|Tới|Người nhận|Kepada|Ke|Untuk",
        "Кому|Получатель|Одержувач|До|Получател|За|Прима|Προς|Παραλήπτης|ถึง|Mottaker|Mottagare|Modtager",
        "收件人|收件者|宛先|送信先|받는 사람|받는사람|받는이|수신|수신자",
        "إلى|الى|المستلم|אל|נמען|به|گیرنده|प्रति|Nori|Hartzailea",
    ),
    "cc": (
        "Cc|Kopie|Kopie (CC)|Kopie an|Copie à|Copie|Copia|Copia a|CC-kopie|Kopi|Kopia",
        "Kopía|Kópia|Kopio|Koopia|Kp|DW",
        "Dw|UDW|Do wiadomości|Másolat|Másolatot kap|Bilgi|Kime Bilgi|Cópia",
        "Com cópia|Kopija|Kopie pro|Kopija (CC)|Sk",
        "Копия|Копія|Копие|Копија|Κοιν.|Κοινοποίηση|Κοιν|สำเนา|Đồng kính gửi|Tembusan|Copie carbone",
        "抄送|副本|抄送人|참조|ＣＣ|写し|نسخة|نسخة كربونية|עותק|העתק|העתקים|رونوشت|کپی",
    ),
    "subject": (
        "Subject|Betreff|Objet|Sujet|Oggetto|Onderwerp|Asunto|Assunto|Emne|Ämne",
        "Aihe|Otsikko|Teema|Efni|Předmět|Věc",
        "Predmet|Naslov|Zadeva|Tema|Temat|Tárgy|Subiect|Subiectul|Konu|Temats|Tēma|Assumpte|Chủ đề|Tiêu đề|Subjek",
        "Perihal|Тема|Относно|Предмет|Наслов|Θέμα|เรื่อง|ชื่อเรื่อง|主题|主題|主旨|标题",
        "件名|제목|الموضوع|נושא|הנדון|موضوع|विषय|Gaia",
    ),
    "date": (
        "Date|Sent|Date Sent|Datum|Gesendet|Gesendet am|Verzonden|Data|Inviato|Data invio|Fecha|Enviado",
        "Enviado el|Enviado em|Enviada em|Enviada|Data de envio|Envoyé|Envoyé le|Dato",
        "Sendt|Skickat|Dagsetning|Sent þann",
        "Päivämäärä|Päiväys|Lähetetty|Kuupäev|Saadetud|Dátum|Elküldve|Küldve",
        "Küldés dátuma|Dată|Data trimiterii|Trimis",
        "Tarih|Gönderilen|Gönderme Tarihi|Gönderildi|Odesláno|Odoslané|Wysłano|Wysłane|Poslano|Poslato|Išsiųsta",
        "Nosūtīts|Datums|Data ir laikas|Enviat|Data de l'enviament|Ngày|Đã gửi|Ngày gửi|Tanggal|Dikirim|Terkirim",
        "Дата|Отправлено|Дата отправки|Відправлено|Надіслано|Изпратено|Датум|Послато",
        "Ημερομηνία|Στάλθηκε|วันที่|ส่งเมื่อ",
        "日期|发送时间|发送日期|时间|寄件日期|傳送日期|發送日期|傳送時間|日付|日時",
        "送信日時|보낸 날짜|보낸날짜|날짜|일시|발송일",
        "التاريخ|تاريخ|تم الإرسال|أرسلت|أُرسلت|תאריך|נשלח|בתאריך|تاریخ|ارسال شده|زمان|दिनांक|तारीख|Noiz|Bidalia",
    ),
    "other": (
        "Reply-To|Reply To|Odgovori na|Odpověď na|Odpovědět na|Svar til|Antwoord aan|Vastaus|Répondre à|Antwort an",
        "Válaszcím|Rispondi a|Odpowiedź-do|Odpowiedz do|Responder A|Răspuns către",
        "Ответ-Кому|Odpovedať-Pre|Svara till",
        "Yanıt Adresi|Кому відповісти|返信先|回复|답장|Bcc|Importance|Wichtigkeit",
        "Priorität|Priority|Attachments|Anlagen",
        "Pièces jointes|Allegati|Adjuntos|Anexos|Bijlagen|Message-ID|Organization",
        "Category|Sensitivity|X-Mailer|附件",
        "Importance :|Importancia|Importância|Priorità|Urgentie|Vigtighed|Prioritet|Важность|重要性|優先度",
    ),
}

LABELS: Final[dict[str, Field]] = {
    word: field for field, groups in reversed(_FIELDS.items()) for word in table(*groups)
}
"""Field by normal label; a word that means two things is the one named first above."""

FORWARD_WORDS: Final = table(
    "Forwarded message|Forwarded mail|Forwarded email|Forwarded e-mail|Forwarded by|Forwarded letter",
    "Forwarded message from|Begin forwarded message|Start of forwarded message|Weitergeleitete Nachricht",
    "Weitergeleitete E-Mail|Weitergeleitet von|Anfang der weitergeleiteten Nachricht",
    "Message transféré|Message transmis",
    "Courriel transféré|Début du message réexpédié|Début du message transféré|Message réexpédié|Transféré par",
    "Messaggio inoltrato|Inizio messaggio inoltrato|Inizio del messaggio inoltrato|Inoltrato da|Mensaje reenviado",
    "Inicio del mensaje reenviado|Reenviado por|Mensagem reencaminhada|Mensagem encaminhada|Encaminhado por",
    "Início da mensagem reencaminhada|Início da mensagem encaminhada",
    "Doorgestuurd bericht|Begin doorgestuurd bericht",
    "Doorgezonden bericht|Doorgestuurd door|Videresendt besked|Videresendt meddelelse|Start på videresendt besked",
    "Videresendt melding|Videresendt e-post|Vidarebefordrat meddelande|Vidarebefordrat mejl|Vidarebefordrat mail",
    "Börja vidarebefordrat meddelande|Edelleenlähetetty viesti|Välitetty viesti|Välitetty viesti / Fwd.Msg",
    "Välitetty viesti alkaa|Edastatud kiri|Edastatud sõnum|Edasi saadetud kiri|Áframsent bréf|Framsend skilaboð",
    "Přeposlaná zpráva|Začátek přeposílané zprávy|Začátek přeposlané zprávy",
    "Preposlaná správa|Začiatok preposlanej správy",
    "Przekazana wiadomość|Wiadomość przekazana|Wiadomość przesłana dalej|Treść przekazanej wiadomości",
    "Początek przekazywanej wiadomości|Przekazywana wiadomość|Proslijeđena poruka|Započni proslijeđenu poruku",
    "Prosleđena poruka|Posredovano sporočilo|Začetek posredovanega sporočila",
    "Továbbított üzenet|Továbbított levél kezdete",
    "Továbbított levél|Mesaj redirecționat|Mesaj redirecţionat|Mesaj transmis|Începe mesajul redirecționat",
    "Mesaj înaintat|İletilmiş Mesaj|İletilen İleti|İletilen mesaj",
    "İleti başlangıcı|Yönlendirilen ileti|İletilmiş ileti",
    "Persiųstas laiškas|Peradresuotas laiškas|Pārsūtīta ziņa|Pārsūtīts ziņojums",
    "Missatge reenviat|Inici del missatge reenviat",
    "Пересылаемое сообщение|Перенаправленное сообщение|Пересланное сообщение",
    "Пересланное письмо|Переадресованное сообщение",
    "Начало переадресованного сообщения|Начало пересылаемого сообщения|Перенаправлене повідомлення",
    "Переслане повідомлення|Переслане|Початок листа, що пересилається|Початок переадресованого повідомлення",
    "Препратено съобщение|Прослеђена порука|Προωθημένο μήνυμα|Έναρξη προωθημένου μηνύματος|Μήνυμα που προωθήθηκε",
    "转发邮件|转发的邮件|转发邮件信息|已转发邮件|转发信息|开始转发的邮件|轉寄郵件",
    "轉寄的郵件|轉寄信件|已轉寄的郵件|開始轉寄郵件",
    "轉寄的訊息|轉發的郵件|メッセージを転送|転送メッセージ|転送されたメッセージ|転送メール",
    "転送|전달된 메시지|전달된 메일|전달 메시지",
    "다음은 전달된 메시지입니다|전달한 메시지|رسالة مُعاد توجيهها|رسالة معاد توجيهها",
    "الرسالة المعاد توجيهها|بداية الرسالة المعاد توجيهها",
    "הודעה שהועברה|תחילת ההודעה שהועברה|הודעה מועברת|پیام هدایت شده",
    "پیام ارسال شده|پیام بازارسال شده|ایمیل ارسال شده",
    "ข้อความที่ส่งต่อ|Thư đã chuyển tiếp|Thư được chuyển tiếp|Tin nhắn chuyển tiếp",
    "Pesan terusan|Pesan yang diteruskan",
    "Mesej dimajukan|Bắt đầu thư được chuyển tiếp|เริ่มข้อความที่ส่งต่อ|Mulai pesan yang diteruskan",
)
"""Between dashes, or as a line of their own that ends with a colon, they begin a forwarded mail."""

FORWARD_STARTS: Final = tuple(sorted(word + " " for word in FORWARD_WORDS if len(word.split()) > 1))
"""The same where a name or address follows: `Forwarded by Jane Doe on 1 May`."""

FORWARD_PREFIXES: Final = table(
    "Fw|Fwd|Forward|Forwarded|WG|Weitergeleitet|WL|RV|Rv|Reenviado|Reenv|TR",
    "Trans|Transf|I|Inoltro|Inoltrato|ENC|Enc",
    "Encaminhado|Reenc|PD|Przek|Redir.|Redir|VB|Vb|VL|Videresend|Videresendt|VS|Vidarebefordrat|Doorst|Doorst.|Dgs",
    "İLT|ILT|İlet|Továbbítás|TOV|Tov|PŘ|Př|Přep|PREP|Prep|Posl|Proslj|PSL|PR|ED|PERS|Pers|PĀRS|Pārs|Áframsent|FS",
    "Пересл|Пересл.|Переслано|Пересылка|Перенаправлено|Препр|Препратено|Прослеђено|ΠΡΘ|Προώθηση|ΠΡ|Trs|Terusan|CT",
    "Chuyển tiếp|转发|轉寄|轉發|转寄|転送|전달|إعادة توجيه|اعادة توجيه|توجيه",
    "העברה|הועבר|فوروارد|ارجاع|هدایت|ส่งต่อ",
)
REPLY_PREFIXES: Final = table(
    "Re|AW|Antw|Antw.|Antwort|SV|Sv|Svar|RE|R|RIF|Rif|Ref|Res|RES|Resp|Odp|ODP",
    "YNT|Ynt|Yan|Vast|Vá|VÁ|Vál|Válasz|BLS|Bls",
    "Rép|REP|Rép.|Atb|TL|ATS|Ats|Ots|Отв|Отв.|Ответ|Відп|На|HA|Отг|ΑΠ|Απ",
    "ΣΧΕΤ|Trả lời|Balas|回复|回覆|答复|答覆|返信|回信",
    "답장|회신|رد|الرد|השב|תגובה|پاسخ|ตอบกลับ",
)
FINNISH_OR_ESTONIAN: Final = table("Lähettäjä|Saatja")
"""Whose `VS:` is a reply; in Danish and Norwegian it is a forward."""

_WROTE: Final = (
    "wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|geschreven|schreef|skrev|kirjoitti|kirjutas|napsal"
    "|napísal|napisał|napisala|napisao|napisal|je napisao|írta|a scris|yazdı"
    "|написал|пише|писал|написав|написа|έγραψε"
    "|rašė|rakstīja|va escriure|đã viết|menulis|写道|寫道|のメール|が書きました|작성|כתב|كتب|نوشت|เขียน"
)
WROTE: Final = tuple(_WROTE.split("|"))
"""The verb of `On 1 May, John Doe <a@b> wrote:`."""

ROUND_NAME: Final = table(
    "heeft|időpontban|používateľ|uživatel|пользователь|користувач|użytkownik|schrieb|skrev|korisnik",
    "at|kello|klo|kl.|kl",
    "um|le|à|a las|alle|alle ore|o|om|в|о|u|saat|pm|am|uhr|dne|dňa|by|z|de",
    "est|edt|pst|pdt|cet|cest|utc|gmt|h|г.|р.",
)
"""Single words between the date and the name of the writer."""

BEFORE_DATE: Final = table(
    "On|Am|Den|D.|Op|Dne|Dňa|El|Le|Il|Giorno|Em|Dnia|W|Dniu|Na|Pe|Data|Kuupäeval|În|U|Dana|Στις|Vào|Pada|Følgende"
)
