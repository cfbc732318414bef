"""Atheris on submissions: JSON to contact. Run by `make fuzz`, as fuzz_contact.py."""

import json
import sys
from pathlib import Path
from random import Random

import atheris  # type: ignore[import-untyped]
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["postroom_ingest"]):
    from fuzz.keeping import Keeper
    from fuzz.pieces import submission
    from fuzz.whole import check_submission
    from postroom_ingest.submission import Submission


def changed(data: bytes, max_size: int, seed: int) -> bytes:
    """The next case: a new one, or one with something changed."""
    rng = Random(seed)
    if rng.random() < 0.5:
        made = json.dumps(submission(rng), ensure_ascii=rng.random() < 0.5)
        return made.encode("utf-8", "surrogatepass")[:max_size]
    return bytes(atheris.Mutate(data, max_size))


def check(data: bytes) -> None:
    """What the door does, then what reading does with what it let in."""
    try:
        Submission.model_validate_json(data)
    except ValidationError:
        return
    check_submission(data)


if __name__ == "__main__":
    keeper = Keeper(check, Path(sys.argv.pop(1)))
    atheris.Setup(sys.argv, keeper.run, custom_mutator=changed)
    atheris.Fuzz()
