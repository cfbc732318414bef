"""The words of clients round quotations, in their languages, and sentences of people that look like them."""

import pytest

from postroom_ingest.parse.trim import trim

OWN = "Thank you, that helped.\n\nIt still blinks, though."
OLD = "Have you tried the other cable?\nBest,\nSupport"
QUOTED = "\n".join(f"> {line}" for line in OLD.split("\n"))

HEADS = {
    "en-gmail-nnbsp": "On Mon, May 4, 2020 at 3:05\u202fPM Ada Byron <ada@example.org> wrote:",
    "en-mailto": "On Mon, May 4, 2020 at 3:05 PM Ada Byron <ada@example.org<mailto:ada@example.org>> wrote:",
    "en-bold": "*On Mon, May 4, 2020 at 3:05 PM Ada Byron <ada@example.org> wrote:*",
    "en-kmail2": "On Monday, May 4, 2020 3:05:06 PM CEST Ada Byron wrote:",
    "en-evolution": "On Mon, 2020-05-04 at 15:05 +0200, Ada Byron wrote:",
    "en-proton": "On Monday, May 4th, 2020 at 3:05 PM, Ada Byron <ada@example.org> wrote:",
    "en-proton-new": (
        "------- Original Message -------\nOn Monday, May 4th, 2020 at 3:05 PM, Ada Byron <ada@example.org> wrote:"
    ),
    "en-spark": "On 4 May 2020, 15:05 +0200, Ada Byron <ada@example.org>, wrote:",
    "en-tutanota": "4 May 2020, 15:05 by ada@example.org:",
    "en-fastmail": "On Mon, May 4, 2020, at 3:05 PM, Ada Byron wrote:",
    "en-samsung": (
        "-------- Original message --------\nFrom: Ada Byron <ada@example.org>\n"
        "Date: 04/05/2020 15:05 (GMT+01:00)\nTo: Max <max@example.org>\nSubject: Re: Cable"
    ),
    "en-mailru": "Monday, May 4, 2020, 3:05 PM +03:00 from Ada Byron <ada@example.org>:",
    "en-zoho2": "---- On Mon, 04 May 2020 15:05:06 +0200 Ada Byron<ada@example.org> wrote ---",
    "en-notes-inline2": "ada@example.org wrote on 05/04/2020 03:05:06 PM:",
    "en-zimbra3": "----- On May 4, 2020, at 3:05 PM, Ada Byron ada@example.org wrote:",
    "en-superhuman": "On Mon, May 04, 2020 at 3:05 PM, Ada Byron < ada@example.org > wrote:",
    "en-nylas": "On May 4 2020, at 3:05 pm, Ada Byron <ada@example.org> wrote:",
    "en-airmail": "On 4 May 2020 at 15:05:06, Ada Byron (ada@example.org) wrote:",
    "en-mail.com": (
        'Sent: Monday, May 04, 2020 at 3:05 PM\nFrom: "Ada Byron" <ada@example.org>\nTo: max@example.org\n'
        "Subject: Re: Cable"
    ),
    "en-newoutlook-mobile": (
        "________________________________\nFrom: Ada Byron <ada@example.org>\n"
        "Sent: Monday, May 4, 2020 3:05:06 PM\nTo: Max <max@example.org>\nSubject: Re: Cable"
    ),
    "de-yahoo": "Am Montag, 4. Mai 2020, 15:05:06 MESZ hat Ada Byron <ada@example.org> Folgendes geschrieben:",
    "de-gmx": (
        'Gesendet: Montag, 04. Mai 2020 um 15:05 Uhr\nVon: "Ada Byron" <ada@example.org>\n'
        "An: max@example.org\nBetreff: Re: Kabel"
    ),
    "de-ox": "Ada Byron <ada@example.org> hat am 04.05.2020 15:05 geschrieben:",
    "de-telekom": (
        "-----Original-Nachricht-----\nBetreff: Re: Kabel\nDatum: 2020-05-04T15:05:06+0200\n"
        'Von: "Ada Byron" <ada@example.org>\nAn: "max@example.org" <max@example.org>'
    ),
    "fr-zimbra": (
        'De: "Ada Byron" <ada@example.org>\nÀ: "max" <max@example.org>\nEnvoyé: Lundi 4 Mai 2020 15:05:06\n'
        "Objet: Re: Câble"
    ),
    "fr-laposte": 'De : "Ada Byron"\nA : max@example.org\nEnvoyé: lundi 4 Mai 2020 15:05\nObjet : Re: Câble',
    "fr-wrap": "Le lun. 4 mai 2020 à 15:05, Ada Byron de la Grande Bibliothèque <ada@example.org> a\nécrit :",
    "es-gmail2": "El lun., 4 may. 2020 a las 15:05, Ada Byron (<ada@example.org>)\nescribió:",
    "pt-gmail-pt": "Ada Byron <ada@example.org> escreveu no dia segunda, 4/05/2020 à(s) 15:05:",
    "pt-apple": "No dia 04/05/2020, às 15:05, Ada Byron <ada@example.org> escreveu:",
    "pt-tb": "Às 15:05 de 04/05/2020, Ada Byron escreveu:",
    "nl-apple": "Op 4 mei 2020 om 15:05 heeft Ada Byron <ada@example.org> het volgende geschreven:",
    "nl-ziggo2": "Ada Byron schreef op 04-05-2020 15:05:",
    "nb-outlook": (
        "Fra: Ada Byron <ada@example.org>\nSendt: mandag 4. mai 2020 15:05\nTil: Max <max@example.org>\nEmne: Re: Kabel"
    ),
    "fi-apple": "Ada Byron <ada@example.org> kirjoitti 4.5.2020 kello 15.05:",
    "et-gmail": "Kontakt Ada Byron (<ada@example.org>) kirjutas kuupäeval E, 4. mai 2020 kell 15:05:",
    "lv-gmail": "pirmd., 2020. g. 4. maijs, plkst. 15:05 — lietotājs Ada Byron (<ada@example.org>) rakstīja:",
    "lt-apple": "Ada Byron <ada@example.org> parašė 2020-05-04 15:05:",
    "is-gmail": "mán., 4. maí 2020 kl. 15:05 skrifaði Ada Byron <ada@example.org>:",
    "pl-apple": "Wiadomość napisana przez Ada Byron <ada@example.org> w dniu 04.05.2020, o godz. 15:05:",
    "pl-onet": "W dniu 2020-05-04 15:05:06 użytkownik Ada Byron <ada@example.org> napisał:",
    "cs-apple": "4. 5. 2020 v 15:05, Ada Byron <ada@example.org>:",
    "cs-seznam": (
        "---------- Původní e-mail ----------\nOd: Ada Byron <ada@example.org>\nKomu: max@example.org\n"
        "Datum: 4. 5. 2020 15:05:06\nPředmět: Re: Kabel"
    ),
    "sk-outlook": (
        "Od: Ada Byron <ada@example.org>\nOdoslané: pondelok 4. mája 2020 15:05\n"
        "Komu: Max <max@example.org>\nPredmet: Re: Kábel"
    ),
    "hu-apple": "Ada Byron <ada@example.org> írta (2020. máj. 4. dátummal, 15:05 időpontban):",
    "ro-outlook": (
        "De la: Ada Byron <ada@example.org>\nTrimis: luni, 4 mai 2020 15:05\nCătre: Max <max@example.org>\n"
        "Subiect: Re: Cablu"
    ),
    "bg-abv": (
        "-------- Оригинално писмо --------\nОт: Ada Byron ada@example.org\nОтносно: Re: Кабел\n"
        "До: max@example.org\nИзпратено на: 04.05.2020 15:05"
    ),
    "sr-gmail": "пон, 4. мај 2020. у 15:05 Ada Byron <ada@example.org> је написао/ла:",
    "sr-lat": "pon, 4. maj 2020. u 15:05 Ada Byron <ada@example.org> je napisao/la:",
    "hr-gmail": "pon, 4. svi 2020. u 15:05 Ada Byron <ada@example.org> napisao je:",
    "hr-outlook": (
        "Šalje: Ada Byron <ada@example.org>\nPoslano: ponedjeljak, 4. svibnja 2020. 15:05\n"
        "Prima: Max <max@example.org>\nPredmet: Re: Kabel"
    ),
    "sl-gmail": "V V pon., 4. maj 2020 ob 15:05 je oseba Ada Byron <ada@example.org> napisala:",
    "sl-tb": "Dne 4. 05. 2020 ob 15:05 je Ada Byron napisal(a):",
    "sl-outlook": (
        "Od: Ada Byron <ada@example.org>\nPoslano: ponedeljek, 4. maj 2020 15:05\n"
        "Za: Max <max@example.org>\nZadeva: Re: Kabel"
    ),
    "mk-gmail": "На пон., 4 мај 2020 во 15:05 Ada Byron <ada@example.org> напиша:",
    "sq-gmail": "Më hën., 4 maj 2020 në 15:05 Ada Byron <ada@example.org> shkroi:",
    "tr-apple": "Ada Byron <ada@example.org> şunları yazdı (4 May 2020 15:05):",
    "tr-apple2": "4 May 2020 tarihinde 15:05 saatinde, Ada Byron <ada@example.org> şunları yazdı:",
    "el-gmail": "Στις Δευ 4 Μαΐ 2020 στις 3:05 μ.μ., ο/η Ada Byron <ada@example.org> έγραψε:",
    "el-outlook": (
        "Από: Ada Byron <ada@example.org>\nΣτάλθηκε: Δευτέρα, 4 Μαΐου 2020 3:05 μμ\n"
        "Προς: Max <max@example.org>\nΘέμα: Re: Καλώδιο"
    ),
    "ru-tb": "04.05.2020 15:05, Ada Byron пишет:",
    "ru-thebat": "Вы писали 4 мая 2020 г., 15:05:06:",
    "uk-ukrnet": '4 травня 2020, 15:05:06, від "Ada Byron" <ada@example.org>:',
    "uk-outlook": (
        "Від: Ada Byron <ada@example.org>\nНадіслано: 4 травня 2020 р. 15:05\nКому: Max <max@example.org>\n"
        "Тема: Re: Кабель"
    ),
    "he-gmail-wrap": (
        "\u202bבתאריך יום ב׳, 4 במאי 2020 ב-15:05 מאת \u202aAda "
        "Byron\u202c\u200f <\n\u202aada@example.org\u202c\u200f>:\u202c"
    ),
    "he-apple": "ב-4 במאי 2020, בשעה 15:05, Ada Byron <ada@example.org> כתב/ה:",
    "he-outlook": (
        "מאת: Ada Byron <ada@example.org>\nנשלח: יום שני 04 מאי 2020 15:05\nאל: Max <max@example.org>\nנושא: Re: כבל"
    ),
    "ar-gmail2": (
        "\u202bفي الاثنين، 4 مايو 2020 في 3:05 م تمت كتابة ما يلي بواسطة "
        "\u202aAda Byron\u202c\u200f <\u202aada@example.org\u202c\u200f>:\u202c"
    ),
    "ar-apple-digits": "في ٤ مايو ٢٠٢٠، الساعة ٣:٠٥ م، كتب Ada Byron <ada@example.org>:",
    "ar-outlook": (
        "من: Ada Byron <ada@example.org>\nتم الإرسال: الاثنين، 4 مايو 2020 03:05 م\n"
        "إلى: Max <max@example.org>\nالموضوع: Re: كابل"
    ),
    "fa-jalali": "در دوشنبه ۱۵ اردیبهشت ۱۳۹۹ ساعت ۱۵:۰۵، Ada Byron <ada@example.org> نوشته است:",
    "fa-outlook": (
        "از: Ada Byron <ada@example.org>\nتاریخ: دوشنبه ۴ مه ۲۰۲۰\nبه: Max <max@example.org>\nموضوع: Re: کابل"
    ),
    "ur-gmail": "پیر، 4 مئی، 2020 کو 3:05 PM پر Ada Byron <ada@example.org> نے لکھا:",
    "hi-gmail": "सोम, 4 मई 2020 को 3:05 pm बजे को Ada Byron <ada@example.org> ने लिखा:",
    "bn-gmail": "সোম, ৪ মে, ২০২০ তারিখে ৩:০৫ PM টায় তারিখে Ada Byron <ada@example.org> লিখেছেন:",
    "ta-gmail": "திங்., 4 மே, 2020, பிற்பகல் 3:05 அன்று, Ada Byron <ada@example.org> எழுதியது:",
    "tl-gmail": "Noong Lun, Mayo 4, 2020 nang 3:05 PM, sinulat ni Ada Byron <ada@example.org> ang:",
    "sw-gmail": "Tarehe Jumatatu, 4 Mei 2020 saa 15:05 Ada Byron <ada@example.org> aliandika:",
    "eu-gmail": "Ada Byron (<ada@example.org>) igorleak hau idatzi zuen (2020 mai. 4, al. (15:05)):",
    "ca-apple": "El 4 maig 2020, a les 15:05, Ada Byron <ada@example.org> va escriure:",
    "gl-gmail": "O lun, 4 de mai. de 2020 ás 15:05, Ada Byron (<ada@example.org>) escribiu:",
    "af-gmail": "Op Ma. 04 Mei 2020 om 15:05 het Ada Byron <ada@example.org> geskryf:",
    "hy": "Երկ, մայիսի 4, 2020 թ., 15:05 Ada Byron <ada@example.org> գրեց.",
    "ka": "ორშ, 4 მაი. 2020, 15:05 თარიღზე Ada Byron <ada@example.org> დაწერა:",
    "kk": "пн, 4 мамыр 2020 ж., 15:05 Ada Byron <ada@example.org> жазды:",
    "az": "Ada Byron <ada@example.org> 4 may 2020 B.e., 15:05 tarixində yazdı:",
    "th-be": "เมื่อ จ. 4 พ.ค. 2563 เวลา 15:05 Ada Byron <ada@example.org> เขียนว่า:",
    "vi-apple": "Vào 15:05, 4 thg 5, 2020, Ada Byron <ada@example.org> đã viết:",
    "vi-outlook": (
        "Từ: Ada Byron <ada@example.org>\nĐã gửi: Thứ Hai, 4 tháng Năm 2020 3:05 CH\n"
        "Tới: Max <max@example.org>\nChủ đề: Re: Cáp"
    ),
    "ms-gmail": "Pada Isn, 4 Mei 2020 pada 3:05 PTG Ada Byron <ada@example.org> menulis:",
    "zh-163-mobile": (
        "---- 回复的原邮件 ----\n| 发件人 | Ada Byron<ada@example.org> |\n| 日期 | 2020年05月04日 15:05 |\n"
        "| 收件人 | max@example.org |\n| 抄送至 | |\n| 主题 | Re: 电缆 |"
    ),
    "zh-qq": (
        '------------------ 原始邮件 ------------------\n发件人: "Ada Byron"<ada@example.org>; \n'
        '发送时间: 2020年5月4日(星期一) 下午3:05\n收件人: "max"<max@example.org>; \n主题: Re: 电缆'
    ),
    "zh-foxmail": "发件人： Ada Byron\n发送时间： 2020-05-04 15:05\n收件人： max\n主题： Re: 电缆",
    "zh-sina": (
        "----- 原始邮件 -----\n发件人：Ada Byron <ada@example.org>\n收件人：max@example.org\n主题：Re: 电缆\n"
        "日期：2020年05月04日 15点05分"
    ),
    "zh-aliyun": (
        "------------------------------------------------------------------\n"
        "发件人：Ada Byron <ada@example.org>\n发送时间：2020年5月4日(星期一) "
        "15:05\n收件人：max <max@example.org>\n主\u3000题：Re: 电缆"
    ),
    "zh-139": (
        "----邮件原文----\n发件人：Ada Byron <ada@example.org>\n收件人：max <max@example.org>\n抄 送： (无)\n"
        "发送时间：2020-05-04 15:05:06\n主题：Re: 电缆"
    ),
    "tw-yahoo": "Ada Byron <ada@example.org> 於 2020年5月4日 星期一 下午03:05:06 [GMT+8] 寫道：",
    "tw-outlook": (
        "寄件者: Ada Byron <ada@example.org>\n寄件日期: 2020年5月4日 "
        "下午 03:05\n收件者: Max <max@example.org>\n主旨: Re: 電纜"
    ),
    "hk-yahoo": "在 2020年5月4日 星期一 下午03:05:06 [GMT+8]， Ada Byron<ada@example.org> 寫道：",
    "ja-becky": "Mon, 4 May 2020 15:05:06 +0900 に\nAda Byron <ada@example.org> さんは書きました:",
    "ja-docomo": (
        "----- 元のメッセージ -----\n差出人 : Ada Byron <ada@example.org>\n宛先 : max@example.org\n"
        "送信日時 : 2020/05/04 15:05\n件名 : Re: ケーブル"
    ),
    "ko-naver": (
        '-----Original Message-----\nFrom: "Ada Byron"<ada@example.org>\nTo: <max@example.org>;\nCc:\n'
        "Sent: 2020-05-04 (월) 15:05:06 (GMT+09:00)\nSubject: Re: 케이블"
    ),
    "ko-daum": (
        "--------- 원본 메일 ---------\n보낸사람 : Ada Byron <ada@example.org>\n받는사람 : max <max@example.org>\n"
        "날짜: 2020년 5월 04일 월요일, 15시 05분 06초 +0900\n제목: Re: 케이블"
    ),
}
ONLY_ABOVE_A_QUOTATION = {
    "en-gnus": "Ada Byron writes:",
    "en-horde": "Quoting Ada Byron <ada@example.org>:",
    "de-horde": "Zitat von Ada Byron <ada@example.org>:",
    "ca-gmail": "Missatge de Ada Byron <ada@example.org> del dia dl., 4 de maig 2020 a les 15:05:",
    "unknown": "Ada Byron <ada@example.org> qdwxz 4/5/2020 15:05 tlonqu:",
}

