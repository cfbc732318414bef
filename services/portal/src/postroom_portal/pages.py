"""The pages, as HTML. Pure, but for reading the templates once."""

from collections.abc import Iterable
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from postroom_contracts.config import Mailbox
from postroom_portal.answers import COMMENT_CHARACTERS, Answer
from postroom_portal.errors import Trouble
from postroom_portal.texts import Texts


class Pages:
    """Renders each page in a visitor's language."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("postroom_portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["mailto"] = _mailto

    def home(self, texts: Texts, mailboxes: Iterable[Mailbox]) -> str:
        """Where customers can write to."""
        listed = sorted(mailboxes, key=lambda mailbox: (mailbox.name.casefold(), mailbox.address))
        return self._render("home.html", texts, title=texts.home_title, mailboxes=listed)

    def survey(self, texts: Texts, token: str, answer: Answer | None) -> str:
        """A survey, or the thanks for its answer."""
        title = texts.question if answer is None else texts.thanks
        return self._render("survey.html", texts, title=title, token=token, answer=answer, longest=COMMENT_CHARACTERS)

    def trouble(self, texts: Texts, trouble: Trouble) -> str:
        """What went wrong, and what to do."""
        title, explanation = texts.troubles[trouble]
        return self._render("trouble.html", texts, title=title, explanation=explanation)

    def _render(self, name: str, texts: Texts, **values: object) -> str:
        return self._templates.get_template(name).render(texts=texts, **values)


def _mailto(address: str) -> str:
    """A mailto URL (RFC 6068 section 2)."""
    return "mailto:" + quote(address, safe="@+")
