from typing import Any
from tests.corpus.cases import Case, Check


def threads(expect: dict[str, Any], case: Case) -> list[Check]:
    return []
