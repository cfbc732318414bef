"""Which language a text is in, from its first few hundred characters; silent when that would be a guess."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

_SAMPLE_CHARS: Final = 250
"""Enough for a verdict in all languages tried; the cost grows with it (60 us at 250)."""
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
_DENSE: Final = frozenset({"zh", "ja", "ko"})


def guess_language(text: str) -> str | None:
    """ISO 639-1 code of the language most of `text` begins in, or None when it is too short or unclear."""
    sample = _sample(text[: 4 * _SAMPLE_CHARS])
    letters = sum(map(str.isalpha, sample))
    if not sample.isascii() and (found := _by_script(sample, letters)):
        return found
    if letters < _FEWEST_LETTERS:
        return None
    language, probability = _identifier()(sample)
    return language if probability >= _CERTAIN else None


def _sample(text: str) -> str:
    """The beginning without quoted lines, links and addresses, which are not in the writer's language."""
    if "\n>" in text or text.startswith(">"):
        text = "\n".join(line for line in text.split("\n") if not line.startswith(">"))
    if "@" in text or "/" in text:
        text = " ".join(word for word in text.split() if "@" not in word and "/" not in word)
    return text[:_SAMPLE_CHARS]


def _by_script(sample: str, letters: int) -> str | None:
    for language, script in _SCRIPTS:
        signs = len(script.findall(sample))
        share = _KANA_SHARE if language == "ja" else _SCRIPT_SHARE
        fewest = _FEWEST_SIGNS if language in _DENSE else _FEWEST_LETTERS
        if signs >= fewest and signs >= letters * share:
            return language
    return None


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    # Imported at the first use: they bring numpy and half a second of model loading, and the receivers that only
    # need thread_root should pay for neither.
    import numpy
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if len(code) == 2])
    identifier.nb_ptc = numpy.ascontiguousarray(
        identifier.nb_ptc
    )  # the choice above left it column by column: 1.5 x slower
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify
