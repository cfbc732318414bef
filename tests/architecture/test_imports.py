"""Importing does nothing, and decisions are made of nothing but words and numbers."""

import ast
import subprocess
import sys

import pytest
from architecture.sources import PACKAGES, SOURCES, Source, decision_modules, is_standard, module_of

BLOCKED = """
import importlib, sys

def refuse(event, arguments):
    if event.startswith(("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen")):
        raise RuntimeError(f"{event} while importing {module}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise RuntimeError(f"{arguments[0]} opened for writing while importing {module}")

sys.dont_write_bytecode = True
sys.addaudithook(refuse)
for module in sys.argv[1:]:
    importlib.import_module(module)
"""
LIBRARIES = {
    "postroom_ingest.parse": {"nh3", "numpy", "py3langid", "pybase64", "re2"},
    "postroom_ingest.redaction": {"re2"},
    "postroom_ingest.submission": {"pydantic"},
}
"""Pure work that a decision may leave to a library: cleaning HTML, guessing a language, patterns, checking JSON."""
PURE_PLUMBING = {"postroom_plumbing.addresses", "postroom_plumbing.spelling", "postroom_plumbing.tokens"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "utc_now"}


def test_importing_a_module_opens_no_connection_starts_no_process_and_writes_no_file() -> None:
    modules = [module for module in SOURCES if not module.endswith("__main__")]
    done = subprocess.run([sys.executable, "-c", BLOCKED, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_there_are_ten_packages_and_their_modules() -> None:
    assert len(PACKAGES) == 10
    assert len(SOURCES) > 150


@pytest.mark.parametrize("module", decision_modules())
def test_a_decision_rests_on_the_standard_library_and_the_contracts(module: str) -> None:
    assert _impure(SOURCES[module], set()) == []


@pytest.mark.parametrize("module", decision_modules())
def test_a_decision_is_given_the_time(module: str) -> None:
    asked = [
        f"{module}:{node.lineno}"
        for node in ast.walk(SOURCES[module].tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) in CLOCKS
        and not node.args
    ]
    waits = [node for node in ast.walk(SOURCES[module].tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    assert (asked, waits) == ([], [])


def _impure(source: Source, seen: set[str]) -> list[str]:
    """What `source` imports, itself or through modules of its own service, that a decision must not know."""
    seen.add(source.module)
    service = source.module.partition(".")[0]
    libraries = {name for within, names in LIBRARIES.items() if source.module.startswith(within) for name in names}
    found: list[str] = []
    for name in source.imports():
        ours = module_of(name)
        if ours is None:
            known = is_standard(name) or name.partition(".")[0] in libraries
            found += [] if known else [f"{source.module}: {name}"]
        elif ours.partition(".")[0] == service:
            found += [] if ours in seen else _impure(SOURCES[ours], seen)
        elif not ours.startswith("postroom_contracts") and ours not in PURE_PLUMBING:
            found.append(f"{source.module}: {name}")
    return found
