"""Language tags, as far as routing compares them."""


def covers(wanted: str, actual: str) -> bool:
    """Whether `actual` is `wanted` or a variety of it, as `pt` covers `pt-BR` (RFC 4647 section 3.3.1)."""
    wanted, actual = wanted.casefold(), actual.casefold()
    return actual == wanted or actual.startswith(wanted + "-")
