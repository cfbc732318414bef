"""`postroom up` from outside, with stand-ins for the services and servers given by URL."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from postroom_local.home import Home
from postroom_local.ports import choose_port
from postroom_local.runfile import read_run

SERVICE = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404); self.end_headers()
    def log_message(self, *args): pass
address = (os.environ["POSTROOM_HTTP_HOST"], int(os.environ["POSTROOM_HTTP_PORT"]))
http.server.HTTPServer(address, Handler).serve_forever()
"""
UP = """
import asyncio, sys
from postroom_local.errors import one_line_errors
from postroom_local.processes import Process
from postroom_local.up import run
with one_line_errors():
    asyncio.run(run([Process("one", (sys.argv[1],)), Process("two", (sys.argv[1],), "desk_port")]))
"""
PORTS = ("SMTP", "DESK", "PORTAL", "CATCHER_SMTP", "CATCHER_HTTP")


class Stack:
    """A home, and the environment that `up` gets."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.service = folder / "service.py"
        self.service.write_text(SERVICE)
        taken: set[int] = set()
        self.environ = os.environ | {
            "POSTROOM_HOME": str(self.home.path),
            "POSTROOM_KAFKA_URL": "127.0.0.1:1",
            "POSTROOM_MONGO_URL": "mongodb://127.0.0.1:1",
            "POSTROOM_REDIS_URL": "redis://127.0.0.1:1",
        }
        for name in PORTS:
            port = choose_port(taken)
            taken.add(port)
            self.environ[f"POSTROOM_{name}_PORT"] = str(port)

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", UP, str(self.service)],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def pids(self) -> dict[str, int]:
        run = read_run(self.home)
        return {entry.name: entry.pid for entry in run.entries if entry.pid} if run else {}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = [sys.executable, "-c", "from postroom_local.cli import main; main()", *arguments]
        return subprocess.run(script, env=self.environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def ready_lines(process: subprocess.Popen[str]) -> list[str]:
    """What it printed up to the line that says how to stop it; fails if it ends before."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
    raise AssertionError(f"it ended: {lines} {process.communicate()}")


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_up_shows_addresses_and_login_and_sigterm_stops_all(stack: Stack) -> None:
    with stack.up() as process:
        lines = ready_lines(process)
        pids = stack.pids()
        assert set(pids) == {"one", "two"}

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)

        assert (process.returncode, errors) == (0, "")
        assert not any(map(alive, pids.values()))
    shown = "\n".join(lines)
    secrets = stack.home.stored_secrets()
    assert secrets is not None
    assert f"http://localhost:{stack.environ['POSTROOM_DESK_PORT']}" in shown
    assert f"admin@example.com, password {secrets.admin_password}" in shown


def test_a_killed_service_comes_back_at_its_address(stack: Stack) -> None:
    with stack.up() as process:
        ready_lines(process)
        before = read_run(stack.home)
        assert before is not None
        first = stack.pids()["one"]

        os.kill(first, signal.SIGKILL)
        eventually(lambda: stack.pids().get("one", first) != first)

        after = read_run(stack.home)
        assert after is not None
        assert after.named("one").address == before.named("one").address
        assert after.named("one").restarts == 1


def test_a_second_up_is_refused_and_the_first_goes_on(stack: Stack) -> None:
    with stack.up() as first:
        ready_lines(first)
        with stack.up() as second:
            _, errors = second.communicate(timeout=20)

        assert second.returncode == 1
        assert errors.count("\n") == 1
        assert "already running" in errors
        assert len(stack.pids()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_after_sigkill_nothing_is_left_and_the_next_start_works(stack: Stack) -> None:
    with stack.up() as killed:
        ready_lines(killed)
        pids = stack.pids()
        killed.kill()
        killed.wait()
        eventually(lambda: not any(map(alive, pids.values())))

    with stack.up() as process:
        ready_lines(process)
        assert not set(stack.pids().values()) & set(pids.values())


def test_a_port_in_use_is_named_with_its_variable(stack: Stack) -> None:
    port = int(stack.environ["POSTROOM_SMTP_PORT"])
    with closing(socket.create_server(("127.0.0.1", port))), stack.up() as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert errors == (
        f"postroom: port {port} is in use by another program: free it or set POSTROOM_SMTP_PORT to another\n"
    )


def test_a_wrong_value_stops_every_command(stack: Stack) -> None:
    stack.environ["POSTROOM_SMTP_PORT"] = "abc"

    for command in ("up", "status", "token"):
        result = stack.command(command)
        assert result.returncode == 1
        assert result.stderr.startswith("postroom: POSTROOM_SMTP_PORT: ")
        assert result.stderr.count("\n") == 1


def test_status_and_token_before_any_start(stack: Stack) -> None:
    status = stack.command("status")
    assert (status.returncode, status.stdout, status.stderr.count("\n")) == (1, "", 1)
    assert "is not running" in status.stderr

    token = stack.command("token")
    assert (token.returncode, token.stderr.count("\n")) == (1, 1)


def test_status_tells_ok_from_down(stack: Stack) -> None:
    with stack.up() as process:
        ready_lines(process)

        status = stack.command("status", "--json")
        rows = {row["name"]: row for row in json.loads(status.stdout)["processes"]}

        assert status.returncode == 1
        assert {name: row["health"] for name, row in rows.items()} == {
            "mongodb": "down",
            "valkey": "down",
            "kafka": "down",
            "one": "ok",
            "two": "ok",
        }
        assert rows["two"]["address"] == f"http://127.0.0.1:{stack.environ['POSTROOM_DESK_PORT']}"
        assert rows["one"]["pid"] == stack.pids()["one"]
        assert "two             ok" in stack.command("status").stdout


def test_token_is_the_remembered_one(stack: Stack) -> None:
    stack.home.make()
    secrets = stack.home.secrets({})

    assert stack.command("token").stdout == f"{secrets.admin_token}\n"
