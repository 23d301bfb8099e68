"""Operators on plain constants and lists, bounded in size."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from grader.intake.trace.library_values import Batches, Cuda, LibraryObject
from grader.intake.trace.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Constant,
    FunctionValue,
    Instance,
    Layer,
    ModuleValue,
    Value,
)

MOST_ITEMS = 256  # items of a list that are followed one by one
MOST_SIZE = 10**9  # of a number we compute

_BINARY: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
_COMPARE: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: lambda a, b: a == b and type(a) is type(b),
    ast.IsNot: lambda a, b: a != b or type(a) is not type(b),
}  # fmt: skip


def combine(how: ast.operator, left: Value, right: Value) -> Value:
    """`left how right`; UNKNOWN where it can't be told, or would be large."""
    if isinstance(left, Collection) and isinstance(right, Collection) and isinstance(how, ast.Add):
        return Collection((left.items + right.items)[:MOST_ITEMS])
    if isinstance(left, Collection) and isinstance(right, Constant) and isinstance(how, ast.Mult):
        times = right.value if isinstance(right.value, int) else 0
        return Collection((left.items * min(max(times, 0), MOST_ITEMS))[:MOST_ITEMS])
    if isinstance(left, Batches) or isinstance(right, Batches):
        return _scale(how, left, right)
    function = _BINARY.get(type(how))
    if function is None or not (isinstance(left, Constant) and isinstance(right, Constant)):
        return UNKNOWN
    return _compute(function, left.value, right.value)


def compare(how: ast.cmpop, left: Value, right: Value) -> bool | None:
    """Whether `left how right` holds, None where that can't be told."""
    if isinstance(how, ast.In | ast.NotIn):
        inside = _contains(right, left)
        return None if inside is None else inside is isinstance(how, ast.In)
    if isinstance(how, ast.Is | ast.IsNot) and _is_none(left) is not _is_none(right):
        known = left if _is_none(right) else right
        if not isinstance(known, Constant):
            return None if truth(known) is None else isinstance(how, ast.IsNot)
    function = _COMPARE.get(type(how))
    if function is None or not (isinstance(left, Constant) and isinstance(right, Constant)):
        return None
    answer = _compute(function, left.value, right.value)
    return bool(answer.value) if isinstance(answer, Constant) else None


def truth(value: Value) -> bool | None:
    """Whether a value counts as true, None where that can't be told."""
    if isinstance(value, Constant):
        return bool(value.value)
    if isinstance(value, Collection):
        return bool(value.items)
    if isinstance(value, ClassValue | FunctionValue | ModuleValue | Instance | Layer | LibraryObject | Cuda):
        return True
    return None


def _is_none(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


def _scale(how: ast.operator, left: Value, right: Value) -> Value:
    """A number of batches times or over a plain number; UNKNOWN for any other operation on it."""
    batches, other = (left, right) if isinstance(left, Batches) else (right, left)
    if not (isinstance(batches, Batches) and isinstance(other, Constant) and isinstance(other.value, int | float)):
        return UNKNOWN
    if isinstance(how, ast.Mult):
        return Batches(batches.times * other.value)
    divides = isinstance(how, ast.Div | ast.FloorDiv) and batches is left and other.value
    return Batches(batches.times / other.value) if divides else UNKNOWN


def _contains(container: Value, item: Value) -> bool | None:
    if isinstance(container, Constant) and isinstance(container.value, str):
        return item.value in container.value if isinstance(item, Constant) and isinstance(item.value, str) else None
    if not isinstance(container, Collection) or not isinstance(item, Constant):
        return None
    inside = container.items if container.keys is None else container.keys
    if not all(isinstance(one, Constant) for one in inside):
        return None
    return item in inside


def _compute(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Value:
    """A small result of a plain operation, UNKNOWN for a large one or an error."""
    if function is operator.pow and not (isinstance(right, int | float) and abs(right) <= 64):
        return UNKNOWN
    if function is operator.mul and not all(isinstance(one, int | float) for one in (left, right)):
        return UNKNOWN
    if function is operator.mod and isinstance(left, str | bytes):
        return UNKNOWN
    try:
        result = function(left, right)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return UNKNOWN
    if isinstance(result, str) and len(result) > 1000:
        return UNKNOWN
    if isinstance(result, int | float) and abs(result) > MOST_SIZE:
        return UNKNOWN
    return Constant(result) if isinstance(result, int | float | str | bool) else UNKNOWN
