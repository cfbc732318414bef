"""`postroom status`: each service and server with its address and health."""

import asyncio
import json
import os
from typing import Annotated

import httpx
import typer

from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.runfile import Entry, Run, read_run
from postroom_local.servers import kafka, mongod, valkey
from postroom_local.settings import StackSettings, read_settings

_SERVERS = {"mongodb": mongod.answers, "valkey": valkey.answers, "kafka": kafka.answers}


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show each service and server with its address and health; exit code 1 if one is down."""
    home = Home(read_settings(StackSettings, os.environ).home)
    run = read_run(home)
    if run is None:
        if as_json:
            print(json.dumps({"home": str(home.path), "running": False, "ready": False, "processes": []}))
        raise StackError(f"Postroom is not running in {home.path} (make up starts it)")
    health = asyncio.run(check(run))
    if as_json:
        rows = [entry.model_dump() | {"health": health[entry.name]} for entry in run.entries]
        print(
            json.dumps(
                {"home": str(home.path), "running": True, "ready": run.ready, "pid": run.pid, "processes": rows},
                indent=1,
            )
        )
    else:
        for entry in run.entries:
            verdict, _, why = health[entry.name].partition(": ")
            print(f"{entry.name:<16}{verdict:<10}{entry.pid or '-':<9}{entry.address}" + (f"  {why}" if why else ""))
    if not run.ready:
        raise StackError("still starting")
    if "down" in health.values():
        raise typer.Exit(1)


async def check(run: Run) -> dict[str, str]:
    """`ok`, `degraded: …` or `down` for each name, as they answer now."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

        async def healthy(entry: Entry) -> str:
            if entry.kind == "server":
                return "ok" if await _SERVERS[entry.name](entry.address) else "down"
            return await _health(client, entry.address)

        answers = await asyncio.gather(*(healthy(entry) for entry in run.entries))
    return {entry.name: answer for entry, answer in zip(run.entries, answers, strict=True)}


async def _health(client: httpx.AsyncClient, address: str) -> str:
    """`ok`, `down`, or what it does without: `degraded: …`."""
    try:
        answer = await client.get(f"{address}/health/ready")
    except httpx.HTTPError:
        return "down"
    if answer.status_code != httpx.codes.OK:
        return "down"
    try:
        wrong = [verdict for verdict in answer.json()["checks"].values() if verdict != "ok"]
    except (ValueError, KeyError, TypeError):  # the catcher, or what stands in its place, may say less
        return "ok"
    return f"degraded: {'; '.join(wrong)}" if wrong else "ok"
