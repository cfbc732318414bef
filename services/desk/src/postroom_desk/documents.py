"""Records, messages and history as they are stored, and back."""

from collections.abc import Iterable
from dataclasses import asdict

from postroom_contracts.contacts import ContactReread
from postroom_contracts.tickets import Ticket, TicketChanged, TicketMessageAdded
from postroom_contracts.values import Party
from postroom_desk.tickets import deliveries
from postroom_desk.tickets.messages import StoredMessage
from postroom_desk.tickets.record import Record, TicketFact
from postroom_desk.tickets.terms import index_terms
from postroom_plumbing.mongo import Document


def to_document(record: Record) -> Document:
    """A record as it is stored: the ticket's fields at the top, so that they can be indexed."""
    document = record.ticket.model_dump()
    document["_id"] = document.pop("id")
    document["tags"] = list(record.ticket.tags)
    return document | {
        "reply_to": record.reply_to.model_dump(),
        "chain": list(record.chain),
        "routing": record.routing,
        "clocks": record.clocks,
        "sla_version": record.sla_version,
        "csat": record.csat,
        "placed_by_hand": record.placed_by_hand,
        "opening": record.opening,
        "warnings": list(record.warnings),
        "similar": list(record.similar),
        "not_similar": list(record.not_similar),
        "mailboxes": list(record.mailboxes),
        "taken_over": list(record.taken_over),
        "told_reply": record.told_reply,
        "unreached_at": record.unreached_at,
        "reached_at": record.reached_at,
        "delivery_failed": record.delivery_failed,
    }


def to_record(document: Document) -> Record:
    """The record of a stored ticket."""
    return Record(
        ticket=Ticket.model_validate({**document, "id": document["_id"]}),
        reply_to=Party.model_validate(document["reply_to"]),
        chain=tuple(document["chain"]),
        routing=document["routing"],
        clocks=document["clocks"],
        sla_version=document["sla_version"],
        csat=document["csat"],
        placed_by_hand=document["placed_by_hand"],
        opening=document.get("opening"),
        warnings=tuple(document.get("warnings", ())),
        similar=tuple(document.get("similar", ())),
        not_similar=tuple(document.get("not_similar", ())),
        mailboxes=tuple(document.get("mailboxes", (document["mailbox"],))),
        taken_over=tuple(document.get("taken_over", ())),
        told_reply=document.get("told_reply"),
        unreached_at=document.get("unreached_at"),
        reached_at=document.get("reached_at"),
        stored_version=document["version"],
    )


def parts_of(document: Document) -> list[str]:
    """The tickets under which the messages of a stored ticket are kept: none of one that was merged into another."""
    return [] if document.get("merged_into") else [document["_id"], *document.get("taken_over", ())]


def message_terms(ticket: Ticket, subject: str | None, own_words: str | None, text: str) -> list[str]:
    """The words a message is found by; what its author wrote comes before what they quoted, for only so many fit."""
    customer = ticket.customer
    heading = f"#{ticket.number} {ticket.subject} {subject or ''}"
    return index_terms(heading, f"{customer.name} {customer.address}", own_words or "", text)


def message_document(message: StoredMessage, record: Record) -> Document:
    """A message as it is stored."""
    return {
        "_id": message.id,
        "ticket": message.ticket,
        "kind": message.kind,
        "at": message.at,
        "author": message.author.model_dump(),
        "text": message.text,
        "html": message.html,
        "text_truncated": message.text_truncated,
        "attachments": [attachment.model_dump() for attachment in message.attachments],
        "raw": message.raw.model_dump() if message.raw else None,
        "message_id": message.message_id,
        "to": [party.model_dump() for party in message.to],
        "cc": [party.model_dump() for party in message.cc],
        "automatic": message.automatic,
        "evidence": message.evidence,
        "defects": list(message.defects),
        "delivery": message.delivery,
        "subject": message.subject,
        "merged_from": message.merged_from,
        **message.intake,
        "terms": message_terms(record.ticket, message.subject, message.intake.get("own_words"), message.text),
    }


def reread_document(event: ContactReread, ticket: Ticket | None) -> Document:
    """What a message is once it was read again; the terms are left as they are where the ticket is not known."""
    fields: Document = {
        "subject": event.subject_line,
        "reread_at": event.at,
        **event.model_dump(exclude={"contact", "ticket", "subject_line", "at"}),
    }
    if ticket is not None:
        fields["terms"] = message_terms(ticket, event.subject_line, event.own_words, event.text)
    return fields


def told_document(reply: Document, told: Iterable[deliveries.Told]) -> Document:
    """What a stored reply is after more was told of it."""
    recipients = [party["address"] for party in (*reply["to"], *reply["cc"])]
    known = (deliveries.Tiding(**one) for one in reply.get("tidings", ()))
    more = (one for event in told for one in deliveries.tidings(event, recipients))
    kept = deliveries.newest((*known, *more), recipients)
    return {
        "tidings": [asdict(one) for one in kept],
        "delivery": deliveries.outcome(recipients, reply["at"], kept),
    }


def history_document(event: TicketFact) -> Document:
    """The history entry of a change."""
    changes = event.changes if isinstance(event, TicketChanged | TicketMessageAdded) else {}
    return {
        "_id": f"{event.ticket.id}/{event.ticket.version:06d}",
        "ticket": event.ticket.id,
        "version": event.ticket.version,
        "at": event.at,
        "by": event.by.model_dump(),
        "what": type(event).__name__,
        "changes": {name: change.model_dump() for name, change in changes.items()},
        "reason": event.reason if isinstance(event, TicketChanged) else "",
    }
