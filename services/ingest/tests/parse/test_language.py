"""Which language a text is in."""

import pytest

from postroom_ingest.parse.language import guess_language

TEXTS = [
    ("fa", "سلام، فاکتور من دو بار حساب شده است. لطفا بررسی کنید."),
    ("fa", "سلام، فاكتور من دو بار حساب شده است. لطفا بررسي كنيد."),
    ("fa", "ممنون، مشكل حل شد"),
    ("fa", "چطور ميتونم پسورد اكانتم رو عوض كنم؟"),
    ("fa", "لغو سفارش شماره ۱۲۳۴"),
    ("fa", "سلام وقت بخیر بسته من نرسیده"),
    ("ar", "مرحبا، لم تصل الطلبية رقم 123 حتى الآن. شكرا"),
    ("ar", "السلام عليكم، أريد استرجاع المبلغ من فضلكم"),
    ("ar", "مشكلة في تسجيل الدخول إلى حسابي"),
    ("ur", "آپ کا بہت شکریہ، میرا آرڈر ابھی تک نہیں پہنچا ہے"),
    ("uk", "Дякую за відповідь, але я ще не отримав це замовлення, що мені робити?"),
    ("ru", "Здравствуйте, я не получил это письмо, что мне делать, если он уже был отправлен?"),
    ("zh", "您好，我的包裹还没有送到。"),
    ("en", "Hello سلام thanks for the help with my order please"),
    (None, "ok"),
]


@pytest.mark.parametrize(("language", "text"), TEXTS, ids=[text[:25] for _, text in TEXTS])
def test_guess(language: str | None, text: str) -> None:
    assert guess_language(text) == language
