"""Reads JSON that a sandbox wrote: bounded, and without what makes JSON ambiguous.

No NaN or Infinity, no duplicate keys, no integer beyond 64 bits, no float that overflows, valid UTF-8, bounded depth,
and a bounded number of values: `[],[],…` takes twenty times its length in memory.
"""

import json
import math
from typing import Any, NoReturn

from grader.errors import SubmissionError

MAX_DEPTH = 12
MAX_VALUES = 1_000_000  # a graph of 5,000 nodes in both modes has a fifth of it
_MAX_DIGITS = 19


def read_json(data: bytes, name: str, *, max_bytes: int) -> Any:
    """Parse `data`; `name` is the file's, for the message. Raises SubmissionError."""
    if len(data) > max_bytes:
        raise SubmissionError(f"The sandbox wrote {name} with {len(data)} bytes; at most {max_bytes} are read.")
    # Every value but the first of an object or a list follows a comma; what strings hold counts too.
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > MAX_VALUES:
        raise SubmissionError(f"The sandbox wrote {name} with more than {MAX_VALUES:,} values.")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:  # includes UnicodeDecodeError and JSONDecodeError
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise SubmissionError(f"The sandbox wrote a {name} that is not strict JSON: {reason}.") from error
    if _deeper_than(value, MAX_DEPTH):
        raise SubmissionError(f"The sandbox wrote a {name} that is nested more than {MAX_DEPTH} deep.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return result


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise ValueError("an integer has too many digits")
    value = int(digits)
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer does not fit 64 bits")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number overflows")
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [child for child in item.values() if isinstance(child, dict | list)]
    if isinstance(item, list):
        return [child for child in item if isinstance(child, dict | list)]
    return []