DEVICES = [
    "Sent from my Verizon, Samsung Galaxy smartphone",
    "Sent from ProtonMail, Swiss-based encrypted email.",
    "Get BlueMail for Android",
    "Typed on my phone, please excuse typos",
    "Please excuse brevity - sent from a mobile device.",
    "Gesendet über Yahoo Mail. App herunterladen",
    "Mobil gesendet",
    "Obtenez Outlook pour iOS",
    "Cet e-mail a été envoyé depuis mon iPhone",
    "Obtenga Outlook para iOS",
    "Enviado dende o meu iPhone",
    "Skaffa Outlook för iOS",
    "Pobierz program Outlook dla systemu iOS",
    "Získať Outlook pre Android",
    "Az iPhone-omról küldve",
    "Samsung Galaxy okostelefonomról küldve.",
    "Obțineți Outlook pentru Android",
    "Послато са мог iPhone-а",
    "Отправлено со смартфона Samsung Galaxy.",
    "Получить Outlook для Android",
    "Відправлено зі смартфона Samsung",
    "iPhone’umdan gönderildi",
    "Android için Outlook'u edinin",
    "Εστάλη από το iPhone μου",
    "Αποκτήστε το Outlook για Android",
    "Nosūtīts no mana iPhone",
    "Sent úr iPhone-símanum mínum",
    "Nire iPhone-tik bidalia",
    "Tải Outlook dành cho Android",
    "Dihantar daripada iPhone saya",
    "发送自 Windows 10 版邮件应用",
    "获取适用于 Android 的 Outlook",
    "寄件自我的 iPhone",
    "透過 Android 手機傳送",
    "Yahoo!メール for iPhoneから送信",
    "Android 版 Outlook を入手",
    "Samsung Galaxy 스마트폰에서 보냈습니다.",
    "iOS용 Outlook 다운로드",
    "مُرسل من هاتفي",
    "الحصول على Outlook لـ Android",
    "השג את Outlook עבור iOS",
    "از آیفون من ارسال شد",
    "मेरे iPhone से भेजा गया",
    "Virus-free. www.avast.com",
    "ارسال\u200cشده از iPhone",
]

