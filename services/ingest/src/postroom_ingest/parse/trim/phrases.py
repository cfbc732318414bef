"""What mail programs write around quotations and under replies, by language: data, all in lower case."""

import re
from typing import Final, Literal

from postroom_ingest.parse.forwards.labels import FORWARD_WORDS, LABELS

Kind = Literal["from", "sent", "date", "to", "cc", "subject", "other"]


def _list(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", "|").split("|") if phrase.strip())


WROTE: Final = _list(
    """
        wrote | writes | said | says | schrieb | schrieben | geschrieben | schrieb sie | schrieben sie | schreef
        geschreven | écrit | dit | escribió | escribio | escrito | escribiste | escrit | scritto | scrive
        escreveu | skrev | skreiv | napisał | napisał(a) | napisała | napisali | pisze | napsal | napsal(a)
        napsala | napísal | napísal(a) | napisao | napisala | je napisal | napisao/la | píše | написал
        написала | написал(a) | написал(а) | писал | писал(а) | пише | написа | пишет | написав | написав(ла)
        написав(-ла) | kirjoitti | írta | ezt írta | yazdı | yazdi | yazmış | a scris | scris | έγραψε | έγραψαν
        viết | menulis | kirjutas | rašė | parašė | rakstīja | skrifaði | كتب | كتبت | نوشت | نوشته | نوشته است
        כתב | כתבה | כתב/ה | מאת | लिखा | เขียนว่า | 写道 | 寫道 | 작성 | 작성함 | 썼습니다 | 님이 작성
        のメッセージ | のメール | さんは書きました | は書きました | が書きました | さんからのメッセージ
        napisal(a) | napisao je | napisala je | је написао | је написала | је написао/ла | напиша | va escriure
        escribiu | geskryf | shkroi | ka shkruar | idatzi zuen | idatzi du | igorleak hau idatzi zuen | yazıb | жазды
        գրեց | დაწერა | წერს | لکھا | نے لکھا | লিখেছেন | எழுதியது | రాశారు | લખ્યું | aliandika
        skrifar | scríobh | ysgrifennodd | skriver | schreibt | escribe | écrivit | escreve | rašo
    """
)
"""The verb (or what stands for it) of an attribution line, as its last word."""

WROTE_GLUED: Final = (
    "写道", "寫道", "作成", "작성", "썼습니다", "のメッセージ", "のメール", "書きました", "書いた",
    "เขียนว่า", "כתב/ה", "wrote",
)  # fmt: skip
"""Verbs which no space parts from the name before them."""

WROTE_BEFORE_NAME: Final = _list(
    """
        schrieb | schreef | skrev | napsal | napsal(a) | napisał | написал | írta | wrote | kirjutas | skreiv
        heeft | كتب | נכתב | kirjoitti | rašė | parašė | escreveu | escribió | scrisse | napisana | napisane | писали
        yazdı | şunları | napisao | napísal | napísal(a) | sinulat | skrifaði | skreif | idatzi | geskryf | بواسطة
    """
)
"""Verbs after which the name may come: `Am 3.2. schrieb Max:`."""

WROTE_OF_THINGS: Final = _list(
    """
        says | said | writes | dit | pisze | píše | пишет | пише | scrive | schreibt | skriver | escribe | escreve
    """
)
"""Verbs of WROTE that people also use of what a screen or a manual says."""

FIRST_PERSON: Final = _list(
    """
        we | my | our | ich | wir | mein | j'ai | j’ai | nous | avons | yo | hemos | he | io | ho | abbiamo | eu
        nós | ik | wij | jag | jeg | я | мы | мой | ja
    """
) | {"I"}
"""Who says so speaks of what happened; programs name the writer. As written: `i` is a word of many languages."""

QUOTING: Final = ("quoting ", "zitat von ", "citando ", "citando a ", "citat ", "citerar ", "citeren ", "quoto ")
"""How Horde begins an attribution, which has no verb and no date."""

OPENERS: Final = (
    "on ", "at ", "in message", "le ", "el ", "il ", "em ", "am ", "op ", "den ", "w dniu", "dnia ", "dne ", "dňa ",
    "på ", "pe ", "în data", "la data", "pada ", "vào ", "lúc ", "a data de", "na ", "no dia", "na data", "в ", "на ",
    "στις ", "tarihinde", "ngày ", "sobre ", "dana ", "在", "于", "於", "ב-", "בתאריך", "ביום", "في ", "در ", "بتاريخ",
    "jeg ", "i ", "ti ", "ti. ", "kl ", "kuupäeval", "el dia", "a les ",
)  # fmt: skip

_HEADER_PHRASES: Final[dict[Kind, str]] = {
    "from": """
        from | von | de | da | van | fra | från | od | ot | от | від | от кого | lähettäjä | feladó | kimden
        gönderen | 发件人 | 寄件者 | 寄件人 | 發件人 | 差出人 | 送信元 | 送信者 | 보낸 사람 | 보낸사람 | từ | người gửi
        من | מאת | از | από | de la | expéditeur | remitente | mittente | odesílatel | odosielateľ | dari | จาก
        saatja | nuo | frá | expeditor | šalje | pošiljatelj | отправитель | відправник | afzender | absender
        avsändare | afsender | avsender | nadawca | remetente
    """,
    "sent": """
        sent | gesendet | envoyé | envoyé le | enviado | enviado el | enviado em | enviada em | enviada | enviat
        inviato | verzonden | sendt | skickat | wysłano | wysłane | отправлено | надіслано | lähetetty
        elküldve | küldve | gönderildi | gönderilme tarihi | gönderme tarihi | odesláno | odoslané | poslano
        发送时间 | 傳送時間 | 寄件日期 | 發送時間 | 送信日時 | 日付 | 보낸 날짜 | đã gửi | đã gửi vào | تاريخ الإرسال
        أرسلت | נשלח | στάλθηκε | trimis | enviado a | sent at | date d'envoi | dikirim | saadetud | submitted
    """,
    "date": """
        date | datum | fecha | data | dato | дата | päivämäärä | päiväys | dátum | tarih | 日期 | 日時 | 日付 | 날짜
        ngày | تاریخ | التاريخ | תאריך | ημερομηνία | dată | tanggal | kuupäev | 时间 | 時間 | ประเภท | วันที่
    """,
    "to": """
        to | an | à | a | para | aan | til | till | do | кому | komu | pre | vastaanottaja | címzett | kime
        alıcı | kom | 收件人 | 收件者 | 宛先 | 送信先 | 받는 사람 | 받는사람 | đến | tới | إلى | אל | به | προς | către
        destinataire | destinatario | ke | kepada | за | до | per | ถึง | saaja | empfänger | ontvanger
        mottagare | modtager | za | prima
    """,
    "cc": """
        cc | bcc | kopie | kopia | kopi | copie | копия | копія | 抄送 | 副本 | 참조 | bilgi | másolatot kap
        cópia | copia | kopio | כותק | عون
    """,
    "subject": """
        subject | betreff | objet | asunto | assunto | oggetto | onderwerp | emne | ämne | temat | тема
        předmět | predmet | aihe | tárgy | konu | 主题 | 主題 | 主旨 | 件名 | 제목 | chủ đề | tiêu đề | موضوع
        الموضوع | נושא | הנושא | θέμα | subiect | tema | naslov | zadeva | subjek | perihal | เรื่อง | pealkiri
        assumpte | sujet
    """,
    "other": """
        reply-to | antwort an | répondre à | responder a | rispondi a | organization | importance | priority
        attachments | anlagen | wichtigkeit | pièces jointes | newsgroups | message-id | return-path
        delivered-to
    """,
}
_OF_OTHER_LINES: Final = frozenset({"no", "pour", "category", "sk", "kp"})
"""Labels of forwards that are common words before a colon elsewhere."""
HEADER_NAMES: Final[dict[str, Kind]] = {
    **{name: kind for name, kind in LABELS.items() if name not in _OF_OTHER_LINES},
    **{name.casefold(): kind for kind, names in _HEADER_PHRASES.items() for name in _list(names)},
}

ORIGINAL: Final = FORWARD_WORDS | _list(
    """
        previous replies | previous discussion | previous reply | vorherige antworten | réponses précédentes
        original message | original mail | original email | original appointment | reply message
        message d'origine | message original | message initial | mail original | message transféré
        courriel original | ursprüngliche nachricht | originalnachricht | original-nachricht
        ursprüngliche mail | weitergeleitete nachricht | mensaje original | mensaje reenviado
        mensagem original | mensagem encaminhada | mensagem reencaminhada | messaggio originale
        messaggio inoltrato | messaggio di origine | oorspronkelijk bericht | origineel bericht
        oorspronkelijke bericht | doorgestuurd bericht | oprindelig besked | oprindelig meddelelse
        den oprindelige meddelelse | original meddelelse | videresendt besked | opprinnelig melding
        den opprinnelige meldingen | videresendt melding | ursprungligt meddelande | originalmeddelande
        ursprungligt mail | vidarebefordrat meddelande | alkuperäinen viesti | välitetty viesti
        edelleenlähetetty viesti | wiadomość oryginalna | oryginalna wiadomość | wiadomość przekazana
        wiadomość przesłana dalej | wiadomość pierwotna | původní zpráva | originální zpráva | přeposlaná zpráva
        pôvodná správa | eredeti üzenet | továbbított üzenet | orijinal mesaj | özgün ileti | iletilen mesaj
        mesajul original | mesaj original | mesaj redirecționat | originalna poruka | izvorna poruka
        izvirno sporočilo | оригинално писмо | оригінальне повідомлення | вихідне повідомлення
        исходное сообщение | исходное письмо | пересылаемое сообщение | пересланное сообщение
        пересылаемое письмо | перенаправленное сообщение | переслане повідомлення | переслано
        proslijeđena poruka | preposlaná správa | оригинальное сообщение | конец пересылаемого сообщения
        αρχικό μήνυμα | προωθημένο μήνυμα | thư gốc | tin nhắn gốc | pesan asli | pesan orisinal | algkiri
        originali žinutė | oriģinālā ziņa | missatge original | 原始邮件 | 原始郵件 | 原邮件 | 原始邮件信息
        原始訊息 | 轉寄的郵件 | 转发的邮件 | 转发邮件 | 转发邮件信息 | 轉寄郵件 | 回复的原邮件 | 回复的邮件
        元のメッセージ | 元のメール | オリジナルメッセージ | 転送されたメッセージ | 転送メッセージ | メッセージを転送
        원본 메시지 | 원본 메일 | 원본메일 | 전달된 메시지 | الرسالة الأصلية | رسالة أصلية | پیام اصلی | ההודעה המקורית
        הודעה מקורית | forwarded message | forwarded mail | forwarded email | forwarded by
        begin forwarded message | start of forwarded message | début du message transféré
        début du message réexpédié | anfang der weitergeleiteten nachricht | inizio messaggio inoltrato
        inicio del mensaje reenviado | início da mensagem reenviada | vidarebefordrat brev | videresendt e-mail
        begin doorgestuurd bericht | początek przekazywanej wiadomości | начало переадресованного сообщения
    """
)

_ABOVE = (
    r"(?:reply|respond|response|answer|type|write|respuesta|responda|antwort\w*|répon\w+|rispon\w+|respond\w+|svar\w*"
    r"|antwoord\w*|odpow\w+|escriba|escreva|schreiben|ответ\w*|пишите)"
)
REPLY_ABOVE: Final = re.compile(
    rf"(?:{_ABOVE}.{{0,60}}\babove (?:this|here|the (?:\w+ )?(?:line|text|message|e?-?mail|marker|separator))\b"
    r"|^[\W_]*reply above\b"
    r"|antwort\w*.{0,40}(?:über|oberhalb) dieser|(?:répon\w+|écri\w+).{0,60}au[- ]dessus de cette ligne"
    r"|(?:respuesta|responda|escriba).{0,60}(?:encima|arriba) de esta l[ií]nea"
    r"|(?:resposta|responda|escreva).{0,60}acima d(?:esta|essa) linha"
    r"|rispo\w+.{0,60}sopra (?:di )?questa (?:linea|riga)|antwoord\w*.{0,40}boven deze (?:lijn|regel)"
    r"|svar\w*.{0,40}(?:over denne linje|ovanför denna rad|over denne linjen)|odpow.{0,60}powyżej tej linii"
    r"|ответ.{0,60}(?:выше|над) этой (?:строк|лини)|请在此行上方|請在此行上方|この行より上)",
    re.IGNORECASE,
)

ABOVE_WORDS: Final = (
    "above", "dieser", "dessus", "encima", "arriba", "acima", "sopra", "boven", "denne linje", "ovanför", "powyżej",
    "этой", "此行", "この行",
)  # fmt: skip
"""One of these stands in every text in which REPLY_ABOVE can be found: a quick look first."""

ANSWERS_BELOW: Final = re.compile(
    r"\b(?:answer(?:s|ed)?|comment(?:s|ed)?|repl(?:y|ies|ied)|respon(?:se|ses|ded))\b.{0,40}"
    r"\b(?:below|inline|in-line|in (?:red|blue|green|bold|caps)|in the text|within|between the lines)\b"
    r"|\b(?:see|answered|replied) (?:inline|in-line)\b"
    r"|\bantwort(?:en)?\b.{0,40}\b(?:unten|im text|in rot|rot|inline|dazwischen)\b"
    r"|\bréponses?\b.{0,40}\b(?:ci-dessous|dans le texte|en rouge|en bleu)\b"
    r"|\brespuestas?\b.{0,40}\b(?:abajo|debajo|en rojo|entre líneas)\b"
    r"|\brespostas?\b.{0,40}\b(?:abaixo|em vermelho)\b|\brisposte?\b.{0,40}\b(?:sotto|in rosso|nel testo)\b"
    r"|\bantwoorden\b.{0,40}\b(?:hieronder|onder|in rood)\b|\bответ\w*\b.{0,40}\b(?:ниже|в тексте|красным)\b",
    re.IGNORECASE,
)
"""The customer says that the answers stand within the quoted mail, so none of it may be hidden."""

SENT_FROM: Final = re.compile(
    r"sent from\b|sent (?:via|with|by|using) (?!.{0,40}(?:\d{4}"
    r"|courier|ups\b|dhl|fedex|usps|post\b|parcel|express|mistake))"
    r"|from my (?:\w+ ){0,3}"
    r"(?:\w*phone|ipad|ipod|mobile|android|blackberry|galaxy|samsung|cell|tablet|device|pixel|mac)\b"
    r"(?=$|[^\w ]| (?:\d+|using|via|on the|with|plus|pro|max|mini)\b)"
    r"|[\w.-]+ from mobile$"
    r"|sent (?:on (?:the go|my)|while mobile)\b|(?:typed|written|composed) (?:on|with|from) "
    r"my .{0,20}(?:phone|mobile|ipad)(?! ?\w)"
    r"|(?:please |kindly )?(?:excuse|pardon|forgive|apologies for) .{0,50}\b(?:sent|typed|written) (?:from|on|via) "
    r"|(?:get|download) (?:outlook|aol|yahoo|yahoo mail|bluemail|the (?:new )?(?:aol )?app)\b"
    r"(?=$|[^\w ]| (?:for|voor|from|mail|app|mobile|here|today)\b)|do you yahoo"
    r"|yahoo mail: search, organi[sz]e"
    r"|(?:sent )?with my .{0,40}(?:phone|messenger)"
    r"|envoyé (?:de|depuis|à partir|via|avec)\b|télécharge[rz] |obtenir outlook|provenance : courrier"
    r"|(?:cet e-?mail|ce (?:message|courriel)) a été envoyé (?:depuis|de|avec)"
    r"|von (?:meine[mr] \S|unterwegs|mobil|samsung|yahoo|outlook|android|iphone)(?!.{0,50}\b(?:wurde|ist|hat|war)\b)"
    r"|von .{1,50} gesendet"
    r"|gesendet (?:von|mit|über|aus)\b|(?:mobil|unterwegs|von unterwegs) gesendet|laden sie outlook"
    r"|diese (?:nachricht|e-?mail|mail) wurde (?:von|mit|über)\b|holen sie sich outlook|outlook für "
    r"|enviado (?:desde|do|de|dende|a partir|com|con|por|via|pelo|através)\b"
    r"|enviada (?:do|desde|de|pelo)\b|enviat des de"
    r"|ob(?:tener|tenga|tén|tenez|țineți) outlook"
    r"|obter o outlook|mandado desde|baixe o outlook|descargar outlook|descarga outlook"
    r"|inviato (?:da|dal|dall|con|tramite|via)\b|ottieni outlook|scarica outlook|inviata da"
    r"|verzonden (?:met|vanaf|via|door|vanuit)\b|verstuurd (?:vanaf|met|via|vanuit)\b|outlook voor "
    r"|sendt (?:fra|med|via)\b|hent outlook|få outlook|skickat från|skickat med|från min |sänt från"
    r"|(?:hämta|skaffa) outlook|skickades från|sent úr "
    r"|lähetetty |hanki outlook|wysłan[eoy] z|wysłane przez|pobierz (?:aplikację |program )?outlook"
    r"|odesláno z|odoslané z"
    r"|(?:stáhnout|získat|stiahnuť|získať) outlook"
    r"|(?:el)?küldve |az outlook |iphone-?omról|letöltés outlook|.{0,60}[oöe]mr[óő]l küldve|gönderildi "
    r"|.{0,60}(?:cihazımdan|iphone.?umdan|ipad.?imden|telefonumdan|posta ile|mail ile) gönderildi"
    r"|.{0,30}outlook\S{0,4} (?:uygulamasını )?(?:edinin|indirin)"
    r"|trimis (?:de pe|de la|din|cu)\b|poslano (?:s|iz|z)\b|poslato (?:sa|iz)\b|изпратено от"
    r"|отправлено (?:с|со|из|от)\b|послато (?:са|с|из)\b|(?:скачать|получит[ье]|отримат[ие]|завантаж\w{0,4}) outlook"
    r"|(?:надіслано|відправлено) (?:з|зі|із|від)\b|(?:στάλθηκε|εστάλη|απεσταλμένο) από"
    r"|(?:λήψη του|αποκτήστε το|κατεβάστε το) outlook"
    r"|(?:đã |được )?gửi từ|tải outlook|(?:dikirim dari|dihantar daripada) |dapatkan outlook|saadetud minu|išsiųsta iš"
    r"|(?:no)?sūtīts no|nire .{1,40} bidalia"
    r"|(?:從|从|自|由|发自|發自|寄自|來自|来自).{0,40}(?:iphone|ipad|手机|手機|傳送|传送|邮箱|郵件|邮件|outlook|android|華為|华为)"
    r"|发自|發自|寄自|(?:发送|發送|寄件|傳送)自|(?:通过|通過|使用|透過).{0,30}(?:发送|傳送|發送)|.{0,40}から送信(?!し)"
    r"|(?:获取|下载|取得|下載|获得).{0,20}outlook|.{0,20}outlook.{0,20}を(?:入手|取得|ダウンロード)"
    r"|나의 .{1,30}(?:에서 보냄|보냄)|.{0,40}에서 보냄|.{0,30}에서 나의|.{0,20}outlook (?:다운로드|받기)"
    r"|.{0,30}(?:폰|갤럭시|galaxy|iphone|ipad|메일|앱|outlook)에서 보냈습니다"
    r"|[أم]ُ?رسلة? من|أُ?رسلت من|تم (?:الإرسال|إرسالها|إرساله) من|(?:الحصول على|تنزيل) outlook"
    r"|(?:ارسال|فرستاده) ?شده (?:از|با)|ارسال از (?:iphone|ipad|گوشی|تلفن|آیفون|دستگاه)"
    r"|از (?:آیفون|گوشی|تلفن|iphone|ipad).{0,20} ارسال شد|נשלח מ|נשלח באמצעות|(?:קבל|השג|הורד) את outlook"
    r"|भेजा गया|मेरे .{1,30}से भेजा गया|ส่งจาก"
    r"|(?:virus-free|virenfrei|libre de virus|garanti sans virus|senza virus|livre de vírus|virusvrij)\.? ?(?:www\.|$)"
    r"|this e?-?mail (?:has been|was) (?:checked|scanned) (?:for viruses )?(?:by|with) "
    r"|(?:diese e-?mail wurde|cet e-?mail a été vérifié|el software de antivirus avast|este e-?mail foi)"
    r".{0,30}\b(?:antivirus|avast)"
    r"|this message was sent from my "
)
"""Of a line in lower case: a search that ignores case would take five times as long."""

OF_A_PARCEL: Final = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|gestern|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|hier|lunes|martes|miércoles|jueves|viernes|sábado|ayer"
    r"|luned|marted|mercoled|gioved|venerd|sabato|ieri|segunda|terça|quarta|quinta|sexta|ontem"
    r"|(?:maan|dins|woens|donder|vrij|zater|zon)dag|gisteren|(?:mån|tis|ons|tors|fre|lör|sön)dag|igår"
    r"|poniedział|wtor|środ|czwart|piąt|wczoraj|понедельник|вторник|сред[ау]|четверг|пятниц|суббот|вчера|склада"
    r"|warehouse|lager(?:et)?|dhl|ups|fedex|usps|gls|dpd|hermes|postnl|colissimo|correo certificado|raccomandata)"
)
"""What is said of goods that were sent, and of no device; in lower case."""

