"""Atheris on bytes to contact. Run by `make fuzz`; arguments are libFuzzer's, the folder for findings comes first."""

import sys
from pathlib import Path
from random import Random

import atheris  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["postroom_ingest"]):
    from fuzz.keeping import Keeper
    from fuzz.pieces import assemble, mutate
    from fuzz.whole import check_mail


def changed(data: bytes, max_size: int, seed: int) -> bytes:
    """The next case: mostly one that was interesting with something changed, sometimes a new one."""
    rng = Random(seed)
    dice = rng.random()
    if dice < 0.1:
        return assemble(rng)[:max_size]
    if dice < 0.4:
        return bytes(atheris.Mutate(data, max_size))
    return mutate(data, rng)[:max_size]


if __name__ == "__main__":
    keeper = Keeper(check_mail, Path(sys.argv.pop(1)))
    atheris.Setup(sys.argv, keeper.run, custom_mutator=changed)
    atheris.Fuzz()
