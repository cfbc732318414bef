"""The source files of Postroom, by module name, and what each imports."""

import ast
import configparser
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = ROOT / ".importlinter"


@dataclass(frozen=True)
class Source:
    """A module's file."""

    module: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self) -> Iterator[str]:
        """Everything it imports, as a dotted name: a module, or a name of a module."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self.path}: relative imports hide what is imported"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _all() -> Iterator[Source]:
    for members in ("schemas", "plumbing", "services/*", "deploy/local"):
        for source in sorted(ROOT.glob(f"{members}/src")):
            for path in sorted(source.rglob("*.py")):
                parts = path.relative_to(source).with_suffix("").parts
                yield Source(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)


SOURCES = {source.module: source for source in _all()}
PACKAGES = sorted({module.partition(".")[0] for module in SOURCES})


def module_of(name: str) -> str | None:
    """Our module that a dotted name is, or is part of; None for what is not ours."""
    while name not in SOURCES:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None
    return name


def is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def decision_modules() -> list[str]:
    """The modules that .importlinter calls decisions, with everything inside them."""
    rules = configparser.ConfigParser()
    rules.read(RULES)
    named = rules["importlinter:contract:decisions"]["source_modules"].split()
    found = [module for module in SOURCES if any(module == one or module.startswith(f"{one}.") for one in named)]
    assert all(any(module == one or module.startswith(f"{one}.") for module in found) for one in named)
    return found
