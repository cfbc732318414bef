"""Letters that people write in more ways than one. Pure."""

from typing import Final

SPELLINGS: Final = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "\u200c": " ", "\u0640": None})
"""For `str.translate`: Arabic letters as Persian keyboards write them, since both are typed for the same words; the
zero-width non-joiner separates, the tatweel says nothing."""
