"""How the accounts go, for desk."""

from typing import Any

from fastapi import APIRouter, Depends

from postroom_ingest.imap.state import AccountStore
from postroom_ingest.settings import ReceiveSettings
from postroom_plumbing.internal import holders_of
from postroom_plumbing.settings_view import SettingsView


def accounts_router(store: AccountStore, view: SettingsView, settings: ReceiveSettings) -> APIRouter:
    """Routes under /v1/accounts, for holders of the internal token only."""
    routes = APIRouter(prefix="/v1/accounts", dependencies=[Depends(holders_of(settings.internal_token))])

    @routes.get("")
    async def accounts() -> list[dict[str, Any]]:
        """Every account: `state` is waiting, importing, up, failing, refused, misconfigured or disabled."""
        states, cursors = await store.states(), await store.cursors()
        found = []
        for one, account in view.current.account.items():
            state = states.get(one, {})
            found.append(
                {
                    "id": one,
                    "name": account.name,
                    "mailbox": account.mailbox,
                    "state": state.get("state", "waiting") if account.enabled else "disabled",
                    "since": state.get("since"),
                    "caught_up_at": state.get("caught_up_at"),
                    "last_mail_at": state.get("last_mail_at"),
                    "error": state.get("error") if account.enabled else None,
                    "error_at": state.get("error_at"),
                    "cursor": cursors.get(one),
                    "left": await store.left(one),
                }
            )
        return found

    return routes
