"""Files and functions stay short enough to be read."""

import ast
from collections.abc import Iterator

from architecture.sources import ROOT, SOURCES

FILE_LINES = 300
FUNCTION_LINES = 60
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def own_lines(function: Function) -> int:
    """Its lines without those of functions inside it: one that lists routes is as long as what it says itself."""
    inner = [node for node in functions(function) if node is not function]
    nested = [
        node for node in inner if any(node is one for other in inner if other is not node for one in functions(other))
    ]
    return lines_of(function) - sum(lines_of(node) for node in inner if node not in nested)


def test_own_lines_leave_out_the_functions_inside() -> None:
    (outer, *_) = functions(ast.parse("def a():\n  def b():\n    def c():\n      pass\n    return c\n  return b\n"))
    assert own_lines(outer) == 2


def test_files_are_short() -> None:
    long = {str(one.path.relative_to(ROOT)): one.text.count("\n") for one in SOURCES.values()}
    assert {path: lines for path, lines in long.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = {
        f"{source.path.relative_to(ROOT)}:{function.lineno} {function.name}": own_lines(function)
        for source in SOURCES.values()
        for function in functions(source.tree)
    }
    assert {place: lines for place, lines in long.items() if lines > FUNCTION_LINES} == {}
