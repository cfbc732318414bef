"""Optimistic concurrency: the version of a thing as its ETag (RFC 9110 sections 8.8.3 and 13.1.1)."""

import re

from postroom_plumbing.problems import Problem


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def check(if_match: str | None, version: int) -> None:
    """Refuse a write that was made on another version than the current one.

    Raises:
        Problem: 412 when `if_match` names other versions, 400 when it names none.
    """
    if if_match is None or if_match.strip() == "*":
        return
    tags = re.findall(r'(?:W/)?"([^"]*)"', if_match)
    if not tags:
        raise Problem(400, "bad-if-match", 'If-Match must be an ETag such as "3", or *')
    if str(version) not in tags:
        detail = f"this is version {version} now; look at it again, then decide again"
        raise Problem(412, "stale", detail, headers={"ETag": etag(version)})
