"""Helps tests of services look at what a service stated."""

from postroom_contracts import Event, event_types, headers
from postroom_plumbing.mongo import Database
from postroom_plumbing.outbox import COLLECTION


async def stated(database: Database) -> list[Event]:
    """Every event in the outbox of a service's database, in the order in which they were stated."""
    types = event_types()
    records = [record async for document in database[COLLECTION].find() for record in document["events"]]
    return [
        types[dict(record["headers"])[headers.TYPE].decode()].model_validate_json(record["value"])
        for record in sorted(records, key=lambda record: str(record["id"]))
    ]
