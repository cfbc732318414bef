"""Which language a text is in, from its first few hundred characters; silent when that would be a guess."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from postroom_ingest.parse.arabic_script import SCRIPT as ARABIC_SCRIPT
from postroom_ingest.parse.arabic_script import persian_or_arabic

_SAMPLE_CHARS: Final = 250
"""Enough for a verdict in all languages tried; the cost grows with it (100-200 us at 250)."""
_GLANCE_CHARS: Final = 80
_SURE: Final = 0.9
"""A verdict as sure as this on the first glance stands: of 331 real texts 3 got another from the whole sample, all in
two languages."""
_FEWEST_LETTERS: Final = 12
_CERTAIN: Final = 0.6
"""Below this lie the wrong verdicts; of 250 pieces of 30-90 letters in 22 languages none above it was wrong."""

_SCRIPTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e4e]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
)
"""Scripts of one language each. Kana first: Japanese is written with Chinese characters too."""
_KANA_SHARE: Final = 0.1
_SCRIPT_SHARE: Final = 0.4
_FEWEST_SIGNS: Final = 4
_FEW_WORDS: Final[dict[str, str]] = {
    "en": "the and you your this that with has were from would not been which please our they their there when what who"
    " how about could should since before after again because your than thanks yesterday without always never cannot",
    "de": "und der das nicht ist ich sie mit eine einen für auf wir haben bitte wird oder auch dem den sind ihre noch",
    "fr": "les des est vous nous pour dans une je votre avec pas sur mais aux du être avez notre cette merci qui ce",
    "es": "el los las por para una con su está gracias como pero muy más usted este puede hola sobre desde nos le",
    "it": "il che di per non una sono con della del gli come anche più questo grazie nella alla ho mi è delle ci",
    "nl": "het een van niet dat voor zijn met wij ook naar bij heeft kunnen graag mijn deze maar heb wordt uw nog dit",
    "ru": "и в не на что я с это по вы мне как для от из или если но уже при мы нам вам у меня за есть был",
    "uk": "і в не на що я з це по ви мені як для від або якщо але вже при ми нам вам у мене за є був та",
    "pt": "os uma não para com por você está mais obrigado foi são meu minha isso pelo pela tem também seu ao",
}
_WORD_OF: Final = {
    word: code
    for code, words in _FEW_WORDS.items()
    for word in words.split()
    if sum(word in other.split() for other in _FEW_WORDS.values()) == 1
}
"""Little words that tell these languages apart; those of two of them are left out."""
_ENOUGH_WORDS: Final = 5
_ENOUGH_ENGLISH: Final = 3
"""Different ones: of 1,279 real texts three got a verdict by them of which the model was not sure, none another one."""
_CLEAR_LEAD: Final = 4
_ACCENTS_OF_ENGLISH: Final = 0.01
"""Share of letters beyond ASCII up to which a text can be English: a name, a café."""
_ASCII = re.compile("[\x00-\x7f]+")
_NOT_LETTERS: Final = bytes(byte for byte in range(128) if not chr(byte).isalpha())
_LATIN: Final = "la"
"""Nobody writes to a support desk in it, and names and filler text look like it."""
_DENSE: Final = frozenset({"zh", "ja", "ko"})


def guess_language(text: str) -> str | None:
    """ISO 639-1 code of the language most of `text` begins in, or None when it is too short or unclear."""
    sample = _sample(text[: 4 * _SAMPLE_CHARS])
    foreign = "" if sample.isascii() else _ASCII.sub("", sample)
    accented = sum(map(str.isalpha, foreign))
    letters = accented + len(sample.encode("ascii", "ignore").translate(None, _NOT_LETTERS))
    if foreign and (found := _by_script(foreign, letters)):
        return found
    if letters < _FEWEST_LETTERS:
        return None
    if ARABIC_SCRIPT.search(foreign) and (told := persian_or_arabic(sample)):
        return told
    if found := _by_little_words(sample, plain=accented <= letters * _ACCENTS_OF_ENGLISH):
        return found
    identify = _identifier()
    language, probability = identify(sample[:_GLANCE_CHARS])
    if probability < _SURE and len(sample) > _GLANCE_CHARS:
        language, probability = identify(sample)
    return language if probability >= _CERTAIN else None


def _sample(text: str) -> str:
    """The beginning without quoted lines, links and addresses, which are not in the writer's language."""
    if "\n>" in text or text.startswith(">"):
        text = "\n".join(line for line in text.split("\n") if not line.startswith(">"))
    if "@" in text or "/" in text:
        text = " ".join(word for word in text.split() if "@" not in word and "/" not in word)
    return text[:_SAMPLE_CHARS]


def _by_script(foreign: str, letters: int) -> str | None:
    for language, script in _SCRIPTS:
        signs = len(script.findall(foreign))
        share = _KANA_SHARE if language == "ja" else _SCRIPT_SHARE
        fewest = _FEWEST_SIGNS if language in _DENSE else _FEWEST_LETTERS
        if signs >= fewest and signs >= letters * share:
            return language
    return None


def _by_little_words(sample: str, *, plain: bool) -> str | None:
    """The verdict where they leave no doubt, in 5 us instead of the model's 40 to 140; `plain` says that there are
    hardly any letters beyond ASCII.
    """
    found = [word for word in sample.lower().split() if word in _WORD_OF]
    languages = [_WORD_OF[word] for word in found]
    counts = sorted(((languages.count(code), code) for code in set(languages)), reverse=True)
    (hits, best), (second, _) = (*counts, (0, ""), (0, ""))[:2]
    if hits < max(_CLEAR_LEAD * second, 1):
        return None
    if best == "en":  # English sentences are in mails of every language
        different = {word for word in found if _WORD_OF[word] == best}
        return best if plain and len(different) >= _ENOUGH_ENGLISH else None
    return best if hits >= _ENOUGH_WORDS else None


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    # Imported at the first use: they bring numpy and half a second of model loading, and the receivers that only
    # need thread_root should pay for neither.
    import numpy
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if len(code) == 2 and code != _LATIN])
    identifier.nb_ptc = numpy.ascontiguousarray(
        identifier.nb_ptc
    )  # the choice above left it column by column: 1.5 x slower
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify
