"""Many mails in one request body, as netstrings: `12:hello world!,` each, one after the other."""

_DIGITS = 10


def split(body: bytes) -> list[bytes]:
    """What is in `body`, in order.

    Raises:
        ValueError: it does not consist of netstrings, to its last byte.
    """
    found: list[bytes] = []
    at = 0
    while at < len(body):
        colon = body.find(b":", at, at + _DIGITS + 1)
        length = body[at:colon] if colon > at else b""
        if not length.isdigit():
            raise ValueError(f"no length at byte {at}")
        end = colon + 1 + int(length)
        if body[end : end + 1] != b",":
            raise ValueError(f"the netstring at byte {at} does not end in a comma")
        found.append(body[colon + 1 : end])
        at = end + 1
    return found
