"""What the elements of a tensor see of the image, and what becomes of that when tensors are combined or rearranged.

Rows and columns of the image are kept apart, so what an element sees is the product of both.

Vincent Dumoulin, Francesco Visin, "A guide to convolution arithmetic for deep learning", https://arxiv.org/abs/1603.07285;
Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", https://distill.pub/2019/computing-receptive-fields.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from grader.analysis.units import (
    ORIGIN,
    Indices,
    Shape,
    Step,
    Units,
    compressed,
    followed,
    lowest,
    shifted,
    stretched,
    union_along,
)

Marks = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Support:
    """What is seen along one image axis. `units` has the tensor's rank; a size of 1 where the index does not matter."""

    units: Units
    steps: Mapping[int, Step]  # by dimension, where elements follow each other regularly


@dataclass(frozen=True)
class Field:
    """What every element of a tensor sees: image rows, image columns. `marks` numbers the places of a map.

    Like `units`, `marks` has size 1 along dimensions that do not matter: batch and channels.
    """

    supports: tuple[Support, Support]
    marks: Marks

    @property
    def rank(self) -> int:
        """Number of dimensions of the tensor."""
        return self.supports[0].units.ndim

    @property
    def places(self) -> frozenset[int]:
        """The dimensions that tell the places of a map apart."""
        return frozenset(dim for dim, size in enumerate(self.marks.shape) if size > 1)

    @property
    def is_blank(self) -> bool:
        """Whether no element sees anything of the image."""
        return not any(unit for support in self.supports for unit in support.units.flat)


def image(shape: Shape) -> Field:
    """The images themselves, (batch, channels, height, width)."""
    supports = []
    for dim in (2, 3):
        units = np.empty(shape[dim], dtype=np.object_)
        units[:] = [1 << (ORIGIN + pixel) for pixel in range(shape[dim])]
        supports.append(Support(units.reshape([-1 if other == dim else 1 for other in range(4)]), {dim: Step(1, 1)}))
    return Field((supports[0], supports[1]), _numbered(4, {dim: shape[dim] for dim in (2, 3)}))


def blank(rank: int) -> Field:
    """A tensor that does not depend on the image."""
    nothing = Support(np.full((1,) * rank, 0, dtype=np.object_), {})
    return Field((nothing, nothing), _numbered(rank, {}))


def merge(fields: Sequence[Field]) -> Field:
    """Element by element, what any of several broadcast tensors sees."""
    rank = max(field.rank for field in fields)
    aligned = [_with_rank(field, rank) for field in fields]
    supports = tuple(_merge_supports([field.supports[axis] for field in aligned]) for axis in (0, 1))
    marks = aligned[0].marks
    for field in aligned[1:]:
        if not field.places <= frozenset(dim for dim, size in enumerate(marks.shape) if size > 1):
            marks = marks * (int(field.marks.max()) + 1) + field.marks
    return Field((supports[0], supports[1]), marks)


def mix(field: Field, dims: Iterable[int], *, keep: bool = False) -> Field:
    """Every element sees what any along `dims` sees. `keep`: the dimensions still index places."""
    chosen = tuple(dict.fromkeys(dim % field.rank for dim in dims)) if field.rank else ()

    def mixed(support: Support) -> Support:
        units: Units = np.bitwise_or.reduce(support.units, axis=chosen, keepdims=True) if chosen else support.units
        return Support(units, {dim: step for dim, step in support.steps.items() if dim not in chosen})

    return _map_supports(field, mixed, field.marks if keep else _first_along(field.marks, chosen))


def drop(field: Field, dims: Iterable[int]) -> Field:
    """Without these dimensions, along which everything is the same (see `mix`)."""
    gone = {dim % field.rank for dim in dims}
    kept = [dim for dim in range(field.rank) if dim not in gone]
    return _moved(field, kept, tuple(gone))


def transpose(field: Field, order: Sequence[int]) -> Field:
    """With the dimensions in another order."""
    return _moved(field, [dim % field.rank for dim in order], ())


def insert(field: Field, dim: int) -> Field:
    """With one more dimension of size 1."""
    dim %= field.rank + 1

    def inserted(support: Support) -> Support:
        steps = {other + (other >= dim): step for other, step in support.steps.items()}
        return Support(np.expand_dims(support.units, dim), steps)

    return _map_supports(field, inserted, np.expand_dims(field.marks, dim))


def collapse(fields: Sequence[Field], rank: int, places: Mapping[int, int] | None = None) -> Field:
    """Every element of the result sees what any element of any argument sees.

    `places`: the dimensions of the result that tell places apart, with their sizes.
    """
    supports = []
    for axis in (0, 1):
        seen = 0
        for field in fields:
            for unit in field.supports[axis].units.flat:
                seen |= unit
        supports.append(Support(np.full((1,) * rank, seen, dtype=np.object_), {}))
    return Field((supports[0], supports[1]), _numbered(rank, places or {}))