PEOPLE = [
    "My problem:\n\nThe parcel was sent from Berlin to Paris and is lost.",
    "Hello,\n\nSent from our shop last week, nothing arrived.",
    "Hello,\n\nSent via DHL yesterday.",
    "Hallo,\n\ngesendet von Berlin am Montag, Sendungsnummer 123.",
    "Merhaba,\n\nKargo Ankara'dan gönderildi ama gelmedi.",
    "안녕하세요,\n\n어제 서울에서 보냈습니다.",
    "नमस्ते,\n\nपार्सल दिल्ली से भेजा गया",
    "Hello,\n\nwhich phone? I use Outlook on Android.",
    "Hello,\n\nI use Outlook for iOS, version 4.",
    "Привет,\n\nПрограмма пишет:\n> Ошибка 5\n\nЧто делать?",
    "The display says:\n> E04\n\nWhat does it mean?",
    "On page 5 the manual says:\n> Turn it on.\n\nBut it does not.",
    "At 10:05 the display said:\n> E04\n\nWhat now?",
    "Na ekranie pisze:\n> Błąd 5\n\nCo robić?",
    "The log:\n> 2020-05-04 15:05 error\n\nPlease help.",
    "Here is what I see:\n> one\n> two\n\nIs it right?",
    "On Monday 4 May 2020 at 15:05 I called you and your colleague said:\nwe will send a new one.\n\nNothing came.",
    "I wrote to Ada <ada@example.org> on 4 May 2020 at 15:05 and she answered nothing.",
    "On 4 May 2020 at 15:05 I wrote to Ada <ada@example.org> with the following question:\nwhere is it?\n\nNo answer.",
    "Please contact:\nAda Byron <ada@example.org>\n\nShe knows.",
    "Contact: Ada Byron <ada@example.org>:\nshe knows.",
    "Meeting:\nFrom: 10:00\nTo: 12:00\nSubject: Planning",
    "Flight\nFrom: Berlin\nTo: Paris\nDate: 5 May 2026\nPassengers: 2",
    "Booking\nVon: Berlin\nNach: Paris\nDatum: 5. Mai 2026",
    "Von: 5.5.2026\nBis: 7.5.2026\nBetreff: Urlaub",
    "De: Madrid\nA: París\nFecha: 5 de mayo de 2026",
    "Da: Roma\nA: Milano\nData: 5 maggio 2026",
    "Name: Ada\nEmail: ada@example.org\nSubject: Cable\nMessage: it blinks",
    "To: the team\nSubject: cable\n\nHello team",
    "Steps:\n1. Open\n2. Close\n---\nIt fails at 2.",
    "First topic\n\n---\n\nSecond topic: please send a cable. Thank you.",
    "Hello\n___\nWhat about the lamp?",
    "Items:\n- cable\n- lamp\n- bulb",
    "Order 5\n=======\nOne cable please.",
    "Regards are due to Max.\nPlease tell him.",
    "Thanks,\nI will wait for your answer.",
    "Best,\nAda",
    "Mit freundlichen Grüßen\nAda Byron",
    "Cordialement,\n\nAda Byron",
    "Many thanks,\nplease call me at +44 20 5550 1234 tomorrow",
    "Thanks\nAda\nPlease call me on +44 20 5550 1234?",
    "Hello -- this is a test -- of dashes.",
    "-- This line starts with dashes\nand the text goes on here.",
    "My mail address is ada@example.org\nMy phone is +44 20 5550 1234",
    "You wrote on 4 May 2020 that it would come. It has not.",
    "You wrote:\nWe send it on Monday.\n\nNothing came.",
    "He said: no.\n\nI said: yes.",
    "I get this:\n\nOn boot: error 5\n\nWhat now?",
    "Von meinem Konto wurde zweimal abgebucht",
    "From my account you took 20 EUR twice.",
    "From my point of view it's broken",
    "From my mac the login fails",
    "From my phone everything works",
    "Download Outlook fails",
    "Get Outlook working again",
    "Hello,\n\nget outlook working on my machine please, it crashes all day long and I cannot work at all today.",
    "Hello,\nis the answer below correct?",
    "Below is my answer to the questions.",
    "Please write your reply above the price list.",
    "Reply to: ada@example.org\nPhone: 123",
    "En el 2020 escribió: nada",
    "Le 5 mai 2020 à 10h05 j'ai écrit :\nbonjour\n\net rien.",
    "Am 5. Mai 2020 um 10:05 habe ich geschrieben:\nHallo\n\nund nichts.",
    "Le client dit :\n> c'est cassé\n\nQue faire ?",
    "Original message was lost.",
    "-----Original Message----- is what I see on top of every mail, why?",
    "No: 123\nTo: Ada\nSubject: Cable",
    "Date: 4 May 2020\nSubject: Cable\nit blinks",
    "Hej,\n\nSkickat från lagret i måndags, har inte kommit.",
    "Bonjour,\n\nEnvoyé de Paris le 5 mai, toujours pas reçu.",
    "Buenos días,\n\nEnviado desde Madrid el lunes, no ha llegado.",
    "Hola,\n\nEnviado por correo certificado el lunes",
    "Ciao,\n\nInviato da Roma lunedì e mai arrivato.",
    "Hallo,\n\nVerzonden met PostNL op maandag.",
    "Здравствуйте,\n\nОтправлено со склада в понедельник.",
    "Hello,\n\nwritten on my phone bill is 20 EUR more",
    "مرحبا\n\nتم إرسال الطرد من القاهرة",
    "你好\n\n从上海发送的包裹没有到",
    "こんにちは\n\n先日東京から送信しました。",
]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
@pytest.mark.parametrize("old", [QUOTED, OLD], ids=["quoted", "bare"])
def test_hides_the_older_mail_of_each_client_in_each_language(head: str, old: str) -> None:
    trimmed = trim(f"{OWN}\n\n{head}\n\n{old}\n")
    assert (trimmed.own_words, trimmed.inline) == (OWN, False)


