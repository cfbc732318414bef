"""What the site answers."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import SecretStr

from postroom_plumbing.clock import utc_now
from postroom_plumbing.languages import choose
from postroom_plumbing.settings_view import SettingsView
from postroom_plumbing.tokens import read_survey_token
from postroom_portal.answers import BODY_BYTES, Survey, read_form, read_rating
from postroom_portal.errors import VisitorError, bad_link, too_many
from postroom_portal.pages import Pages
from postroom_portal.store import Answers, Limits
from postroom_portal.texts import TEXTS, Texts


def texts_for(request: Request) -> Texts:
    """The site in the visitor's language."""
    return TEXTS[choose(request.headers.get("accept-language", ""))]


def site(pages: Pages, answers: Answers, limits: Limits, view: SettingsView, secret: SecretStr) -> APIRouter:
    """The routes."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    def survey_of(token: str) -> Survey:
        read = read_survey_token(secret.get_secret_value(), token)
        if read is None:
            raise bad_link()
        return Survey(*read)

    async def limited(token: str) -> Survey:
        survey = survey_of(token)
        if not await limits.allows(survey, utc_now()):
            raise too_many()
        return survey

    @router.api_route("/", methods=["GET", "HEAD"])
    async def home(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.home(texts_for(request), view.current.mailbox.values()))

    @router.head("/csat/{token}")
    async def look(token: str) -> Response:
        """Mail scanners look before people click: that is no answer."""
        survey_of(token)
        return HTMLResponse()

    @router.get("/csat/{token}")
    async def click(request: Request, token: str) -> HTMLResponse:
        """With a rating it is recorded; without one the survey is shown as it stands."""
        survey = await limited(token)
        rating = read_rating(request.query_params.getlist("rating"))
        answer = await (answers.known(survey) if rating is None else answers.answer(survey, rating, None))
        return HTMLResponse(pages.survey(texts_for(request), token, answer))

    @router.post("/csat/{token}")
    async def comment(request: Request, token: str) -> RedirectResponse:
        survey = await limited(token)
        rating, words = read_form(await _body(request))
        await answers.answer(survey, rating, words)
        return RedirectResponse(f"/csat/{token}", status_code=303)

    return router


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise VisitorError("too_long", 413, f"more than {BODY_BYTES} bytes", "body")
    return body
