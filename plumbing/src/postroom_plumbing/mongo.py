"""MongoDB: how to connect, and what a failure means."""

from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import AutoReconnect, ConnectionFailure, ExecutionTimeout, PyMongoError, WTimeoutError
from pymongo.read_concern import ReadConcern

from postroom_plumbing.settings import ServiceSettings, database_name

Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]
Database = AsyncIOMotorDatabase[Document]

SERVER_SELECTION_MS = 3_000
"""Shorter than any caller's patience: an SMTP client gets its 451, a consumer goes on waiting by itself."""


def connect(settings: ServiceSettings) -> Client:
    """A client that reads and writes majority-committed, journaled data, with aware datetimes."""
    return AsyncIOMotorClient(
        settings.mongo_url,
        tz_aware=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        serverSelectionTimeoutMS=SERVER_SELECTION_MS,
        connectTimeoutMS=SERVER_SELECTION_MS,
        socketTimeoutMS=60_000,
        appname="postroom",
    )


def database(client: Client, settings: ServiceSettings, service: str) -> Database:
    """The service's own database."""
    return client[database_name(settings.namespace, service)]


TRANSACTION: dict[str, Any] = {
    "read_concern": ReadConcern("snapshot"),
    "write_concern": WriteConcern(w="majority", j=True),
    "read_preference": ReadPreference.PRIMARY,
}


def unreachable(error: BaseException) -> bool:
    """Whether the stores could not be reached, so that the same thing may succeed later."""
    if isinstance(error, ConnectionFailure | AutoReconnect | ExecutionTimeout | WTimeoutError):
        return True
    return isinstance(error, PyMongoError) and (
        error.has_error_label("RetryableWriteError")
        or error.has_error_label("TransientTransactionError")
        or error.has_error_label("UnknownTransactionCommitResult")
    )
