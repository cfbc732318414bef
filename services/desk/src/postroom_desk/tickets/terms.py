"""Words to find a text by, in any script: words where words are separated, pairs of characters where they are not."""

import re
import unicodedata

from postroom_plumbing.spelling import SPELLINGS

INDEX_CHARS = 4_000
"""How much of a text is indexed."""
INDEX_TERMS = 150
QUERY_TERMS = 12
TERM_CHARS = 64
_TOKEN = re.compile(r"[\w\-@.+]+")
_JOINT = re.compile(r"[-@.+]")
_UNSPACED = re.compile(
    "[\u2e80-\u2fdf\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    # only now, since a letter with hamza holds one of them
    return unicodedata.normalize("NFC", bare.translate(SPELLINGS))


def _words(text: str) -> list[str]:
    """The distinct terms of a text, in order of appearance."""
    terms: dict[str, None] = {}
    for token in dict.fromkeys(_TOKEN.findall(_folded(text))):
        if token.isascii():
            terms.update(dict.fromkeys(_parts(token)))
            continue
        end = 0
        for run in _UNSPACED.finditer(token):
            terms.update(dict.fromkeys((*_parts(token[end : run.start()]), *_pairs(run.group()))))
            end = run.end()
        terms.update(dict.fromkeys(_parts(token[end:])))
    return list(terms)


def _parts(token: str) -> list[str]:
    token = token.strip("-.+@_")
    if token.isalnum():
        return [token]
    parts = [part for part in _JOINT.split(token) if part]
    return [token, *parts] if len(parts) > 1 else parts


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


def index_terms(*texts: str) -> list[str]:
    """The distinct terms of texts, bounded: words, pairs of unspaced characters, and each of these characters."""
    terms: dict[str, None] = {}
    for text in texts:
        for word in _words(text[:INDEX_CHARS]):
            terms[word[:TERM_CHARS]] = None
            if not word.isascii() and _UNSPACED.fullmatch(word):
                terms.update(dict.fromkeys(word))
        if len(terms) >= INDEX_TERMS:
            break
    return list(terms)[:INDEX_TERMS]


def query_terms(text: str) -> list[str]:
    """The terms that a message must all have to match a query."""
    return [word[:TERM_CHARS] for word in _words(text)][:QUERY_TERMS]
