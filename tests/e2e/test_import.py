"""`postroom import` into a running Postroom."""

import asyncio
import re
from pathlib import Path

import pytest
from mailgen import generate
from stack import Stack

pytestmark = pytest.mark.e2e


async def test_an_import_reconciles_and_a_second_one_adds_nothing(stack: Stack, tmp_path: Path) -> None:
    mails = list(generate(60, seed=4711))
    for mail in mails[:30]:
        (tmp_path / f"{mail.index:03}.eml").write_bytes(mail.raw)
    box = b"".join(
        b"From x@example.org Mon Jan  5 08:00:00 2026\n"
        + mail.raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
        + b"\n"
        for mail in mails[30:]
    )
    (tmp_path / "rest.mbox").write_bytes(box)
    first = await asyncio.to_thread(stack.run, "import", str(tmp_path))
    threads = len({mail.root for mail in mails})
    assert first.returncode == 0, first.stderr.decode()
    expected = f"accepted 60 = {threads} new + {60 - threads} appended + 0 duplicate + 0 set aside"
    assert expected in first.stdout.decode()
    again = await asyncio.to_thread(stack.run, "import", str(tmp_path))
    assert "accepted 60 = 0 new + 0 appended + 60 duplicate + 0 set aside" in again.stdout.decode()
    async with stack.plain(stack.catcher_url) as http:
        addresses = {mail.sender for mail in mails}
        caught = (await http.get("/api/v1/messages", params={"limit": 1000})).json()["messages"]
    assert [one for one in caught if one["To"][0]["Address"] in addresses] == [], "imports are not acknowledged"


def test_a_path_that_is_not_there_is_one_line(stack: Stack) -> None:
    done = stack.run("import", "/no/such/path")
    assert done.returncode != 0
    assert re.fullmatch(r"[^\n]+\n", done.stderr.decode())
