"""Sets of pixel rows or columns, one for each element of a tensor.

A set is an int: bit `ORIGIN + i` says that pixel row (or column) i is seen. Pixels beyond the border count, as in the
textbook: an element at the border sees as many pixels as one in the middle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from grader.errors import SubmissionError

ORIGIN = 1 << 13

Shape = tuple[int, ...]
Units = npt.NDArray[Any]  # of ints; a size of 1 along dimensions where the index does not matter
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """Elements that are `period` apart see the same, `shift` pixels further on."""

    period: int
    shift: int

    @property
    def jump(self) -> Fraction:
        """Pixels from one element to the next, on average."""
        return Fraction(self.shift, self.period)

    def strided(self, stride: int) -> "Step":
        """After taking every `stride`-th element."""
        common = gcd(self.period, stride)
        return Step(self.period // common, self.shift * stride // common)

    def spread(self, factor: int) -> "Step":
        """After putting `factor` elements in the place of one."""
        return Step(self.period * factor, self.shift)


def extent(units: Units) -> tuple[int, int] | None:
    """(first, last) pixel that any of the elements sees; None where they see none."""
    seen = 0
    for unit in units.flat:
        seen |= unit
    return None if seen == 0 else (lowest(seen), seen.bit_length() - 1 - ORIGIN)


def lowest(unit: int) -> int:
    """The first pixel of a set that is not empty."""
    return (unit & -unit).bit_length() - 1 - ORIGIN


def union_along(
    units: Units,
    dim: int,
    step: Step | None,
    sources: Indices,
    valid: npt.NDArray[np.bool_] | None,
) -> Units:
    """Element o of the result sees what the elements `sources[o]` along `dim` see, those marked `valid` if given."""
    low, high = int(sources.min()), int(sources.max())
    parts = [_element(units, dim, step, index) for index in range(low, min(high + 1, 0))]
    parts += [units]
    parts += [_element(units, dim, step, index) for index in range(max(low, units.shape[dim]), high + 1)]
    padded = np.concatenate(parts, axis=dim)
    first = min(low, 0)
    total: Units | None = None
    for tap in range(sources.shape[1]):
        taken = padded.take(sources[:, tap] - first, axis=dim)
        if valid is not None:
            mask = valid[:, tap].reshape([-1 if other == dim else 1 for other in range(units.ndim)])
            taken = np.where(mask, taken, 0)
        total = taken if total is None else np.bitwise_or(total, taken)
    assert total is not None
    return total


def _element(units: Units, dim: int, step: Step | None, index: int) -> Units:
    """What an element outside the tensor would see: where no step is known, what the one at the edge sees."""
    size = units.shape[dim]
    if step is None:
        return units.take([min(max(index, 0), size - 1)], axis=dim)
    periods = -(index // step.period) if index < 0 else -((index - size) // step.period + 1)
    inside = min(max(index + periods * step.period, 0), size - 1)
    return shifted(units.take([inside], axis=dim), -periods * step.shift)


def shifted(units: Units, pixels: int) -> Units:
    """The same sets, further on. Raises SubmissionError where that leaves all reasonable bounds."""
    highest = max(unit.bit_length() for unit in units.flat)
    nearest = min((lowest(unit) for unit in units.flat if unit), default=0)
    if highest + pixels > 2 * ORIGIN or nearest + pixels < -ORIGIN:
        raise SubmissionError(f"The model looks more than {ORIGIN:,} pixels past the border of the image.")
    moved: Units = np.left_shift(units, pixels) if pixels >= 0 else np.right_shift(units, -pixels)
    return moved


def stretched(units: Units, dim: int, size: int) -> Units:
    """With `size` elements along a dimension, where there may have been one for all."""
    return np.broadcast_to(units, [*units.shape[:dim], size, *units.shape[dim + 1 :]])


def followed(units: Units, shape: Shape, operation: Callable[[torch.Tensor], Any]) -> list[Units]:
    """The sets in the order in which an operator leaves them; a zero that it puts in sees nothing."""
    table = np.empty(units.size + 1, dtype=np.object_)
    table[0] = 0
    table[1:] = units.reshape(-1)
    index = torch.arange(1, units.size + 1, dtype=torch.float64).reshape(units.shape).expand(shape)
    result = operation(index)
    tensors = result if isinstance(result, list | tuple) else [result]
    return [compressed(table[tensor.contiguous().numpy().astype(np.int64)]) for tensor in tensors]


def compressed(units: Units) -> Units:
    """With size 1 along dimensions where nothing changes."""
    for dim in range(units.ndim):
        if units.shape[dim] > 1:
            first = units.take([0], axis=dim)
            if bool((units == first).all()):
                units = first
    return units