@pytest.mark.parametrize("head", ONLY_ABOVE_A_QUOTATION.values(), ids=ONLY_ABOVE_A_QUOTATION.keys())
def test_needs_a_quotation_below_where_a_line_tells_little(head: str) -> None:
    assert trim(f"{OWN}\n\n{head}\n{QUOTED}").own_words == OWN
    bare = f"{OWN}\n\n{head}\n{OLD}"
    assert trim(bare).own_words == bare


@pytest.mark.parametrize("line", DEVICES)
def test_hides_what_devices_and_programs_add(line: str) -> None:
    trimmed = trim(f"{OWN}\n\n{line}\n\n{QUOTED}")
    assert (trimmed.own_words, trimmed.quotation) == (OWN, QUOTED)


@pytest.mark.parametrize("text", PEOPLE)
def test_keeps_what_a_person_wrote(text: str) -> None:
    assert trim(text).own_words == text
    assert trim(f"Hello,\n\n{text}").own_words == f"Hello,\n\n{text}"


LINE = "On Mon, May 4, 2020 at 3:05 PM Ada Byron <ada@example.org> wrote:"
ANSWER = "Hello,\n\nit is blue."
LAYOUTS = {
    "wrapped within the date": f"{ANSWER}\n\nOn Mon, May 4,\n2020 at 3:05 PM Ada <ada@e.example> wrote:\n\n> old",
    "wrapped before the verb": f"{ANSWER}\n\nOn Mon, May 4, 2020 at 3:05 PM Ada <ada@example.org>\nwrote:\n\n> old",
    "with a line right above": f"{ANSWER}\n{LINE}\n> old",
    "with spaces that do not break": f"{ANSWER}\n\xa0\n{LINE}\n> old".replace("PM Ada", "PM\xa0Ada"),
    "quoted itself": f"{ANSWER}\n\n> {LINE}\n>\n> old",
    "below a greeting": f"Hello,\n\n{LINE}\n> Which colour?\n\nit is blue.",
    "above all": f"{LINE}\n> Which colour?\n\n{ANSWER}\n\n-- \nMax",
    "Notes without colons": (
        f"{ANSWER}\n\n\nAda Byron <ada@example.org> \n05/04/2020 03:05 PM\n\nTo\nMax <max@example.org>\ncc\n\n"
        "Subject\nRe: Cable\n\n\nold"
    ),
    "fields with tabs": f"{ANSWER}\n\nFrom:\tAda\nSent:\tMonday\nTo:\tMax\nSubject:\tCable\n\nold",
    "a list's footer": f"{ANSWER}\n\n{LINE}\n> old\n________________\nusers list\nusers@lists.example.org\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_finds_the_answer_in_each_layout(text: str) -> None:
    assert trim(text).own_words == ANSWER


def test_a_comma_alone_above_an_attribution_is_no_date() -> None:
    assert trim(f"{ANSWER}\n,\n2026-05-04 10:00 Ada <ada@example.org> wrote:\n> old").own_words == f"{ANSWER}\n,"
