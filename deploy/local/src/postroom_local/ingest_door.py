"""Ingest's HTTP door, as the import command uses it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from postroom_local.errors import StackError

IN_FLIGHT = 4
_TIMEOUT_S = 60.0
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What ingest says of one import: mails accepted, and what became of those it has read."""

    accepted: int
    new: int
    appended: int
    duplicate: int
    set_aside: int

    @property
    def read(self) -> int:
        """How many have been read."""
        return self.new + self.appended + self.duplicate + self.set_aside

    @property
    def unread(self) -> int:
        """How many wait to be read."""
        return self.accepted - self.read

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted} = {self.new} new + {self.appended} appended"
            f" + {self.duplicate} duplicate + {self.set_aside} set aside"
        )


class Door:
    """Hands mails in, and asks what became of them. An async context manager.

    A call waits out a restart of ingest for `patience` seconds, and asks again when ingest is too busy.
    Every method raises StackError when ingest does not answer in that time, or refuses the call itself.
    """

    def __init__(self, address: str, token: str, patience: float = 60.0) -> None:
        self._patience = patience
        self._client = httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            limits=httpx.Limits(max_connections=IN_FLIGHT + 1, max_keepalive_connections=IN_FLIGHT + 1),
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def mailboxes(self) -> dict[str, str]:
        """The mailboxes' addresses by id."""
        found: dict[str, str] = (await self._answer("GET", "/v1/mailboxes")).json()
        return found

    async def hand_in(self, run: str, mailbox: str, mails: Sequence[bytes]) -> list[bool]:
        """Give mails to ingest; for each True, it is durable there now, or False, it is larger than ingest takes.

        After a broken connection the mails are sent again; those that had arrived will be duplicates.
        """
        body = b"".join(part for raw in mails for part in (b"%d:" % len(raw), raw, b","))
        answer = await self._answer("POST", f"/v1/imports/{run}/mails", content=body, params={"mailbox": mailbox})
        if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            if len(mails) == 1:
                return [False]
            return [taken for raw in mails for taken in await self.hand_in(run, mailbox, [raw])]
        return [True] * len(mails)

    async def counts(self, run: str) -> Counts:
        """How far an import is."""
        found: dict[str, int] = (await self._answer("GET", f"/v1/imports/{run}")).json()
        return Counts(found["accepted"], found["new"], found["appended"], found["duplicate"], found["set-aside"])

    async def _answer(
        self, method: str, url: str, *, content: bytes | None = None, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        give_up = time.monotonic() + self._patience
        delay = _FIRST_DELAY_S
        while True:
            try:
                answer = await self._client.request(method, url, content=content, params=params)
                trouble = f"status {answer.status_code}"
            except httpx.TransportError as error:
                answer, trouble = None, type(error).__name__
            if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return _usable(answer)
            if time.monotonic() + delay > give_up:
                raise StackError(
                    f"ingest did not answer for {self._patience:g} s ({trouble});"
                    " run the same command again later: it goes on where it was"
                )
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_S)


def _usable(answer: httpx.Response) -> httpx.Response:
    """`answer` if it is about the mails; raises StackError where it is about the call."""
    if answer.is_success or answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer
    try:
        reason = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        reason = f"status {answer.status_code}"
    raise StackError(f"ingest refused the import: {reason}")
