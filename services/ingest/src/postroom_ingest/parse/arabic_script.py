"""Persian or Arabic: told by letters and little words, where a model that knows neither keyboard errs on short texts.

Persian is often typed with Arabic's yeh and kaf (windows-1256 has no others), so those two say nothing.
"""

import re
from typing import Final, Literal

from postroom_plumbing.spelling import SPELLINGS

SCRIPT: Final = re.compile("[\u0621-\u064a\u0671-\u06d3]")
_OTHERS: Final = re.compile("[ٹڈڑںےھٻڄٿڏڪڱڳښځڅډړږڼۍېێۆۇۈڕڵڤ]")
"""Letters of Urdu, Sindhi, Pashto, Kurdish and Uyghur, which are for the model to tell apart."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_PERSIAN_LETTERS: Final = re.compile("[پچژگ]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PERSIAN: Final = _words(
    """
    از که این است را برای در شما یک شده شد آن لطفا لطفاً ممنون مرسی دارم دارید داریم کنید کنم کنیم کرد کرده هست نیست هنوز
    نمی می باشد بود اگر چرا چطور چه خیلی ولی اما نشده نشد خود ای های هایی رو اینکه وقت بخیر درود خواهش میشه میکنم
    """
)
_ARABIC: Final = _words(
    """
    في على إلى الى هذا هذه أن إن عن مع لم التي الذي لا كان ذلك بعد قبل هل لقد شكرا شكراً يرجى هو هي كيف لماذا أريد
    اريد لدي ولكن
    """
)
_ARTICLE: Final = "ال"
_MARKS: Final = re.compile("[ةأإ]")
_ENOUGH: Final = 2
_LEAD: Final = 2


def persian_or_arabic(sample: str) -> Literal["fa", "ar"] | None:
    """ISO 639-1 code of the one this text is surely in; None where it may be either, or another language."""
    if _OTHERS.search(sample):
        return None
    words = _WORD.findall(sample.replace("\u200c", " "))
    persian = 2 * len(_PERSIAN_LETTERS.findall(sample))
    persian += sum(word.translate(SPELLINGS) in _PERSIAN for word in words)
    arabic = len(_MARKS.findall(sample)) + sum(word in _ARABIC for word in words)
    arabic += sum(len(word) > 4 and word.startswith(_ARTICLE) for word in words)
    if persian >= _ENOUGH and persian > _LEAD * arabic:
        return "fa"
    return "ar" if arabic >= _ENOUGH and arabic > _LEAD * persian else None
