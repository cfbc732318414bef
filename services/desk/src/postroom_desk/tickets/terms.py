"""Words to find a text by, in any script: words where words are separated, pairs of characters where they are not."""

import re
import unicodedata

INDEX_CHARS = 4_000
"""How much of a text is indexed."""
INDEX_TERMS = 150
QUERY_TERMS = 12
_TOKEN = re.compile(r"[\w\-@.+]+")
_UNSPACED = re.compile(
    "[\u2e80-\u2fdf\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
_FOLD = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "\u200c": " ", "\u0640": None})
"""Arabic letters as Persian keyboards write them; the zero-width non-joiner separates, the tatweel says nothing."""


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_FOLD).casefold()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn"))


def _words(text: str) -> list[str]:
    terms: list[str] = []
    for token in _TOKEN.findall(_folded(text)):
        if token.isascii():
            terms.extend(_parts(token))
            continue
        end = 0
        for run in _UNSPACED.finditer(token):
            terms.extend(_parts(token[end : run.start()]))
            terms.extend(_pairs(run.group()))
            end = run.end()
        terms.extend(_parts(token[end:]))
    return terms


def _parts(token: str) -> list[str]:
    token = token.strip("-.+@_")
    if not token:
        return []
    parts = [part for part in re.split(r"[-@.+]", token) if part]
    return [token, *parts] if len(parts) > 1 else [token]


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


def index_terms(*texts: str) -> list[str]:
    """The distinct terms of texts, in order of appearance, bounded."""
    terms: dict[str, None] = {}
    for text in texts:
        for word in _words(text[:INDEX_CHARS]):
            terms[word[:64]] = None
            for single in word if _UNSPACED.fullmatch(word) else ():
                terms[single] = None
        if len(terms) >= INDEX_TERMS:
            break
    return list(terms)[:INDEX_TERMS]


def query_terms(text: str) -> list[str]:
    """The terms that a message must all have to match a query."""
    return list(dict.fromkeys(word[:64] for word in _words(text)))[:QUERY_TERMS]
