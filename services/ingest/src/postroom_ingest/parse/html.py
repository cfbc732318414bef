"""HTML of strangers made safe to put into a page, and HTML turned into text.

Kept: text, structure, tables, harmless styling, links to http(s), mailto and tel, pictures that travel in the mail
(`cid:`). Gone: anything that runs, submits, is framed, covers the page, or is fetched when the mail is opened. The
address of a remote picture moves to `data-remote-src`, so that a reader may ask for it.
"""

import html as entities
import re
from functools import cache
from typing import Final

import nh3

REMOTE_SOURCE: Final = "data-remote-src"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS: Final = _words(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub"
    " summary sup table tbody td tfoot th thead tr tt u ul var wbr article aside footer header main nav section"
)
_DROPPED_WITH_CONTENT: Final = _words(
    "script style title template iframe object embed applet noembed noframes svg math canvas audio video select"
)
_CELL: Final = frozenset({"align", "valign", "bgcolor", "colspan", "rowspan", "width", "height", "nowrap"})
_ATTRIBUTES: Final = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align", "border"},
    "font": {"color", "face", "size"},
    "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width", "height"},
    "td": set(_CELL),
    "th": set(_CELL),
    "tr": {"align", "valign", "bgcolor"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value"},
    "div": {"align"},
    "p": {"align"},
    "h1": {"align"},
    "h2": {"align"},
    "h3": {"align"},
    "hr": {"width", "size", "color", "align"},
}
# No property here takes a url() or moves an element out of its place: background, list-style, border-image,
# content, cursor, position and margins (which may be negative) are left out.
_STYLES: Final = _words(
    "color background-color font-family font-size font-style font-weight font-variant line-height text-align"
    " text-decoration text-transform vertical-align white-space word-break overflow-wrap direction unicode-bidi display"
    " width max-width min-width height max-height padding padding-top padding-right padding-bottom padding-left border"
    " border-top border-right border-bottom border-left border-color border-style border-width border-collapse"
    " border-spacing border-radius float clear"
)
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "cid"})

# nh3 always writes attributes as name="value" with quotes escaped, so these patterns see every one of them.
_ATTRIBUTE = r'(?:\s[a-z-]+="[^"]*")*'
_FOREIGN_IMAGE = re.compile(rf'(<img{_ATTRIBUTE}?)\ssrc="(?!cid:)', re.IGNORECASE)
_FUNCTION_IN_STYLE = re.compile(r'style="[^"]*\(')
_FETCHING_STYLE = re.compile(
    rf'(<[a-z][a-z0-9]*{_ATTRIBUTE}?)\sstyle="[^"]*(?:url|image|image-set|src|element|expression)\([^"]*"',
    re.IGNORECASE,
)
_ANY_TAG = re.compile(rf"</?[a-z][a-z0-9]*{_ATTRIBUTE}\s*/?>")
_PRE = re.compile(rf"<pre{_ATTRIBUTE}>[^<]*(?:<(?!/pre>)[^<]*)*")
_HIDDEN = re.compile(rf'<([a-z]+){_ATTRIBUTE}\sstyle="[^"]*display:\s*none[^"]*"{_ATTRIBUTE}>[^<]*</\1>')
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LINE = re.compile(
    rf"<br{_ATTRIBUTE}>|</?(?:div|tr|table|ul|ol|dl|dt|dd|hr|section|article|header|footer|pre){_ATTRIBUTE}>"
)
_ITEM = re.compile(rf"<li{_ATTRIBUTE}>")
_CELL_END = re.compile(r"</t[dh]>")
_PARAGRAPH = re.compile(rf"</?(?:p|h[1-6]|blockquote){_ATTRIBUTE}>")
_EMPTY_LINES = re.compile(r"\n{3,}")
_CRUDE_TAG = re.compile(r"<[^<>]*>")

_OPENING_OR_CLOSING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID: Final = _words("area base br col embed hr img input link meta param source track wbr")
_TAGS_BEFORE_NESTING_MATTERS = 5_000
_MAX_NESTING = 1_000


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        url_schemes=_SCHEMES,
        url_relative="deny",
        filter_style_properties=_STYLES,
    )


def sanitised(source: str) -> str:
    """`source` with only what the allow-lists above name; the result is well-formed."""
    clean = _cleaner().clean(source)
    if "<img" in clean:
        clean = _FOREIGN_IMAGE.sub(rf'\1 {REMOTE_SOURCE}="', clean)
    # No property kept above fetches anything; this holds even where a browser thinks otherwise.
    return _FETCHING_STYLE.sub(r"\1", clean) if _FUNCTION_IN_STYLE.search(clean) else clean


def nested_too_deep(source: str) -> bool:
    """Whether reading `source` could take seconds: an HTML parser's work grows with the square of the nesting."""
    if source.count("<") < _TAGS_BEFORE_NESTING_MATTERS:
        return False
    open_tags: dict[str, int] = {}
    depth = 0
    for match in _OPENING_OR_CLOSING.finditer(source):
        name = match[2].lower()
        if name in _VOID:
            continue
        if not match[1]:
            open_tags[name] = open_tags.get(name, 0) + 1
            depth += 1
            if depth > _MAX_NESTING:
                return True
        elif open_tags.get(name):
            open_tags[name] -= 1
            depth -= 1
    return False


def as_text(clean: str) -> str:
    """Text of sanitised HTML: paragraphs, line breaks, list items and table cells kept apart."""
    text = _PRE.sub(_with_lines_kept, clean) if "<pre" in clean else clean
    text = _HIDDEN.sub("", text) if "display:" in text else text
    text = _SPACE.sub(" ", text)
    text = _PARAGRAPH.sub("\n\n", _LINE.sub("\n", _ITEM.sub("\n- ", _CELL_END.sub(" ", text))))
    return _tidied(entities.unescape(_ANY_TAG.sub("", text)))


def _with_lines_kept(pre: re.Match[str]) -> str:
    return pre[0].replace("\n", "<br>").replace("  ", "\xa0\xa0")


def as_text_crudely(source: str) -> str:
    """Text of HTML that must not be parsed: its tags become spaces."""
    return _tidied(entities.unescape(_CRUDE_TAG.sub(" ", source)))


def from_text(text: str) -> str:
    """Plain text as HTML, for mails whose parts alternate between the two."""
    return f'<div style="white-space: pre-wrap">{entities.escape(text)}</div>'


def _tidied(text: str) -> str:
    lines = (line.lstrip(" ").rstrip(" \xa0\r") for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n").replace("\xa0", " ")
