"""The words of generated mail: who writes, about what, in which language."""

from html import escape
from random import Random

CHARSETS = ("big5", "koi8-r", "gb18030", "windows-1256", "iso-2022-jp")

_GIVEN = (
    "Amélie", "Björn", "Carmen", "Dilnoza", "Émile", "Fatima", "Giulia", "Henrik", "Ingrid", "Joaquín", "Katarzyna",
    "Leila", "Mateo", "Nadia", "Oscar", "Priya", "Ruth", "Şebnem", "Thomas", "Ulrike",
)  # fmt: skip
_FAMILY = (
    "Andersson", "Bianchi", "Çelik", "Dvořák", "Evans", "Fernández", "Grünwald", "Horváth", "Ivanova", "Jones",
    "Karimova", "Lefèvre", "Mbeki", "Nakamura", "Ortega", "Popescu", "Rao", "Schäfer", "Tremblay", "Weber",
)  # fmt: skip
_PERSIAN_NAMES = ("زهرا محمدی", "علی رضایی", "مریم کاظمی", "حسین احمدی", "نرگس موسوی")
_DOMAINS = ("example.com", "example.org", "example.net", "shop.example.com", "office.example.org")
_FIRM = 4
"""People who share a domain."""

_WORDS = (
    "parcel", "tracking", "courier", "warehouse", "receipt", "payment", "voucher", "discount", "checkout", "basket",
    "profile", "browser", "session", "keyboard", "display", "firmware", "battery", "charger", "cable", "adapter",
    "contract", "renewal", "deadline", "statement", "balance", "transfer", "signature", "document", "form", "page",
    "the", "our", "your", "this", "still", "again", "twice", "never", "always", "after", "before", "since", "with",
    "without", "cannot", "shows", "stops", "waits", "fails", "needs", "arrives", "changed", "missing", "broken",
    "yesterday", "today", "Monday", "morning", "please", "thanks", "help", "answer", "check", "explain", "café",
)  # fmt: skip
_SUBJECTS = (
    "Parcel {n} has not arrived", "Question on statement {n}", "Cannot sign in, case {n}", "Device {n} does not start",
    "Return of order {n}", "Rückgabe der Bestellung {n}", "Facture {n} à corriger", "Price of contract {n}",
)  # fmt: skip
_PERSIAN = (
    ("بستهٔ {n} هنوز نرسیده است", "فاکتور {n} اشتباه است", "مشکل ورود به حساب، شمارهٔ {n}"),
    (
        "سلام، وقت بخیر.", "بستهٔ شمارهٔ {n} که هفتهٔ پیش سفارش دادم هنوز به دستم نرسیده است.",
        "لطفاً بررسی کنید و نتیجه را به من خبر دهید.", "مبلغ دو بار از حساب من کم شده است.",
        "نمی‌توانم وارد حساب کاربری‌ام شوم.", "با تشکر از پیگیری شما",
    ),
)  # fmt: skip
_ELSEWHERE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gb18030": (
        ("包裹{n}还没有送到", "关于账单{n}的问题"),
        ("你好，我上周订的东西到现在还没有收到。", "请帮我查一下包裹{n}在哪里。", "款项被扣了两次，请退还一次。",
         "我无法登录自己的账户。"),
    ),
    "big5": (
        ("包裹{n}尚未送達", "關於帳單{n}的問題"),
        ("您好，我上週訂購的商品到現在還沒有收到。", "請幫我查詢包裹{n}的位置。", "款項被扣了兩次，請退還一次。",
         "我無法登入自己的帳戶。"),
    ),
    "koi8-r": (
        ("Посылка {n} не пришла", "Вопрос по договору {n}"),
        ("Добрый день! Посылка {n} до сих пор не доставлена.", "Деньги списали дважды, верните, пожалуйста, лишнее.",
         "Не могу войти в свою учётную запись.", "Жду вашего ответа."),
    ),
    "windows-1256": (
        ("الطرد رقم {n} لم يصل", "سؤال عن الفاتورة {n}"),
        ("السلام عليكم، الطرد رقم {n} لم يصل بعد.", "تم خصم المبلغ مرتين من حسابي.", "لا أستطيع الدخول إلى حسابي.",
         "أرجو الرد في أقرب وقت."),
    ),
    "iso-2022-jp": (
        ("荷物{n}が届きません", "請求書{n}についての質問"),
        ("こんにちは。先週注文した荷物{n}がまだ届いていません。", "代金が二回引き落とされました。",
         "アカウントにログインできません。", "ご返事をお待ちしています。"),
    ),
}  # fmt: skip


def person(number: int) -> tuple[str, str]:
    """Name and address of a sender."""
    if number % 20 == 7:
        name = _PERSIAN_NAMES[number // 20 % len(_PERSIAN_NAMES)]
    else:
        name = f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[(number // len(_GIVEN) + number) % len(_FAMILY)]}"
    firm = number // _FIRM
    return name, f"customer{number:05d}@firm{firm}.{_DOMAINS[firm % len(_DOMAINS)]}"


def colleagues(number: int) -> range:
    """Everybody at the domain of a sender."""
    first = number - number % _FIRM
    return range(first, first + _FIRM)


def letter(rng: Random, charset: str, number: int, persian: bool) -> tuple[str, str]:
    """Subject and words of a new letter; the order's number makes the subject unlike all others of the run."""
    if charset != "utf-8" or persian:
        subjects, sentences = _PERSIAN if persian else _ELSEWHERE[charset]
        chosen = rng.sample(sentences, rng.randint(2, len(sentences)))
        words = "\n".join(chosen) + "\n"
    else:
        subjects = _SUBJECTS
        words = "\n\n".join(_paragraph(rng) for _ in range(rng.randint(2, 6))) + "\n"
    return rng.choice(subjects).format(n=number), words.format(n=number)


def _paragraph(rng: Random) -> str:
    words = rng.choices(_WORDS, k=rng.randint(25, 60))
    lines = (" ".join(words[at : at + 10]) for at in range(0, len(words), 10))
    return "\n".join(lines).capitalize() + rng.choice((".", "!", "?", " – 25 €."))


def page(rng: Random, body: str, size: int) -> str:
    """The text as an HTML page of about `size` bytes, padded the way newsletters are."""
    start = f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n<pre>{escape(body)}</pre>\n<table>\n'
    rows, length = [], len(start)
    while length < size:
        first, second = rng.choices(_WORDS, k=2)
        price = rng.randrange(100, 100_000) / 100
        rows.append(
            f'<tr><td style="padding:6px;color:#223344"><a href="https://shop.example.com/{first}/{second}">'
            f'{first} {second}</a></td><td align="right">{price:.2f}&nbsp;&euro;</td></tr>\n'
        )
        length += len(rows[-1])
    return f"{start}{''.join(rows)}</table></body></html>\n"
