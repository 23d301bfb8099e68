"""Scales of the curves: accuracy by the logarithm of its error, whole epochs, few ticks."""

import math
from collections.abc import Sequence
from typing import TypeGuard

SMALLEST_ERROR = 1e-4
ERRORS = (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
_MOST_TICKS = 6


def is_drawable(value: float | None) -> TypeGuard[float]:
    """Whether a figure was measured and is a number."""
    return value is not None and math.isfinite(value)


def error_of(accuracy: float | None) -> float:
    """What is missing to 1, at least one image in 10,000 so that it has a logarithm; all of it for None."""
    return max(1 - (accuracy or 0.0), SMALLEST_ERROR)


def accuracy_tick(accuracy: float) -> str:
    """0.995 → "99.5 %"."""
    return f"{round(accuracy * 100, 2):g} %"


def ticks_around(scale: Sequence[float], values: Sequence[float]) -> tuple[float, ...]:
    """The part of a falling scale that encloses the values, thinned to a readable number of ticks."""
    if not values:
        return (scale[0], scale[-1])
    low, high = min(values), max(values)
    first = max((index for index, tick in enumerate(scale) if tick >= high * (1 - 1e-9)), default=0)
    last = min((index for index, tick in enumerate(scale) if tick <= low * (1 + 1e-9)), default=len(scale) - 1)
    if last <= first:
        first, last = max(first - 1, 0), min(first + 1, len(scale) - 1)
    inside = list(scale[first : last + 1])
    step = -(-(len(inside) - 1) // (_MOST_TICKS - 1))
    return (*inside[:-1:step], inside[-1])


def epoch_ticks(epochs: int) -> list[int]:
    """At most seven whole numbers, the first and the last among them."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if epochs / step <= 6)
    inner = [epoch for epoch in range(step, epochs, step) if min(epoch - 1, epochs - epoch) >= step * 0.6]
    return sorted({1, *inner, epochs}) if epochs else []
