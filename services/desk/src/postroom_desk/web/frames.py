"""How pages are made: templates, and headers that let nothing foreign in."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from postroom_desk.web.subjects import direction, marked

HERE = Path(__file__).parent
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_templates = Jinja2Templates(directory=HERE / "templates")
_templates.env.filters |= {"direction": direction, "marked": marked}


def page(request: Request, name: str, code: int = 200, **values: object) -> HTMLResponse:
    """A page made from the template `name`."""
    response = _templates.TemplateResponse(request, name, values, status_code=code)
    response.headers.update(SECURITY_HEADERS)
    return response
