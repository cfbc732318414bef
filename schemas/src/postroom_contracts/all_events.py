"""Imports every module that defines events, so that the registry is complete."""

from postroom_contracts import (
    agents,
    config,
    contacts,
    csat,
    delivery,
    inbound,
    outbound,
    routing,
    sla,
    tickets,
)

__all__ = [
    "agents",
    "config",
    "contacts",
    "csat",
    "delivery",
    "inbound",
    "outbound",
    "routing",
    "sla",
    "tickets",
]
