"""Reports as the mail systems of the world write them: in their languages, with fields or in words alone."""

import pytest

from .test_reports import DAEMON, POSTMASTER, Said, notice, read, report

BOB = ["bob@example.com"]

FIELDS: dict[str, tuple[str, str, list[str], bool | None]] = {
    "postfix-delay": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; "
        "connect to mx.example.com[192.0.2.1]:25: Connection timed out\nWill-Retry-Until: Sat\n"),
        "delay", BOB, False,
    ),
    "postfix-expired": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; "
        "connect to mx.example.com[192.0.2.1]:25: Connection timed out\n"),
        "bounce", BOB, False,
    ),
    "postfix-alias": (
        ("Final-Recipient: rfc822; bobby@inner.example\nOriginal-Recipient: rfc822;bob@example.com\nAction: failed\n"
        "Status: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n"),
        "bounce", BOB, True,
    ),
    "sendmail-xactual": (
        ("Reporting-MTA: dns; mx\n\nFinal-Recipient: RFC822; bob@example.com\nX-Actual-Recipient: RFC822; "
        "bobby@inner.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: SMTP; 550 5.1.1 User unknown\n"
        "Last-Attempt-Date: x\n"),
        "bounce", BOB, True,
    ),
    "o365-remote": (
        ("Final-Recipient: rfc822;bob@example.com\nAction: failed\nStatus: 5.4.14\nDiagnostic-Code: smtp;554 5.4.14 "
        "Hop count exceeded - possible mail loop\n"),
        "bounce", BOB, True,
    ),
    "exchange-550-4": (
        ("Final-Recipient: rfc822;bob@example.com\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp;550 4.4.7 "
        "QUEUE.Expired; message expired\n"),
        "bounce", BOB, False,
    ),
    "o365-4.4.316": (
        ("Final-Recipient: rfc822;bob@example.com\nAction: failed\nStatus: 5.4.300\nDiagnostic-Code: smtp;550 "
        "5.4.300 Message expired -> 451 4.4.0 Temporary server error. Please try again later\n"),
        "bounce", BOB, True,
    ),
    "mailgun": (
        ("Reporting-MTA: dns; mailgun.net\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: "
        "5.0.0\nDiagnostic-Code: smtp; 605 Not delivering to previously bounced address\n"),
        "bounce", BOB, True,
    ),
    "sendgrid": (
        ("Reporting-MTA: dns; sendgrid.net\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: \n"
        "Diagnostic-Code: 550 5.1.1 The email account that you tried to reach does not exist.\n"),
        "bounce", BOB, True,
    ),
    "sendgrid-unquoted": (
        ("Final-recipient: bob@example.com\nAction: failed\nStatus: 550\nDiagnostic-Code: 550 no such user\n"),
        "bounce", BOB, True,
    ),
    "zimbra": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 "
        "Over quota\n"),
        "bounce", BOB, True,
    ),
    "icloud": (
        ("Final-Recipient: rfc822; bob@icloud.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 "
        "5.1.1 <bob@icloud.example>: inactive email address\n"),
        "bounce", ["bob@icloud.example"], True,
    ),
    "multi": (
        ("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; eve@example.com\nAction: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 "
        "full\n\nFinal-Recipient: rfc822; joe@example.com\nAction: relayed\nStatus: 2.0.0\n"),
        "bounce", ["bob@example.com", "eve@example.com", "joe@example.com"], True,
    ),
    "x400-then-rfc822": (
        ("Final-Recipient: x400; /S=bob/O=ex/\nOriginal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: "
        "5.1.1\n"),
        "bounce", BOB, True,
    ),
    "system-local": (
        ("Final-Recipient: LOCAL; bob\nOriginal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n"),
        "bounce", BOB, True,
    ),
    "status-missing-mailboxfull": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: failed\nDiagnostic-Code: smtp; 452 mailbox full\n"),
        "bounce", BOB, False,
    ),
    "status-with-comment": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1 (bad destination mailbox "
        "address)\n"),
        "bounce", BOB, True,
    ),
    "status-4-diag-5": (
        ("Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; 550 5.1.1 "
        "user unknown\n"),
        "bounce", BOB, None,
    ),
}  # fmt: skip
NOTICES = [
    Said(
        "exim-alias", DAEMON, "Mail delivery failed: returning message to sender",
        ("This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  bobby@inner.example\n "
        "   (generated from bob@example.com)\n    retry timeout exceeded\n"),
        "bounce", ["bobby@inner.example"], False, None,
    ),
    Said(
        "exim-unrouteable", DAEMON, "Mail delivery failed: returning message to sender",
        ("A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent "
        "error. The following address(es) failed:\n\n  bob@example.com\n    Unrouteable address\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "sendmail-warn", DAEMON, "Warning: could not send message for past 4 hours",
        ("    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n  "
        "  **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n"
        "The original message was received at x\n\n   ----- The following addresses had transient non-fatal errors "
        "-----\n<bob@example.com>\n\n   ----- Transcript of session follows -----\n<bob@example.com>... Deferred: "
        "Connection timed out with mx.example.com.\nWarning: message still undelivered after 4 hours\nWill keep "
        "trying until message is 5 days old\n"),
        "delay", BOB, False, None,
    ),
    Said(
        "exchange2010", POSTMASTER, "Undeliverable: Your ticket",
        ("Delivery has failed to these recipients or groups:\n\nbob@example.com<mailto:bob@example.com>\nThe e-mail "
        "address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the "
        "message.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.example.net\n\n"
        "bob@example.com\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "exchange-fr", POSTMASTER, "Non remis : Votre ticket",
        ("Échec de la remise pour ces destinataires ou groupes :\n\nbob@example.com<mailto:bob@example.com>\n"
        "L'adresse de messagerie que vous avez entrée est introuvable.\n\nInformations de diagnostic pour les "
        "administrateurs :\n\nServeur de génération : mx.example.net\n\nbob@example.com\n#550 5.1.1 "
        "RESOLVER.ADR.RecipNotFound; not found ##\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "exchange-es", POSTMASTER, "No se puede entregar: ticket",
        ("Error de entrega a los siguientes destinatarios o grupos:\n\nbob@example.com<mailto:bob@example.com>\nNo "
        "se encontró la dirección de correo electrónico.\n\nInformación de diagnóstico para los administradores:\n"
        "\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "exchange-it", POSTMASTER, "Impossibile recapitare: ticket",
        ("Recapito non riuscito verso i seguenti destinatari o gruppi:\n\nbob@example.com<mailto:bob@example.com>\n"
        "Impossibile trovare l'indirizzo di posta.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-pt", POSTMASTER, "Não é possível entregar: ticket",
        ("Falha na entrega a estes destinatários ou grupos:\n\nbob@example.com<mailto:bob@example.com>\nO endereço "
        "não foi encontrado.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-nl", POSTMASTER, "Onbestelbaar: ticket",
        ("De bezorging is mislukt aan deze geadresseerden of groepen:\n\nbob@example.com<mailto:bob@example.com>\n"
        "Het adres is niet gevonden.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-pl", POSTMASTER, "Niedostarczona: ticket",
        ("Dostarczenie wiadomości do następujących adresatów nie powiodło się:\n\n"
        "bob@example.com<mailto:bob@example.com>\nNie znaleziono adresu.\n\nbob@example.com\n#550 5.1.1 not found "
        "##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-ru", POSTMASTER, "Не удается доставить: ticket",
        ("Сбой доставки следующим получателям или группам:\n\nbob@example.com<mailto:bob@example.com>\nАдрес не "
        "найден.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-sv", POSTMASTER, "Går inte att leverera: ticket",
        ("Det gick inte att leverera till följande mottagare eller grupper:\n\n"
        "bob@example.com<mailto:bob@example.com>\nAdressen hittades inte.\n\nbob@example.com\n#550 5.1.1 not found "
        "##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-ja", POSTMASTER, "配信不能: ticket",
        ("次の受信者またはグループへの配信に失敗しました:\n\nbob@example.com<mailto:bob@example.com>\n"
        "アドレスが見つかりません。\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-zh", POSTMASTER, "未送达: ticket",
        ("未能传递到以下收件人或组:\n\nbob@example.com<mailto:bob@example.com>\n找不到您输入的电子邮件地址。\n\n"
        "bob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-ko", POSTMASTER, "배달되지 않음: ticket",
        ("다음 받는 사람 또는 그룹에게 배달하지 못했습니다.\n\nbob@example.com<mailto:bob@example.com>\n주소를 찾을 "
        "수 없습니다.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "exchange-tr", POSTMASTER, "Teslim edilemedi: ticket",
        ("Bu alıcılara veya gruplara teslim başarısız oldu:\n\nbob@example.com<mailto:bob@example.com>\nAdres "
        "bulunamadı.\n\nbob@example.com\n#550 5.1.1 not found ##\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "gmail-de", DAEMON, "Delivery Status Notification (Failure)",
        ("Die Zustellung an den folgenden Empfänger ist dauerhaft fehlgeschlagen:\n\n     bob@example.com\n\nDer "
        "andere Server hat folgenden Fehler zurückgegeben:\n550 5.1.1 User unknown\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "gmx", '"GMX Mailer Daemon" <mailer-daemon@gmx.de>', "Mail delivery failed: returning message to sender",
        ("This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. This is a permanent error. The following address\nfailed:\n\n"
        '"bob@example.com":\nSMTP error from remote server after RCPT command:\nhost: mx.example.com\n5.1.1 '
        "<bob@example.com>... User is unknown {mx-us}\n\n--- The header of the original message is following. ---\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "1und1", "Mail Delivery System <mailer-daemon@mx.example>", "Mail delivery failed: returning message to sender",
        ("This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to\none or more of its recipients. The following addresses failed:\n\n<bob@example.com>\n\nFor "
        "the following reason:\n\nMail size limit exceeded.\n\nFor explanation visit "
        "https://postmaster.1and1.com/\n\n--- The header of the original message is following. ---\n"),
        "bounce", BOB, True, "too-large",
    ),
    Said(
        "qq", "PostMaster@qq.com", "系统退信/Systems bounce",
        ("抱歉，您的邮件被退回来了……\n\n原邮件信息：\n时间 2020-05-04 15:05:06\n主题 ticket\n收件人 "
        "bob@example.com\n\n退信原因：\n收件人邮件地址（bob@example.com）不存在，邮件无法送达。\nhost "
        "mx.example.com said: 550 Mailbox not found\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "qq2", "PostMaster <PostMaster@qq.com>", "系统退信",
        ("Sorry, we are unable to deliver your message to bob@example.com\n"
        "收件人(bob@example.com)所属域名不存在，邮件无法送达。\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "163", "Postmaster@163.com", "系统退信",
        ("Dear help@desk.example.org\n\n您好！非常抱歉，您的邮件被退回。\nYour message could not be delivered.\n\n"
        "收信人: bob@example.com\n退信原因: User not found: bob@example.com\nRemote host said: 550 User not found\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "naver", "postmaster@naver.com", "[메일 전송 실패] ticket",
        ("메일 전송에 실패하였습니다.\n\n받는 사람: bob@example.com\n\n실패 원인: 존재하지 않는 메일 주소입니다.\n"
        "550 5.1.1 No such user\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "daum", "MAILER-DAEMON@hanmail.net", "메일 발송 실패 안내",
        ("메일이 정상적으로 발송되지 않았습니다.\n\n<bob@example.com>:\n받는 사람의 메일함이 가득 찼습니다.\n552 "
        "5.2.2 Mailbox full\n"),
        "bounce", BOB, True, "mailbox-full",
    ),
    Said(
        "docomo", "mailer-daemon@docomo.ne.jp", "Mail System Error - Returned Mail",
        ("次のあて先へのメッセージはエラーのため送信できませんでした。\n\n<bob@docomo.ne.jp>:\n550 Unknown user "
        "bob@docomo.ne.jp\n"),
        "bounce", ["bob@docomo.ne.jp"], True, "unknown-user",
    ),
    Said(
        "au", "Postmaster@ezweb.ne.jp", "Mail System Error - Returned Mail",
        ("Each of the following recipients was rejected by a remote mail server.\n\n    Recipient: "
        "<bob@ezweb.ne.jp>\n    >>> RCPT TO:<bob@ezweb.ne.jp>\n    <<< 550 <bob@ezweb.ne.jp>: User unknown\n"),
        "bounce", ["bob@ezweb.ne.jp"], True, "unknown-user",
    ),
    Said(
        "softbank", "MAILER-DAEMON@softbank.ne.jp", "Undelivered Mail Returned to Sender",
        ("The following message was undeliverable.\n\n<bob@softbank.ne.jp>: Invalid recipient: "
        "<bob@softbank.ne.jp>\n"),
        "bounce", ["bob@softbank.ne.jp"], True, "unknown-user",
    ),
    Said(
        "nifty", "MAILER-DAEMON@nifty.com", "Returned mail: User unknown",
        ("以下のメールアドレスにメールを送信できませんでした。\n\n  bob@nifty.com\n\n理由: "
        "宛先のメールアドレスが存在しません。\n"),
        "bounce", ["bob@nifty.com"], True, "unknown-user",
    ),
    Said(
        "biglobe", "postmaster@biglobe.ne.jp", "Returned mail",
        ("   ----- The following addresses had delivery problems -----\n<bob@biglobe.ne.jp>\n\n   ----- "
        "Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n"),
        "bounce", ["bob@biglobe.ne.jp"], True, "mailbox-full",
    ),
    Said(
        "kerio", "Mail Delivery Subsystem <mailer-daemon@kerio.example>", "Undeliverable Mail",
        ("Your message:\n\n    From: help@desk.example.org\n    To: bob@example.com\n    Subject: Your ticket\n\n"
        "could not be delivered to the following recipient(s):\n\n    bob@example.com\n    mx.example.com refused: "
        "550 5.1.1 User unknown\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "mailenable", "Postmaster <postmaster@mailenable.example>", "Message Delivery Failure",
        ("MailEnable: Message could not be delivered to some recipients.\nThe following recipient(s) could not be "
        "reached:\n\n\tRecipient: [SMTP:bob@example.com]\n\tReason: The remote mail server returned: 550 no such "
        "user\n\nMessage headers follow:\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "hmailserver", "mailer-daemon@example.net", "Message undeliverable: Your ticket",
        ("Your message did not reach some or all of the intended recipients.\n\n   Sent: Mon, 04 May 2020 15:05:06 "
        "+0200\n   Subject: Your ticket\n\nThe following recipient(s) could not be reached:\n\nbob@example.com\n   "
        "Error Type: SMTP\n   Remote server (192.0.2.1) issued an error.\n   hMailServer sent: RCPT "
        "TO:<bob@example.com>\n   Remote server replied: 550 5.1.1 User unknown\n\nhMailServer\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "postmark-like", "MAILER-DAEMON@ironport.example", "Delivery Status Notification (Failure)",
        ("The following message to <bob@example.com> was undeliverable.\nThe reason for the problem:\n5.1.0 - "
        "Unknown address error 550-'5.1.1 <bob@example.com> no such user'\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "ironport-expired", "MAILER-DAEMON@ironport.example", "Delivery Status Notification (Failure)",
        ("The following message to <bob@example.com> was undeliverable.\nThe reason for the problem:\n4.4.7 - "
        "Delivery expired (message too old) 'timeout'\n"),
        "bounce", BOB, False, "expired",
    ),
    Said(
        "amavis", '"Content-filter at mx" <postmaster@mx.example.net>', "BANNED or VIRUS in mail FROM YOU",
        ("Your message could not be delivered to:\n  bob@example.com\n\nReason: your message contained a VIRUS "
        "(Eicar).\nDelivery of the email was stopped!\n"),
        "bounce", BOB, True, "virus",
    ),
    Said(
        "mimecast2", "postmaster@example.net", "[Postmaster] Email Delivery Failure",
        ("This is a Mimecast generated notification.\n\nEmail delivery failure\n\nThe attached email from "
        "help@desk.example.org could not be delivered to the following recipients:\n\nbob@example.com\n\nReason: "
        "550 no such user\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "zoho", "mailer-daemon@mail.zoho.com", "Undelivered Mail Returned to Sender",
        ("This message was created automatically by mail delivery software.\nA message that you sent could not be "
        "delivered to one or more of its recipients. This is a permanent error.\n\nbob@example.com Invalid "
        "Address, ERROR_CODE :550, ERROR_CODE :5.1.=1 <bob@example.com>... User Unknown\n\nReceived:from "
        "mail.zoho.com by mx.zohomail.com\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "powermta", "mta.example.net <postmaster@mta.example.net>", "Delivery report",
        ("Hello, this is the mail server on mta.example.net.\n\nI am sending you this message to inform you on the "
        "delivery status of a\nmessage you previously sent.  Immediately below you will find a list of\nthe "
        "affected recipients;  also attached is a Delivery Status Notification\n(DSN) report in standard format, "
        "as well as the headers of the original\nmessage.\n\n  <bob@example.com>  delivery failed; will not "
        "continue trying\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "opensmtpd", "Mailer Daemon <MAILER-DAEMON@mx>", "Delivery status notification: error",
        ("    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred "
        "while attempting to deliver a message for\n    the following list of recipients:\n\nbob@example.com: 550 "
        "5.1.1 User unknown\n\n    Below is a copy of the original message:\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "dma", DAEMON, "Mail delivery failed",
        ("This is the DragonFly Mail Agent v0.11 at mx.example.net.\n\nThere was an error delivering your mail to "
        "<bob@example.com>.\n\nmx.example.com [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 user unknown\n\n"
        "Original message follows.\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "haraka", DAEMON, "failed mail",
        ("Hi. This is the Haraka Mailer program at mx.example.net.\nI'm afraid I wasn't able to deliver your "
        "message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n"
        "\nIntended Recipients: <bob@example.com>\nFailure Reason: Error: Some recipients failed: bob@example.com "
        "(550 user unknown)\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "fr-orange", DAEMON, "Message non remis",
        ("Votre message n'a pas pu être remis au destinataire suivant :\n\n<bob@orange.example>\n550 5.1.1 Adresse "
        "d au moins un destinataire invalide. Invalid recipient. OFR_416\n"),
        "bounce", ["bob@orange.example"], True, "unknown-user",
    ),
    Said(
        "fr-free", POSTMASTER, "Echec de la remise du message",
        ("Ceci est le système de messagerie.\n\nVotre message n'a pu être délivré à : bob@free.example\n\n550 5.2.1 "
        "mailbox full\n"),
        "bounce", ["bob@free.example"], True, None,
    ),
    Said(
        "de-tonline", DAEMON, "Unzustellbare Nachricht",
        ("Ihre Nachricht konnte nicht zugestellt werden.\n\nEmpfänger: bob@t-online.example\nGrund: Unbekannter "
        "Empfänger (550 5.1.1)\n"),
        "bounce", ["bob@t-online.example"], True, "unknown-user",
    ),
    Said(
        "it-aruba", DAEMON, "Mancata consegna",
        ("Il messaggio non è stato consegnato ai seguenti destinatari:\n\n  bob@aruba.example\n    550 5.1.1 utente "
        "sconosciuto\n"),
        "bounce", ["bob@aruba.example"], True, None,
    ),
    Said(
        "it-pec", "posta-certificata@pec.example", "AVVISO DI MANCATA CONSEGNA: Your ticket",
        ("Il messaggio \"Your ticket\" proveniente da help@desk.example.org e destinato all'utente bob@pec.example "
        "non può essere consegnato.\n5.1.1 - indirizzo non valido\n"),
        "bounce", ["bob@pec.example"], True, None,
    ),
    Said(
        "ru", DAEMON, "Недоставленное сообщение",
        ("Ваше сообщение не может быть доставлено следующему получателю:\n\nbob@example.com\n\n550 Пользователь не "
        "найден\n"),
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "pl", DAEMON, "Zwrot: nie dostarczono",
        ("Wiadomość nie mogła zostać dostarczona do odbiorcy: bob@example.com\n\n550 5.1.1 nie ma takiego "
        "użytkownika\n"),
        "bounce", BOB, True, None,
    ),
    Said(
        "cs", DAEMON, "Nedoručitelná zpráva",
        "Vaši zprávu se nepodařilo doručit na adresu bob@example.com.\n\n550 5.1.1 uživatel neexistuje\n",
        "bounce", BOB, True, None,
    ),
    Said(
        "tr", DAEMON, "Teslim edilemeyen ileti",
        "İletiniz aşağıdaki alıcıya teslim edilemedi:\n\nbob@example.com\n\n550 5.1.1 kullanıcı bulunamadı\n",
        "bounce", BOB, True, None,
    ),
    Said(
        "fa", DAEMON, "تحویل نشد",
        "پیام شما به گیرنده زیر تحویل داده نشد:\n\nbob@example.com\n\n550 5.1.1 user unknown\n",
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "ar", DAEMON, "تعذر التسليم",
        "تعذر تسليم رسالتك إلى المستلم التالي:\n\nbob@example.com\n\n550 5.1.1 user unknown\n",
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "he", DAEMON, "ההודעה לא נמסרה",
        "לא ניתן היה למסור את ההודעה לנמען:\n\nbob@example.com\n\n550 5.1.1 user unknown\n",
        "bounce", BOB, True, "unknown-user",
    ),
    Said(
        "listmanager", '"Mail Delivery System" <bounces@mx.example.net>', "Mail delivery failed",
        "Your message to bob@example.com could not be delivered: mailbox disabled\n",
        "bounce", BOB, True, "suspended",
    ),
    Said(
        "full-no-code", DAEMON, "Mailbox full",
        "The following recipient's mailbox is full:\n\nbob@example.com\n",
        "bounce", BOB, True, "mailbox-full",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "who", "permanent"), FIELDS.values(), ids=FIELDS.keys())
def test_fields_of_mail_systems(status: str, kind: str, who: list[str], permanent: bool | None) -> None:
    found = read(report(status))
    assert (found.kind, [one.address for one in found.recipients]) == (kind, who)
    assert permanent is None or found.recipients[0].permanent is permanent


@pytest.mark.parametrize("said", NOTICES, ids=lambda said: said.name)
def test_words_of_mail_systems(said: Said) -> None:
    found = read(notice(said.body, said.subject, said.sender))
    assert (found.kind, [one.address for one in found.recipients]) == (said.kind, said.who)
    assert found.recipients[0].permanent is said.permanent
    assert said.reason is None or found.recipients[0].reason == said.reason


def test_a_diagnostic_keeps_the_address_it_is_about() -> None:
    found = read(notice("Sorry, no mailbox here.\n\n<bob@example.net>:\nUser does not exist. (#5.1.1)\n"))
    assert found.recipients[0].diagnostic == "<bob@example.net>: User does not exist. (#5.1.1)"
