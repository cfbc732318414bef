"""Access tokens for XOAUTH2, had for a refresh token (RFC 6749 section 6).

A server may give a new refresh token with each access token, and the old one dies then. So a new one is kept, sealed,
before anything is done with its answer. It counts for as long as the token in the setting is the one it grew from: a
token that a person configures anew wins, a change of the account's name does not.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from postroom_contracts.config import Account
from postroom_ingest.imap.session import is_loopback
from postroom_ingest.imap.state import AccountStore
from postroom_ingest.imap.trouble import AccountError, MisconfiguredError, RefusedError
from postroom_plumbing.sealing import Sealer, SealError

ANSWER_SECONDS = 15.0
"""From the question to the last byte of the answer."""
ANSWER_BYTES = 262_144
"""The longest answer read: tokens that hold claims have some thousands of bytes."""
DEFAULT_SECONDS = 3600
"""How long an access token is good for where the server does not say."""
LONGEST_SECONDS = 86_400.0
"""However long the server says."""
SPARE = 0.9
"""It is used for this share of its life."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token server gives."""

    access_token: str
    seconds: float
    refresh_token: str | None


class Tokens:
    """The access token of one account."""

    def __init__(self, account_id: str, account: Account, store: AccountStore, sealer: Sealer) -> None:
        self._id = account_id
        self._account = account
        self._store = store
        self._sealer = sealer
        self._access: str | None = None
        self._good_until: datetime | None = None

    async def current(self, now: datetime) -> tuple[str, bool]:
        """`(access token, fresh)`; it is fresh when it was had just now.

        Raises:
            AccountError: none can be had; RefusedError when the refresh token is dead.
        """
        if self._access is not None and self._good_until is not None and now < self._good_until:
            return self._access, False
        sealed = self._account.refresh_token or ""
        configured = opened(self._sealer, sealed)
        in_use = await self._in_use(configured)
        granted = await refreshed(self._account, self._secret(), in_use)
        if granted.refresh_token is not None and granted.refresh_token != in_use:
            await self._store.keep_token(self._id, sealed, self._sealer.seal_text(granted.refresh_token))
        self._access, self._good_until = granted.access_token, now + timedelta(seconds=granted.seconds * SPARE)
        return self._access, True

    def forget(self) -> None:
        """The access token was refused."""
        self._access = None

    async def _in_use(self, configured: str) -> str:
        kept = await self._store.kept_token(self._id)
        if kept is None:
            return configured
        grew_from, token = kept
        try:
            return self._sealer.open_text(token) if self._sealer.open_text(grew_from) == configured else configured
        except SealError:
            return configured

    def _secret(self) -> str | None:
        sealed = self._account.client_secret
        return opened(self._sealer, sealed) if sealed is not None else None


def opened(sealer: Sealer, sealed: str) -> str:
    """A secret of a setting.

    Raises:
        MisconfiguredError: it was not sealed under a secret we know.
    """
    try:
        return sealer.open_text(sealed)
    except SealError:
        raise MisconfiguredError("its secret cannot be opened: POSTROOM_SECRET changed? Enter it anew") from None


async def refreshed(account: Account, client_secret: str | None, refresh_token: str) -> Granted:
    """Ask for an access token.

    Raises:
        RefusedError: the refresh token, or the client, is refused.
        AccountError: the token server does not answer, or not as it should.
    """
    url = account.token_url or ""
    if url.startswith("http://") and not is_loopback(urlsplit(url).hostname or ""):
        raise MisconfiguredError("token_url must be https: tokens are not sent in the clear")
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": account.client_id or ""}
    if client_secret is not None:
        form["client_secret"] = client_secret
    if account.scope is not None:
        form["scope"] = account.scope
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            status, answer = await _asked(url, form)
    except TimeoutError:
        raise AccountError(f"the token server does not answer within {ANSWER_SECONDS:.0f} s") from None
    except httpx.HTTPError as error:
        raise AccountError(f"the token server cannot be reached: {type(error).__name__}") from None
    return _granted(status, answer)


async def _asked(url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body of the answer, which is read as it comes and not unpacked: no few bytes become many.

    Raises:
        AccountError: it is too long. httpx.HTTPError: there is none.
    """
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    answer = bytearray()
    async with (
        httpx.AsyncClient(timeout=ANSWER_SECONDS, verify=ssl.create_default_context()) as client,
        client.stream("POST", url, data=form, headers=headers) as response,
    ):
        async for piece in response.aiter_raw():
            answer += piece
            if len(answer) > ANSWER_BYTES:
                raise AccountError(f"the token server answers with more than {ANSWER_BYTES} bytes")
        return response.status_code, bytes(answer)


def _granted(status: int, answer: bytes) -> Granted:
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        body = None
    said = body if isinstance(body, dict) else {}
    error = said.get("error")
    if status in {400, 401} and isinstance(error, str):
        known = error if error.replace("_", "").isalnum() and len(error) < 40 else "an error"
        raise RefusedError(f"the token server refuses the refresh token ({known}): sign in anew")
    token, seconds, rotated = said.get("access_token"), said.get("expires_in"), said.get("refresh_token")
    if status != httpx.codes.OK or not isinstance(token, str) or not token:
        raise AccountError(f"the token server gives no token (HTTP {status})")
    rotated = rotated if isinstance(rotated, str) and rotated else None
    if not (_is_vschar(token) and _is_vschar(rotated or "")):
        raise AccountError("the token server's answer is not what RFC 6749 says: its token is not of visible ASCII")
    try:
        life = float(seconds) if seconds is not None else DEFAULT_SECONDS
    except (TypeError, ValueError, OverflowError):
        life = DEFAULT_SECONDS
    return Granted(token, min(max(0.0, life), LONGEST_SECONDS), rotated)


def _is_vschar(token: str) -> bool:
    """Whether a token is one that can be sent and sealed (RFC 6749 appendix A)."""
    return token.isascii() and token.isprintable()