def gather(
    field: Field,
    dim: int,
    size: int,
    sources: Indices,
    valid: npt.NDArray[np.bool_] | None,
    advance: Callable[[Step], Step | None],
) -> Field:
    """Sliding windows: element o of the result sees what the elements `sources[o]` along `dim` see.

    `size` is the tensor's size along `dim`; sources outside it lie in the padding and see what would be there. `valid`
    marks the sources that exist. `advance` gives the step of the result.
    """
    dim %= field.rank

    def gathered(support: Support) -> Support:
        step = support.steps.get(dim)
        steps = {other: kept for other, kept in support.steps.items() if other != dim}
        if support.units.shape[dim] == 1 and (size > 1 or step is None):
            return Support(support.units, steps)
        advanced = None if step is None else advance(step)
        return Support(
            union_along(support.units, dim, step, sources, valid),
            steps if advanced is None else {**steps, dim: advanced},
        )

    return _map_supports(field, gathered, _renumbered(field.marks, dim, len(sources)))


def concatenate(fields: Sequence[Field], dim: int, sizes: Sequence[int]) -> Field:
    """One after the other along a dimension that indexes places."""
    dim %= fields[0].rank
    supports = []
    for axis in (0, 1):
        parts = [stretched(field.supports[axis].units, dim, size) for field, size in zip(fields, sizes, strict=True)]
        others = np.broadcast_shapes(*([*part.shape[:dim], 1, *part.shape[dim + 1 :]] for part in parts))
        joined = np.concatenate(
            [np.broadcast_to(part, [*others[:dim], part.shape[dim], *others[dim + 1 :]]) for part in parts], axis=dim
        )
        steps = {other: step for other, step in fields[0].supports[axis].steps.items() if other != dim}
        supports.append(_regular(Support(compressed(joined), steps), dim))
    widest = max(fields, key=lambda field: len(field.places))
    return Field((supports[0], supports[1]), _renumbered(widest.marks, dim, sum(sizes)))


def rearrange(field: Field, shape: Shape, operation: Callable[[torch.Tensor], Any]) -> tuple[Field, ...]:
    """Follow an operator that only moves elements, by running it on their indices; a field for each result."""
    moved = [followed(support.units, shape, operation) for support in field.supports]
    results = []
    for rows, columns, marks in zip(*moved, followed(field.marks, shape, operation), strict=True):
        supports = [Support(units, {}) for units in (rows, columns)]
        for dim, size in enumerate(marks.shape):
            supports = [_regular(support, dim) if size > 1 else support for support in supports]
        results.append(Field((supports[0], supports[1]), marks.astype(np.int64)))
    return tuple(results)


def _map_supports(field: Field, change: Callable[[Support], Support], marks: Marks) -> Field:
    return Field((change(field.supports[0]), change(field.supports[1])), marks)


def _numbered(rank: int, places: Mapping[int, int]) -> Marks:
    shape = [places.get(dim, 1) for dim in range(rank)]
    return np.arange(prod(shape), dtype=np.int64).reshape(shape)


def _renumbered(marks: Marks, dim: int, size: int) -> Marks:
    """With `size` places along a dimension."""
    line = np.arange(size, dtype=np.int64).reshape([-1 if other == dim else 1 for other in range(marks.ndim)])
    return _first_along(marks, (dim,)) * size + line


def _first_along(array: Marks, dims: Iterable[int]) -> Marks:
    for dim in dims:
        array = array.take([0], axis=dim)
    return array


def _with_rank(field: Field, rank: int) -> Field:
    while field.rank < rank:
        field = insert(field, 0)
    return field


def _merge_supports(supports: Sequence[Support]) -> Support:
    units = supports[0].units
    steps: dict[int, Step] = {}
    for support in supports:
        if support is not supports[0]:
            units = np.bitwise_or(units, support.units)
        for dim, step in support.steps.items():
            steps.setdefault(dim, step)
    return Support(units, steps)


def _moved(field: Field, kept: Sequence[int], gone: tuple[int, ...]) -> Field:
    """Dimensions `kept`, in that order; the dimensions `gone` have size 1."""

    def moved(support: Support) -> Support:
        units = support.units.transpose([*kept, *gone]).reshape([support.units.shape[dim] for dim in kept])
        return Support(units, {at: support.steps[dim] for at, dim in enumerate(kept) if dim in support.steps})

    marks = _first_along(field.marks, gone).transpose([*kept, *gone])
    return _map_supports(field, moved, marks.reshape([field.marks.shape[dim] for dim in kept]))


def _regular(support: Support, dim: int) -> Support:
    """With the step along `dim`, where each element sees the same as the one before, a few pixels further on."""
    size = support.units.shape[dim]
    if size < 2:
        return support
    rows = [support.units.take([index], axis=dim) for index in range(size)]
    first, second = rows[0].flat[0], rows[1].flat[0]
    if first == 0 or second == 0:
        return support
    shift = lowest(second) - lowest(first)
    for before, after in pairwise(rows):
        if not bool((shifted(before, shift) == after).all()):
            return support
    return Support(support.units, {**support.steps, dim: Step(1, shift)})
