"""The IMAP door: mail is fetched from accounts (RFC 9051, RFC 3501)."""

from postroom_ingest.imap.accounts import Accounts
from postroom_ingest.imap.api import accounts_router
from postroom_ingest.imap.parts import Parts
from postroom_ingest.imap.state import AccountStore

__all__ = ["AccountStore", "Accounts", "Parts", "accounts_router"]
