"""Which leaves are what the person wrote and which are attachments: RFC 8621 section 4.1.4."""

from dataclasses import dataclass, field

from postroom_ingest.parse.structure import Part

_TEXT = ("text/plain", "text/html")
_MEDIA = ("image/", "audio/", "video/")


@dataclass(slots=True)
class Bodies:
    """Leaves to show as text, the same for an HTML reader, and all others. A picture may be in two lists."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)


def choose_bodies(root: Part) -> Bodies:
    """Sort the leaves. Pictures between texts count as attachments here, since the text cannot show them."""
    found = Bodies()
    _sort([root], "mixed", found, root=0, text=True, html=True, alternative=False)
    if not found.text and not found.html:
        _take_any_text(root, found)
    return found


def _take_any_text(root: Part, found: Bodies) -> None:
    """A mail that is nothing but, say, text/enriched is still read rather than offered for download."""
    first = next(root.leaves())
    if first.type.startswith("text/") and first.type != "text/calendar" and not is_file(first):
        found.text.append(first)
        found.attached = [part for part in found.attached if part is not first]


def is_file(part: Part) -> bool:
    """Whether a leaf is called a file, by its disposition or by having a name."""
    return part.disposition.value == "attachment" or _named(part)


def _named(part: Part) -> bool:
    """Whether it has a name that is not blank."""
    return any(
        key.partition("*")[0] in {"name", "filename"} and value.strip()
        for given in (part.disposition.params, part.params.params)
        for key, value in given.items()
    )


def _is_body(part: Part, container: str, *, first: bool) -> bool:
    return (
        part.disposition.value != "attachment"
        and part.type in _TEXT
        and (first or (container != "related" and not _named(part)))
    )


def _root(part: Part) -> int:
    """Which part of a multipart/related the others serve: the one its `start` names (RFC 2387 section 3.2), else the
    first; where that is no text, the first that is one.
    """
    start = part.params.token("start").strip("<> ").encode()
    for position, child in enumerate(part.children if start else ()):
        if child.headers.value("content-id").strip(b"<> ") == start:
            return position
    texts = (
        n for n, child in enumerate(part.children) if child.children or (child.type in _TEXT and not is_file(child))
    )
    return next(texts, 0)


def _sort(
    parts: list[Part], container: str, found: Bodies, *, root: int, text: bool, html: bool, alternative: bool
) -> None:
    texts, htmls = len(found.text), len(found.html)
    for position, part in enumerate(parts):
        if part.children:
            inner = part.type.partition("/")[2]
            _sort(
                part.children,
                inner,
                found,
                root=_root(part) if inner == "related" else 0,
                text=text,
                html=html,
                alternative=alternative or inner == "alternative",
            )
        elif not _is_body(part, container, first=position == root):
            found.attached.append(part)
        elif container == "alternative":
            (found.text if part.type == "text/plain" else found.html).append(part)
        else:
            if alternative:  # one way of saying it made of several parts: it serves one kind of reader
                html, text = html and part.type == "text/html", text and part.type == "text/plain"
            if text:
                found.text.append(part)
            if html:
                found.html.append(part)
    if container == "alternative" and text and html:
        if len(found.text) == texts:
            found.text += found.html[htmls:]
        elif len(found.html) == htmls:
            found.html += found.text[texts:]
