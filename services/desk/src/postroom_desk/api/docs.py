"""The API's own page: OpenAPI with Swagger UI, served from here so that it works without the internet."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

TITLE = "Postroom API"
DESCRIPTION = """\
The agents' API, version 1.

Send `Authorization: Bearer <token>`: `POST /api/v1/sessions` gives a token for e-mail and password, and
`postroom token` prints the first admin's. Errors are problem details (RFC 9457). What can change has an `ETag`; send
it back as `If-Match`, and a write on a version that is not the current one any more is refused with 412.
"""

assets = StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static")


def router() -> APIRouter:
    """The page at /docs."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    async def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=TITLE,
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/static/icon.svg",
        )

    return routes
