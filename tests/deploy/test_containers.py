"""The Dockerfile and docker-compose.yml, as far as they can be judged without an engine."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from postroom_local.environment import assign_ports, environment
from postroom_local.home import Home
from postroom_local.processes import PROCESSES
from postroom_local.servers import Servers
from postroom_local.settings import StackSettings
from postroom_plumbing.settings import PREFIX, ServiceSettings

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
SERVERS = {"mongo", "valkey", "kafka"}
OURS = sorted({process.name for process in PROCESSES} - {"catcher"})
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}")

LOAD_ONLY = """
import runpy, sys
from postroom_plumbing import service
service.run = lambda name, settings, build, **role: print(name)
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""


@cache
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def example() -> dict[str, str]:
    """The variables of .env.example that are set, secrets filled in."""
    lines = re.findall(r"(?m)^(\w+)=(.*)$", (ROOT / ".env.example").read_text())
    return {name: value or "made-up-secret-of-24-chars" for name, value in lines}


def resolved(value: object, variables: Mapping[str, str]) -> str:
    """A value as compose interpolates it; KeyError where a required variable is missing."""

    def one(match: re.Match[str]) -> str:
        if match["kind"] == ":-":
            return variables.get(match["name"]) or match["rest"]
        return variables[match["name"]]

    return REFERENCE.sub(one, str(value))


def settings_classes() -> Iterator[type[ServiceSettings]]:
    for file in ROOT.glob("services/*/src/*/settings.py"):
        module = importlib.import_module(f"{file.parent.name}.settings")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ServiceSettings):
                yield value


def known_variables(home: Path) -> set[str]:
    """Every POSTROOM_* variable that a service reads, or that the one-machine stack sets."""
    known = {PREFIX + field.upper() for model in settings_classes() for field in model.model_fields}
    settings = StackSettings(home=home)
    stack = Home(home)
    stack.make()
    ports = assign_ports(settings, stack, PROCESSES)
    servers = Servers("127.0.0.1:1", "mongodb://127.0.0.1:2", "redis://127.0.0.1:3", ())
    for process in PROCESSES:
        known |= environment(process, {}, settings, stack.secrets({}), servers, ports).keys()
    return known


def image_environment() -> dict[str, str]:
    return dict(re.findall(r"(POSTROOM_\w+)=(\S+)", DOCKERFILE.read_text()))


def test_hadolint_has_nothing_to_say() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False
    )

    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


def test_every_process_and_server_is_there_and_nothing_else() -> None:
    assert set(compose()["services"]) == {process.name for process in PROCESSES} | SERVERS


def test_every_variable_is_one_that_somebody_reads(tmp_path: Path) -> None:
    known = known_variables(tmp_path / "home")
    used = {name for name in image_environment() if name not in known}
    for service in compose()["services"].values():
        used |= {name for name in service.get("environment", {}) if name.startswith(PREFIX)} - known

    assert used == set()


@pytest.mark.parametrize("name", OURS)
def test_a_process_accepts_its_environment(name: str) -> None:
    service = compose()["services"][name]
    given = {key: resolved(value, example()) for key, value in service["environment"].items()}
    process = next(process for process in PROCESSES if process.name == name)
    module, *roles = process.arguments[1:]

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD_ONLY, module, *service.get("command", [])],
        env=image_environment() | given,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (loaded.returncode, loaded.stdout.strip(), loaded.stderr) == (0, module.removeprefix("postroom_"), "")
    assert service.get("command", []) == roles
    assert service["build"]["args"]["SERVICE"] == module.removeprefix("postroom_")
    assert {one for one, how in service["depends_on"].items() if how["condition"] == "service_healthy"} == SERVERS


def test_every_server_has_a_health_check_and_what_must_stay_has_a_volume() -> None:
    for name in (*SERVERS, "catcher"):
        assert compose()["services"][name]["healthcheck"]["test"][0] == "CMD"
    for name in ("mongo", "kafka", "catcher"):
        assert compose()["services"][name]["volumes"][0].startswith(f"{name}:/")
        assert name in compose()["volumes"]


def test_no_secret_has_a_default_and_the_example_names_each() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    required = {match["name"] for match in REFERENCE.finditer(text) if match["kind"] == ":?"}
    named = set(re.findall(r"(?m)^#?(\w+)=", (ROOT / ".env.example").read_text()))

    assert required == {f"{PREFIX}{name}" for name in ("SECRET", "INTERNAL_TOKEN", "ADMIN_PASSWORD", "ADMIN_TOKEN")}
    assert named == {match["name"] for match in REFERENCE.finditer(text)}
    for name in required:
        assert re.search(rf"(?m)^{name}=$", (ROOT / ".env.example").read_text())


def test_the_lock_pins_what_the_image_is_built_with() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    for tool in ("uv", "hatchling"):
        assert re.search(rf"(?m)^{tool}==\S+ \\\n    --hash=sha256:", lock)
