"""What the graded class says in its docstring and comments, and its file at the top."""

import ast
import io
import tokenize
from collections.abc import Sequence

from grader.intake.source import Cell
from grader.model.submission import Location

NEAREST = 4  # lines above a comment in which its code is looked for


def docstrings(cell: Cell, name: str) -> list[tuple[Location, str, bool]]:
    """(place, text, whether it is the class's own) of the class's docstring, its methods' and the module's."""
    found: list[tuple[Location, str, bool]] = []
    for node in [cell.tree, *ast.walk(cell.tree)]:
        if isinstance(node, ast.Module) and not found:
            found += _docstring(cell, node, False)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            found += _docstring(cell, node, True)
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    found += _docstring(cell, item, True)
    return found


def _docstring(
    cell: Cell, node: ast.Module | ast.ClassDef | ast.FunctionDef, own: bool
) -> list[tuple[Location, str, bool]]:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return [(Location(file=cell.file, cell=cell.index, line=first.lineno), first.value.value, own)]
    return []


def comments(cell: Cell, start: int, end: int) -> list[tuple[Location, str]]:
    """(place, text) of the comments from line `start` to `end`, each with the code that it stands beside or above."""
    lines = cell.source.splitlines()
    found: list[tuple[Location, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines[start - 1 : end]) + "\n").readline):
            if token.type == tokenize.COMMENT:
                number = start + token.start[0] - 1
                code = lines[number - 1][: token.start[1]].strip() or _code_near(lines, number, start, end)
                text = f"{code}  {token.string}" if code else token.string
                found.append((Location(file=cell.file, cell=cell.index, line=number), text))
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read so far counts
    return found


def _code_near(lines: Sequence[str], number: int, start: int, end: int) -> str:
    """The code that a comment on a line of its own is about: the line right below it, else the nearest one above."""
    below = lines[number].strip() if number < min(end, len(lines)) else ""
    if below and not below.startswith("#"):
        return below.split("#")[0].strip()
    for above in reversed(lines[max(start, number - NEAREST) - 1 : number - 1]):
        code = above.split("#")[0].strip()
        if code:
            return code
    return ""


def class_span(cell: Cell, name: str, line: int) -> tuple[int, int] | None:
    """First and last line of the graded definition, with the comments right above it."""
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name and node.lineno == line:
            first = _above(cell.source.splitlines(), node.lineno)
            return first, node.end_lineno or node.lineno
    return None


def _above(lines: Sequence[str], line: int) -> int:
    first = line
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return first
