"""What agents do to tickets: replies, notes, changes and merges, each one transaction on the version they saw."""

import re
from collections.abc import Awaitable, Callable, Sequence

import nh3

from postroom_contracts.outbound import ReplyRequested
from postroom_contracts.values import Actor, Party
from postroom_desk.api import etags, shapes
from postroom_desk.documents import to_record
from postroom_desk.people import Agent, People
from postroom_desk.settings_store import SettingsStore
from postroom_desk.store import Tickets
from postroom_desk.tickets import deliveries, merging
from postroom_desk.tickets.messages import StoredMessage
from postroom_desk.tickets.record import Record, add_agents_message, change
from postroom_plumbing.ids import new_id
from postroom_plumbing.mongo import Document
from postroom_plumbing.problems import Problem
from postroom_plumbing.tokens import own_message_id
from postroom_plumbing.unit import Unit, Units

_MAIL_ADDRESS = re.compile(r"[^@\s<>:]+@[^@\s<>:]+")
"""Not `mastodon:ann@example.social`, which is an identity of another channel."""
Act = Callable[[Record, Unit], Awaitable[None]]


def _actor(agent: Agent) -> Actor:
    return Actor(kind="agent", id=agent.id, name=agent.name)


class Acting:
    """Carries out what agents want."""

    def __init__(
        self, tickets: Tickets, people: People, settings: SettingsStore, units: Units, secret: str, host: str
    ) -> None:
        self._tickets = tickets
        self._people = people
        self._settings = settings
        self._units = units
        self._secret = secret
        self._host = host

    async def on(self, ticket: str, if_match: str | None, act: Act) -> Record:
        """Do `act` to a ticket (id or number) if it is still the version that `if_match` names.

        Raises:
            Problem: 404, 412, 409 where it was merged, or whatever `act` refuses with; nothing has changed then.
        """

        async def work(unit: Unit) -> Record:
            record = await self._standing(ticket, if_match, unit)
            await act(record, unit)
            await self._save([record], unit)
            return record

        return await self._units.run(work)

    async def merge(self, ticket: str, if_match: str | None, into: str, agent: Agent) -> Record:
        """Merge a ticket, if it is still the version that `if_match` names, into another; the other one is returned.

        Raises:
            Problem: 404, 412; 422 where there is no such other; 409 where one of them was merged before.
        """

        async def work(unit: Unit) -> Record:
            source = await self._standing(ticket, if_match, unit)
            found = await self._tickets.find(into, unit)
            if found is None:
                raise _not_there("into", into, "ticket")
            target = to_record(found)
            reason = merging.refusal(source, target)
            if reason is not None and target.ticket.id == source.ticket.id:
                raise Problem(422, "invalid", "not valid: into", [{"field": "into", "reason": reason}])
            if reason is not None:
                raise await self._merged(found, unit)
            merging.merge(source, target, _actor(agent), unit.now)
            await self._save([target, source], unit)
            return target

        return await self._units.run(work)

    async def _standing(self, ticket: str, if_match: str | None, unit: Unit) -> Record:
        """A ticket that stands for itself."""
        document = await self._tickets.find(ticket, unit)
        if document is None:
            raise Problem(404, "not-found", f"there is no ticket {ticket}")
        if document.get("merged_into") is not None:
            raise await self._merged(document, unit)
        etags.check(if_match, document["version"])
        return to_record(document)

    async def _merged(self, document: Document, unit: Unit) -> Problem:
        """What is said where something is wanted of a ticket that was merged."""
        into = await self._tickets.find(document["merged_into"], unit)
        there = f"#{into['number']}" if into is not None else document["merged_into"]
        return Problem(409, "merged", f"#{document['number']} has been merged into {there}; do it there")

    async def _save(self, records: Sequence[Record], unit: Unit) -> None:
        await self._tickets.save(records, unit)
        for record in records:
            for event in record.events:
                unit.emit(event)

    def reply(self, body: shapes.ReplyBody, agent: Agent) -> Act:
        """An agent's reply, and the mail that carries it."""

        async def act(record: Record, unit: Unit) -> None:
            ticket = record.ticket
            to, cc = _parties(body.to) if body.to else (_answerable(record),), _parties(body.cc)
            message_id = own_message_id(
                self._secret, "reply", ticket.id, (reply_id := new_id()), await self._host_of(ticket.mailbox, unit)
            )
            chain = record.chain
            html = nh3.clean(body.html) if body.html else None
            subject = reply_subject(ticket.subject, ticket.number)
            message = StoredMessage(
                id=reply_id,
                ticket=ticket.id,
                kind="reply",
                at=unit.now,
                author=_actor(agent),
                text=body.text,
                html=html,
                message_id=message_id,
                to=to,
                cc=cc,
                delivery=deliveries.outcome([one.address for one in (*to, *cc)], unit.now, ()),
                subject=subject,
            )
            add_agents_message(record, message, unit.now)
            if body.status is not None:
                change(record, {"status": body.status}, message.author, unit.now)
            unit.emit(
                ReplyRequested(
                    message=message.id,
                    ticket=ticket.id,
                    number=ticket.number,
                    mailbox=ticket.mailbox,
                    author=agent.name,
                    to=to,
                    cc=cc,
                    subject_line=subject,
                    text=body.text,
                    html=html,
                    message_id=message_id,
                    references=chain,
                    requested_at=unit.now,
                )
            )

        return act

    def note(self, body: shapes.NoteBody, agent: Agent) -> Act:
        """An agent's note."""

        async def act(record: Record, unit: Unit) -> None:
            message = StoredMessage(
                id=new_id(), ticket=record.ticket.id, kind="note", at=unit.now, author=_actor(agent), text=body.text
            )
            add_agents_message(record, message, unit.now)

        return act

    def patch(self, body: shapes.TicketPatch, agent: Agent) -> Act:
        """Changed fields."""

        async def act(record: Record, unit: Unit) -> None:
            wanted = body.model_dump(include=body.model_fields_set)
            if "tags" in wanted:
                wanted["tags"] = tuple(dict.fromkeys(wanted["tags"]))
            if wanted.get("agent") is not None and await self._people.get(wanted["agent"], unit) is None:
                raise _not_there("agent", wanted["agent"])
            if "queue" in wanted:
                queue = await self._settings.get("queue", wanted["queue"], unit)
                if queue is None or queue["removed"]:
                    raise _not_there("queue", wanted["queue"])
            change(record, wanted, _actor(agent), unit.now)

        return act

    def dismiss_similar(self, other: str) -> Act:
        """Another ticket is not about the same matter."""

        async def act(record: Record, _: Unit) -> None:
            if other not in record.similar:
                raise Problem(404, "not-found", f"{other} is not offered as similar")
            record.not_similar = (*record.not_similar, other)
            record.offer_similar(())
            record.touched = True

        return act

    async def _host_of(self, mailbox: str, unit: Unit) -> str:
        document = await self._settings.get("mailbox", mailbox, unit)
        if document is None or document["value"] is None:
            return self._host
        return str(document["value"]["address"]).rpartition("@")[2]


def reply_subject(subject: str, number: int) -> str:
    """The subject of an answer: `Re:` once, and the ticket's number once, so that it finds back by itself."""
    mark = f"[#{number}]"
    base = subject if subject[:3].lower() == "re:" else f"Re: {subject}"
    return base if mark in base else f"{base} {mark}"


def _parties(recipients: Sequence[shapes.Recipient]) -> tuple[Party, ...]:
    return tuple(Party(address=one.address, name=one.name) for one in recipients)


def _answerable(record: Record) -> Party:
    """The customer, where what they wrote has told an address to answer to (a null sender's mail has not)."""
    party = record.reply_to
    if _MAIL_ADDRESS.fullmatch(party.address):
        return party
    if record.ticket.channel != "email":
        detail = f"{party.address!r} cannot be answered by mail; name a mail address in 'to'"
        raise Problem(409, "no-mail-address", detail)
    reason = f"{party.address!r} is not an address; say to whom the reply goes"
    raise Problem(422, "invalid", "not valid: to", [{"field": "to", "reason": reason}])


def _not_there(field: str, value: str, what: str | None = None) -> Problem:
    reason = f"there is no {what or field} {value!r}"
    return Problem(422, "invalid", f"not valid: {field}", [{"field": field, "reason": reason}])
