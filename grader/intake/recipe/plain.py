"""Values of the followed code to plain Python ones, or the reason why that can't be done."""

import ast
import math
from typing import Any

from grader.intake.trace.library_values import Batches, LibraryObject, Range, presume
from grader.intake.trace.values import Choice, ClassValue, Collection, Constant, External, Instance, Layer, Value

MOST_TEXT = 200
MOST_LINES, MOST_COLUMNS = 60, 2000  # of code that is shown at all


class Unclear(Exception):
    """The value can't be told; the message is one clause that says why."""


def plain(value: Value, depth: int = 4) -> Any:
    """A number, a string, a truth value, None, or a list of such. Raises Unclear."""
    match presume(value):
        case Constant(value=float() as number) if not math.isfinite(number):
            raise Unclear(f"it is {number}")
        case Constant(value=bool() | int() | float() | str() | None as constant):
            return constant
        case Collection(items=items, keys=None) if len(items) <= 64 and depth:
            return [plain(item, depth - 1) for item in items]
        case External(path=path):
            return path
        case Choice(options=options):
            return _only(options, depth - 1)
        case Batches():
            raise Unclear("it counts batches")
    raise Unclear("it is computed at run time")


def number(value: Value) -> int | float:
    """A plain number; True is none. Raises Unclear."""
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Unclear(f"it is no number: {shorten(repr(found), 40)}")
    return found


def whole(value: Value) -> int:
    """A whole number. Raises Unclear."""
    found = number(value)
    if found != int(found):
        raise Unclear(f"it is no whole number: {found}")
    return int(found)


def _only(options: tuple[Value, ...], depth: int) -> Any:
    found: list[Any] = []
    for option in options:
        one = plain(option, depth)
        if not any(one == seen and type(one) is type(seen) for seen in found):
            found.append(one)
    if len(found) == 1:
        return found[0]
    shown = [shorten(repr(one), 40) for one in found[:3]]
    raise Unclear(f"a branch that can't be decided chooses between {' and '.join(shown)}")


def what_is(value: Value) -> str:
    """What messages call a value."""
    match value:
        case LibraryObject():
            return value.name
        case Instance():
            return f"{value.kind.node.name}, a class of the submission's own"
        case ClassValue():
            return f"{value.node.name}, a class of the submission's own"
        case Layer():
            return value.path.rsplit(".", 1)[-1]
        case External():
            return value.path.rsplit(".", 1)[-1]
        case Range():
            return "a range"
    return "something that is computed at run time"


def text_of(node: ast.AST) -> str:
    """The code of a node on one line, at most 200 characters; nothing for code that is very long."""
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
    if last - first > MOST_LINES or (getattr(node, "end_col_offset", 0) or 0) > MOST_COLUMNS:
        return ""
    try:
        return shorten(" ".join(ast.unparse(node).split()))
    except (RecursionError, ValueError):
        return ""


def header_of(node: ast.AST) -> str:
    """The first line of a statement: of an `if` its test, of a loop what it goes through."""
    match node:
        case ast.If() | ast.While():
            return text_of(node.test)
        case ast.For() | ast.AsyncFor():
            return shorten(f"for {text_of(node.target)} in {text_of(node.iter)}")
    return text_of(node)


def shorten(text: str, most: int = MOST_TEXT) -> str:
    """At most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
