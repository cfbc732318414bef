"""One connection, and a smarthost that behaves in every way one can."""

import asyncio

import pytest

from postroom_notifier.outgoing import Outcome
from postroom_notifier.smtp import Connection, Patience

from .making import outgoing
from .smarthost import Moment, StandIn, stand_in

A, B, C = "a@x.example", "b@x.example", "c@x.example"
ANNA = "anna@example.org"
HASTY = Patience(connect=2, command=2, data=2, verdict=0.3)


async def used(there: StandIn) -> Connection:
    """A connection over which a mail has gone before."""
    connection = Connection(there.smarthost, HASTY)
    outcome = await connection.send(outgoing("ack:before"))
    assert outcome.accepted
    there.taken.clear()
    return connection


async def test_taken_as_it_was_written() -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, HASTY)
        mail = outgoing(raw=b"Subject: x\r\n\r\n.\r\n..a\r\n\r\n.b", envelope_from="help@acme.example")
        mail = outgoing(raw=mail.raw + b"\r\n", envelope_from="help@acme.example", to=(A, B))
        assert await connection.send(mail) == Outcome("answered", (A, B))
        assert there.taken[0].content == mail.raw
        assert there.taken[0].mail_from == "help@acme.example"
        assert there.taken[0].rcpt_tos == [A, B]
        connection.close()


async def test_the_null_sender() -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, HASTY)
        await connection.send(outgoing())
        assert there.taken[0].mail_from == "<>"
        connection.close()


async def test_one_connection_carries_many_mails() -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, HASTY)
        for number in range(5):
            await connection.send(outgoing(f"ack:{number}"))
        assert len(there.taken) == 5
        assert there.connections == 1
        connection.close()


@pytest.mark.parametrize("step", ["MAIL", ANNA, "content"])
@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("451 4.3.0 later", Outcome("answered", deferred={ANNA: "451 4.3.0 later"})),
        ("550 5.1.1 never", Outcome("answered", refused={ANNA: "550 5.1.1 never"})),
    ],
    ids=["for now", "for good"],
)
async def test_refusals_at_each_step_and_the_connection_goes_on(step: str, answer: str, wanted: Outcome) -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, HASTY)
        there.answers[step] = answer
        outcome = await connection.send(outgoing())
        assert outcome == wanted
        there.answers.clear()
        assert (await connection.send(outgoing())).accepted == (ANNA,)
        assert there.connections == 1
        connection.close()


async def test_each_recipient_is_answered_for_itself() -> None:
    async with stand_in() as there:
        there.answers |= {B: "450 4.2.0 later", C: "550 5.1.1 never"}
        connection = Connection(there.smarthost, HASTY)
        outcome = await connection.send(outgoing(to=(A, B, C)))
        assert outcome == Outcome("answered", (A,), {B: "450 4.2.0 later"}, {C: "550 5.1.1 never"})
        assert there.taken[0].rcpt_tos == [A]
        connection.close()


async def test_credentials_wanted_is_nothing_against_the_mail() -> None:
    async with stand_in() as there:
        there.answers["MAIL"] = "530 5.7.0 Authentication required"
        connection = Connection(there.smarthost, HASTY)
        assert list((await connection.send(outgoing())).deferred) == [ANNA]
        connection.close()


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data", "content"])
async def test_cut_before_the_final_dot_nobody_got_it(moment: Moment) -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, HASTY)
        there.hang_up = moment
        assert (await connection.send(outgoing())).verdict == "lost"
        assert there.taken == []
        assert (await connection.send(outgoing())).accepted == (ANNA,)
        connection.close()


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data", "content"])
async def test_a_kept_connection_that_breaks_is_tried_anew_at_once(moment: Moment) -> None:
    async with stand_in() as there:
        connection = await used(there)
        there.hang_up = moment
        assert (await connection.send(outgoing())).accepted == (ANNA,)
        assert len(there.taken) == 1
        assert there.connections == 2
        connection.close()


@pytest.mark.parametrize(("moment", "taken"), [("dot", 0), ("taken", 1)])
async def test_cut_after_the_final_dot_nobody_knows_and_nothing_is_repeated(moment: Moment, taken: int) -> None:
    async with stand_in() as there:
        connection = await used(there)
        there.hang_up = moment
        outcome = await connection.send(outgoing())
        assert (outcome.verdict, outcome.accepted) == ("unknown", (ANNA,))
        assert len(there.taken) == taken
        assert there.connections == 1
        connection.close()


async def test_no_answer_to_the_final_dot_in_time_is_not_known_either() -> None:
    async with stand_in() as there:
        there.hold = "dot"
        connection = Connection(there.smarthost, HASTY)
        assert (await connection.send(outgoing())).verdict == "unknown"
        there.released.set()
        connection.close()


async def test_a_large_mail_cut_on_the_way_is_known_to_be_incomplete() -> None:
    async def stop_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        for answer in (b"250 hello", b"250 mail", b"250 rcpt", b"354 go on"):
            await reader.readline()
            writer.write(answer + b"\r\n")
        await reader.readexactly(100_000)
        writer.transport.abort()

    server = await asyncio.start_server(stop_reading, "127.0.0.1", 0)
    there = StandIn()
    there.port = server.sockets[0].getsockname()[1]
    connection = Connection(there.smarthost, HASTY)
    outcome = await connection.send(outgoing(raw=b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 400_000))
    assert outcome.verdict == "lost"
    connection.close()
    server.close()


async def test_no_smarthost_at_all() -> None:
    async with stand_in() as there:
        gone = there.smarthost
    connection = Connection(gone, HASTY)
    outcome = await connection.send(outgoing())
    assert outcome.verdict == "unreachable"
    assert "password" not in outcome.reason


async def test_a_smarthost_that_hangs_up_at_once_is_unreachable() -> None:
    async with stand_in() as there:
        there.hang_up = "greeting"
        connection = Connection(there.smarthost, HASTY)
        assert (await connection.send(outgoing())).verdict == "unreachable"
        assert await connection.connect() is None
        connection.close()


async def test_an_idle_connection_is_made_anew() -> None:
    async with stand_in() as there:
        connection = Connection(there.smarthost, Patience(idle=0))
        await connection.send(outgoing())
        await connection.send(outgoing())
        assert there.connections == 2
        assert len(there.taken) == 2
        connection.close()
