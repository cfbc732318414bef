"""Postroom's processes on one machine: what runs, and where each is told to listen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """One process: `python ARGUMENTS`.

    `port_field` names the setting with its HTTP port; without one, or where it
    is not set, the home chooses a port and remembers it.
    """

    name: str
    arguments: tuple[str, ...]
    port_field: str | None = None


PROCESSES = (
    Process("catcher", ("-m", "postroom_local.catcher"), "catcher_http_port"),
    Process("ingest-receive", ("-m", "postroom_ingest", "receive"), "doors_port"),
    Process("ingest-read", ("-m", "postroom_ingest", "read")),
    Process("desk-api", ("-m", "postroom_desk", "api"), "desk_port"),
    Process("desk-record", ("-m", "postroom_desk", "record")),
    Process("router", ("-m", "postroom_router")),
    Process("sla", ("-m", "postroom_sla")),
    Process("notifier", ("-m", "postroom_notifier")),
    Process("analytics", ("-m", "postroom_analytics")),
    Process("portal", ("-m", "postroom_portal"), "portal_port"),
)