EXCUSES: Final = re.compile(
    r"excuse|pardon|forgive|apolog|sorry|typo|brief|brevity|spelling|autocorrect|get |download|http|www\."
    r"|please|wifi|smartphone|samsung|galaxy|encrypted|sent from|organi[sz]e|herunterladen|antivirus|app\b"
    r"|tippfehler|kürze|entschuldig|fehler|erreurs|excus|disculp|errores|scus|perdon|fouten|обеспечение",
    re.IGNORECASE,
)
"""What may follow `Sent from my ...` in the same line."""

SIGN_OFFS: Final = re.compile(
    r"(?:(?:best|kind(?:est)?|warm(?:est)?|many|with|friendly) )*"
    r"(?:regards|wishes|thanks|thank you|thx|cheers|sincerely|yours(?: \w+)?|respectfully|best|take care)"
    r"|(?:mit )?(?:freundliche[nr]?|viele|beste|liebe|schöne|herzliche|lg|mfg|vg)(?: grü(?:ß|ss)en?)?|grü(?:ß|ss)e"
    r"|(?:bien |très )?cordialement|bien à vous|sincères salutations|bonne (?:journée|soirée|réception)|salutations"
    r"|saludos(?: cordiales)?|un saludo|atentamente|cordialmente|atenciosamente|atte|abraços"
    r"|(?:cordiali|distinti) saluti"
    r"|met vriendelijke groet(?:en)?|(?:med )?vänliga hälsningar|(?:med )?venlig hilsen|(?:med )?vennlig hilsen"
    r"|mvh|mvg"
    r"|z poważaniem|pozdrawiam|s pozdravem|üdvözlettel|ystävällisin terveisin|saygılarımla|с уважением|з повагою",
    re.IGNORECASE,
)
