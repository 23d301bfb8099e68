"""How findings say numbers, counts and places."""

import math
from collections.abc import Sequence

from grader.model.facts import PerAxis
from grader.model.submission import Location


def integer(value: int) -> str:
    """20000 -> "20,000"."""
    return f"{value:,}"


def count(number: int, one: str, many: str = "") -> str:
    """(2, "layer") -> "2 layers"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(words: Sequence[str]) -> str:
    """["a", "b", "c"] -> "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def alternatives(words: Sequence[str]) -> str:
    """["a", "b", "c"] -> "a, b or c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else ""


def percent(fraction: float) -> str:
    """0.994 -> "99.40 %". Cut, not rounded: 0.99399 must not read as the 99.40 % that it misses."""
    return f"{math.floor(fraction * 10_000 + 1e-6) / 100:.2f} %"


def size(value: PerAxis) -> str:
    """28 -> "28×28", (28, 20) -> "28×20"."""
    height, width = value if isinstance(value, tuple) else (value, value)
    return f"{height}×{width}"


def at(location: Location | None) -> str:
    """ " (net.py:12)", or nothing."""
    return f" ({location})" if location else ""
