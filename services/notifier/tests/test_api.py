"""The HTTP interface."""

from typing import Any

import pytest

from postroom_plumbing.testing import TOKEN

from .conftest import Notifier
from .making import outgoing, reply

pytestmark = pytest.mark.connected


async def listed(notifier: Notifier, **query: Any) -> list[dict[str, Any]]:
    answer = await notifier.http.get("/v1/outgoing", params=query)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["outgoing"]
    return found


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer wröng", TOKEN, f"Basic {TOKEN}"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/outgoing"), ("POST", "/v1/outgoing/ack:t1/resend")])
async def test_without_the_token_nothing(notifier: Notifier, shown: str, method: str, path: str) -> None:
    answer = await notifier.http.request(method, path, headers={b"Authorization": shown.encode()})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_scheme_may_be_written_in_any_case(notifier: Notifier) -> None:
    answer = await notifier.http.get("/v1/outgoing", headers={"Authorization": f"bearer {TOKEN}"})
    assert answer.status_code == 200


async def test_the_list(notifier: Notifier) -> None:
    await notifier.queue(outgoing("ack:1"), outgoing("ack:2", state="failed", reason="550 no", attempts=3))
    (failed,) = await listed(notifier, state="failed")
    assert (failed["id"], failed["reason"], failed["attempts"]) == ("ack:2", "550 no", 3)
    assert not {"raw", "to", "subject_line"} & set(failed)
    assert len(await listed(notifier)) == 2
    assert len(await listed(notifier, limit=1)) == 1


@pytest.mark.parametrize("query", [{"state": "lost"}, {"limit": 0}, {"limit": 501}])
async def test_wrong_questions(notifier: Notifier, query: dict[str, Any]) -> None:
    assert (await notifier.http.get("/v1/outgoing", params=query)).status_code == 422


async def test_an_uncertain_mail_is_sent_again_by_a_persons_decision_only(notifier: Notifier) -> None:
    await notifier.queue(outgoing(state="uncertain", attempts=1))
    await notifier.look()
    assert notifier.smarthost.taken == []
    answer = await notifier.http.post("/v1/outgoing/ack:t1/resend")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    await notifier.look()
    assert len(notifier.smarthost.taken) == 1
    (told,) = await notifier.stated()
    assert told.attempts == 2


async def test_what_cannot_be_sent_again(notifier: Notifier) -> None:
    await notifier.queue(outgoing())
    await notifier.feed(reply(mailbox="gone"))
    for mail in ("ack:t1", "reply:r1"):
        answer = await notifier.http.post(f"/v1/outgoing/{mail}/resend")
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await notifier.http.post("/v1/outgoing/ack:none/resend")
    assert answer.status_code == 404
