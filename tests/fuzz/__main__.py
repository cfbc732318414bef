"""`make fuzz`: random input for bytes-to-contact, a few processes at a time; exit code 1 when something was found.

    make fuzz SECONDS=600            or CASES=10000000; JOBS=2 processes (as many as there are cores)

What was found is in .fuzz/found (the input, and what it raised); .fuzz/corpus keeps the interesting inputs, from which
the next run goes on. POSTROOM_CORPUS names a folder of real mails to begin with.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.pieces import WORDS

FUZZ = Path(".fuzz")
HERE = Path(__file__).parent
CORPUS = Path(os.environ.get("POSTROOM_CORPUS", HERE.parents[2] / "shared" / "corpus")) / "dev"
LONGEST = {"contact": 768, "submission": 1_024}
RSS_MB = 1_024
HANGS_S = 60
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_RSS = re.compile(r"stat::peak_rss_mb:\s*(\d+)")
SHARES = {"contact": 0.6, "submission": 0.4}


def main() -> int:
    """Run both harnesses one after the other; print cases, cases a second and findings."""
    jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
    cases, seconds = os.environ.get("CASES"), os.environ.get("SECONDS")
    dictionary = _dictionary()
    failed = False
    for harness, share in SHARES.items():
        if cases:
            until = f"-runs={int(int(cases) * share / jobs) + 1}"
        else:
            until = f"-max_total_time={max(1, int(float(seconds or 60) * share))}"
        failed |= not _run(harness, jobs, [until, f"-dict={dictionary}"])
    found = sorted((FUZZ / "found").glob("*.input"))
    for one in found:
        print(f"found: {one}, {one.stat().st_size} bytes: {_said(one)}")
    print("nothing found" if not found else f"{len(found)} found")
    return int(failed or bool(found))


def _run(harness: str, jobs: int, arguments: list[str]) -> bool:
    """Whether all processes of a harness ended well."""
    corpus = FUZZ / "corpus" / harness
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = [str(_small_mails())] if harness == "contact" else []
    command = [
        sys.executable, str(HERE / f"fuzz_{harness}.py"), str(FUZZ / "found"), str(corpus), *seeds, *arguments,
        f"-max_len={LONGEST[harness]}", f"-rss_limit_mb={RSS_MB}", f"-timeout={HANGS_S}", "-len_control=0",
        "-print_final_stats=1", f"-artifact_prefix={FUZZ}/found/",
    ]  # fmt: skip
    logs = [FUZZ / f"{harness}-{job}.log" for job in range(jobs)]
    began = time.monotonic()
    running = [_start([*command, f"-seed={time.time_ns() % 10**9 + job}"], log) for job, log in enumerate(logs)]
    codes = [process.wait() for process in running]
    took = time.monotonic() - began
    told = "".join(log.read_text(errors="replace") for log in logs)
    executed = sum(map(int, _EXECUTED.findall(told)))
    rss = max(map(int, _RSS.findall(told)), default=0)
    print(
        f"{harness}: {executed} cases in {took:.0f} s, {executed / took:.0f}/s with {jobs} processes,"
        f" at most {rss} MB each; exit codes {codes}",
        flush=True,
    )
    return not any(codes)


def _small_mails() -> Path:
    """A folder of those real mails that are short enough to be mutated as they are."""
    folder = FUZZ / "seeds"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    small = (one for one in CORPUS.rglob("*") if one.is_file() and one.stat().st_size <= LONGEST["contact"])
    for number, one in enumerate(sorted(small)):
        (folder / str(number)).write_bytes(one.read_bytes())
    return folder


def _start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)


def _dictionary() -> Path:
    """The pieces of mail as a libFuzzer dictionary."""
    FUZZ.mkdir(exist_ok=True)
    path = FUZZ / "words.dict"
    entries = ("".join(f"\\x{byte:02x}" for byte in word) for word in WORDS if 1 < len(word) <= 60)
    path.write_text("".join(f'"{entry}"\n' for entry in entries))
    return path


def _said(found: Path) -> str:
    text = found.with_suffix(".txt")
    lines = text.read_text().strip().splitlines() if text.exists() else []
    return lines[-3] if len(lines) > 2 else "see the log"


if __name__ == "__main__":
    sys.exit(main())
