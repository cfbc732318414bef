"""A bound on request bodies, before anything reads them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom_plumbing.problems import problem_response

MAX_BODY_BYTES = 4_000_000
"""More than any form, reply or setting; doors that take whole mails have a limit of their own."""


class _TooLargeError(Exception):
    pass


class BodyLimit:
    """ASGI middleware: answers 413 to a body of more than `limit` bytes, however it is announced."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        size = 0
        answered = False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLargeError:
            if not answered:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(413, "too-large", f"the body is larger than {self._limit} bytes")
        await response(scope, receive, send)
