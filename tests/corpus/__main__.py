"""`make corpus`: the reading of real mail, judged by the expectations of the sources the mails are from.

Prints the shares by category and by check, the totals, the slowest mail, and every miss with its reason from
`explained/*.toml`. Exits with 1 if there is no corpus, a crash, or a miss without a reason.
"""

import argparse
import importlib
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from corpus.cases import CORPUS, Case, Check, cases, parts
from postroom_ingest.parse import parse

JUDGES = ("parsing", "trimming", "forwards", "bounces", "automatic")
_CRASHED = "must not crash"
_SHOWN_CHARS = 160
_PERMANENCE = ("recipient", "permanent")

Judge = Callable[[Case], list[Check]]


@dataclass(slots=True)
class Result:
    """One case judged."""

    case: Case
    seconds: float
    checks: list[tuple[str, Check]] = field(default_factory=list)
    """With the name of the judge."""

    def misses(self) -> list[tuple[str, Check]]:
        return [(judge, check) for judge, check in self.checks if not check.right]


def judges() -> dict[str, Judge]:
    """Those that exist, by name."""
    here = Path(__file__).parent
    return {n: importlib.import_module(f"corpus.{n}").judge for n in JUDGES if (here / f"{n}.py").exists()}


def judged(case: Case, by: dict[str, Judge]) -> Result:
    """The case under every judge; an exception is a crash."""
    start = time.perf_counter()
    crash: list[tuple[str, Check]] = []
    try:
        _ = case.mail if case.form == "message" else None
    except Exception as error:  # noqa: BLE001
        crash = [("parsing", Check(_CRASHED, False, "a mail", repr(error)))]
    result = Result(case, time.perf_counter() - start, crash)
    for name, judge in by.items():
        try:
            result.checks += [(name, check) for check in judge(case)]
        except Exception as error:  # noqa: BLE001
            result.checks.append((name, Check(_CRASHED, False, "checks", repr(error))))
    return result


def explained() -> dict[str, dict[str, str]]:
    """The reasons by file: by the name of the check, or `*` for all of them."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((Path(__file__).parent / "explained").glob("*.toml")):
        try:
            read = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise SystemExit(f"{path}: {error}") from error
        for file, reasons in read.items():
            found.setdefault(file, {}).update({"*": reasons} if isinstance(reasons, str) else reasons)
    return found


def _table(title: str, rows: Iterable[tuple[str, bool]]) -> None:
    tally = Counter(rows)
    names = sorted({name for name, _ in tally})
    width = max([len(title), *map(len, names)])
    print(f"\n{title:<{width}}  right  total       %")
    for name in names:
        right, total = tally[name, True], tally[name, True] + tally[name, False]
        print(f"{name:<{width}}  {right:5}  {total:5}  {100 * right / total:6.1f}")


def _share(name: str, checks: Iterable[Check]) -> None:
    kept = list(checks)
    right = sum(check.right for check in kept)
    print(f"{name:<52} {right:5} of {len(kept):5}  {100 * right / max(1, len(kept)):6.2f} %")


def _totals(results: list[Result]) -> None:
    def of(judge: str, *names: str) -> list[Check]:
        return [c for r in results for j, c in r.checks if j == judge and (not names or c.name in names)]

    print()
    _share("parsing expectations met", (c for c in of("parsing") if c.name != "read at all"))
    trimmed = [[c for j, c in r.checks if j == "trimming"] for r in results if r.case.category == "reply-trim"]
    _share("reply-trim cases exact", (Check("exact", all(c.right for c in checks)) for checks in trimmed if checks))
    _share("forwards", of("forwards"))
    _share("bounces: recipient and permanence", of("bounces", *_PERMANENCE))
    automatic = of("automatic")
    _share("kinds of automatic mail", automatic)
    _share("automatic mail recognised", (c for c in automatic if c.name == "is_auto" and c.wanted))
    _share("a person's mail not called automatic", (c for c in automatic if c.name == "is_auto" and not c.wanted))
    crashes = [r for r in results if any(c.name in (_CRASHED, "read at all") and not c.right for _, c in r.checks)]
    slowest = max(results, key=lambda r: r.seconds)
    print(f"crashes: {len(crashes)}")
    print(f"slowest: {1000 * slowest.seconds:.0f} ms for {len(slowest.case.raw)} bytes, {slowest.case.file}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def _misses(results: list[Result]) -> int:
    """Print every miss with its reason; how many have none."""
    reasons, without = explained(), 0
    print()
    for result in results:
        for judge, check in result.misses():
            why = reasons.get(result.case.file, {})
            reason = why.get(check.name) or why.get("*")
            without += reason is None
            print(f"{'MISS' if reason else 'UNEXPLAINED'} {judge} {check.name}: {result.case.file}")
            print(f"    {reason}" if reason else f"    wanted {_short(check.wanted)}\n    got    {_short(check.got)}")
    return without


def _show(name: str, chosen: list[Case]) -> int:
    """All checks of the cases whose path has `name` in it, in full."""
    for case in chosen:
        if name in case.file:
            print(f"\n{case.file} ({case.category}) {case.note}")
            for judge, check in judged(case, judges()).checks:
                print(f"  {'ok  ' if check.right else 'MISS'} {judge} {check.name}")
                print(f"       wanted {check.wanted!r}\n       got    {check.got!r}")
    return 0


def _run(chosen: list[Case]) -> int:
    by = judges()
    results: list[Result] = []
    parse(b"\n\nThe model of the languages is read once, before anything is timed.")
    for number, case in enumerate(chosen, 1):
        results.append(judged(case, by))
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr)
    if not results:
        print("no such category", file=sys.stderr)
        return 1
    counted = [(r.case.category, j, c) for r in results for j, c in r.checks if c.name != "read at all"]
    _table("category", ((category, c.right) for category, _, c in counted))
    _table("check", ((f"{judge}: {c.name}", c.right) for _, judge, c in counted))
    without = _misses(results)
    _totals(results)
    if without:
        print(f"{without} misses without an explanation")
    return 1 if without else 0


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m corpus", description="Judge the reading of the corpus.")
    parser.add_argument("--show", metavar="FILE", help="part of a path: print wanted and got of each check")
    parser.add_argument("--part", choices=parts(), help="only this part of the corpus; else all")
    parser.add_argument("categories", nargs="*", help="only these")
    given = parser.parse_args()
    wanted = [given.part] if given.part else parts()
    if not wanted:
        print(f"no corpus at {CORPUS} (POSTROOM_CORPUS names its folder)", file=sys.stderr)
        return 1
    chosen = [case for part in wanted for case in cases(*given.categories, part=part)]
    return _show(given.show, chosen) if given.show else _run(chosen)


if __name__ == "__main__":
    sys.exit(main())
