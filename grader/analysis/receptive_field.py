"""The receptive field: size, jump and start of a value's field, and the facts at the value where the head begins.

Size is the textbook's: pixels from the first to the last that one element sees, borders and gates ignored; merges take
the union. Start is the centre of what the first element sees, in pixels from the image's edge: 0.5 for the image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.analysis.field import Field, Support
from grader.analysis.fields import Fields, find_fields
from grader.analysis.flow import Flow, Value
from grader.analysis.geometry import WINDOWED
from grader.analysis.head import Head
from grader.analysis.units import Units, extent
from grader.graph.ops import Kind
from grader.model.facts import PerAxis, ReceptiveFieldFacts

_FEW = 0.75  # honest nets lose a few pixels to the border
_SPATIAL = WINDOWED | {Kind.ATTENTION, Kind.MATMUL, Kind.UNFOLD, Kind.PIXEL_SHUFFLE}


@dataclass(frozen=True)
class Extent:
    """One image axis. `jump` is None where neighbours don't lie a whole number of pixels apart."""

    size: int
    jump: int | None
    start: float
    has_holes: bool


def extents(field: Field) -> tuple[Extent, Extent] | None:
    """Height and width; None where nothing of the image is seen."""
    found = [_extent(support, field.places, axis) for axis, support in enumerate(field.supports)]
    rows, columns = found
    return None if rows is None or columns is None else (rows, columns)


def receptive_field_facts(flow: Flow, fields: Fields, head: Head, gates: Mapping[str, Value]) -> ReceptiveFieldFacts:
    """At the value where the head begins; the larger one where several branches lead into the head."""
    gated = any(_sees_more(fields, name, gate) for name, gate in gates.items() if name in flow.live)
    begins = [name for name in head.begins if _has_spatial_path(flow, name)]
    found = _largest(fields, begins)
    if found is None:
        return ReceptiveFieldFacts(before_head=None, jump=None, covers_input=False, gated=gated)
    rows, columns = found
    height, width = flow.shape(flow.graph.input)[2:]
    return ReceptiveFieldFacts(
        before_head=per_axis((rows.size, columns.size)),
        jump=None if rows.jump is None or columns.jump is None else per_axis((rows.jump, columns.jump)),
        covers_input=rows.size >= height and columns.size >= width,
        gated=gated,
        has_holes=rows.has_holes or columns.has_holes,
        certain=_certain(flow, fields, begins),
        on_image=_on_image(flow, gates, begins, (min(rows.size, height), min(columns.size, width))),
    )


def _largest(fields: Fields, names: Sequence[str]) -> tuple[Extent, Extent] | None:
    found = (fields.of(name) for name in names)
    measured = [pair for field in found if field is not None and (pair := extents(field)) is not None]
    return max(measured, key=lambda pair: (pair[0].size * pair[1].size, pair[0].size)) if measured else None


def _certain(flow: Flow, fields: Fields, begins: Sequence[str]) -> PerAxis | None:
    """What is seen at least, where an operator without a rule was passed; None where all of it is exact."""
    passed = flow.reach(begins, lambda call: call.sources) & fields.bounded.keys()
    if not passed:
        return None
    exact = [pair for name in passed for field in fields.bounded[name] if (pair := extents(field)) is not None]
    exact_before = [pair for pair in exact if pair[0].jump is not None and pair[1].jump is not None]
    return per_axis(tuple(max((pair[axis].size for pair in exact_before), default=1) for axis in (0, 1)))


def _on_image(
    flow: Flow, gates: Mapping[str, Value], begins: Sequence[str], expected: tuple[int, int]
) -> PerAxis | None:
    """The pixels of the image that a value sees, where they are few beside the textbook's: the rest is padding."""
    found = _largest(find_fields(flow, gates, padding_sees=False), begins)
    seen = (0, 0) if found is None else (found[0].size, found[1].size)
    return per_axis(seen) if any(one < _FEW * other for one, other in zip(seen, expected, strict=True)) else None


def per_axis(values: Sequence[int]) -> PerAxis:
    """One number where both axes agree; of three axes, height and width."""
    first, *others = values[-2:]
    return first if all(other == first for other in others) else (first, others[0])


def _extent(support: Support, places: frozenset[int], axis: int) -> Extent | None:
    """Channels are joined first: a value's field is that of all its channels."""
    units = support.units
    others = tuple(dim for dim in range(units.ndim) if dim not in places)
    joined: Units = np.bitwise_or.reduce(units, axis=others, keepdims=True) if others else units
    seen = [unit for unit in joined.flat if unit]
    if not seen:
        return None
    spans = [_span(unit) for unit in seen]
    first = extent(joined[(slice(0, 1),) * joined.ndim]) or extent(joined)
    assert first is not None
    return Extent(
        size=max(spans),
        jump=_jump(support, axis),
        start=(first[0] + first[1] + 1) / 2,
        has_holes=any(unit.bit_count() < span for unit, span in zip(seen, spans, strict=True)),
    )


def _span(unit: int) -> int:
    return unit.bit_length() - (unit & -unit).bit_length() + 1


def _jump(support: Support, axis: int) -> int | None:
    steps = list(support.steps.values())
    if not steps:
        return None
    jump = abs(steps[0].jump)
    return int(jump) if jump.denominator == 1 else None


def _has_spatial_path(flow: Flow, name: str) -> bool:
    """Whether a convolution, a pool or the like lies between the image and the value."""
    before = flow.reach([name], lambda call: call.sources)
    return any(flow.calls[other].kind in _SPATIAL for other in before & flow.images if other in flow.calls)


def _sees_more(fields: Fields, name: str, gate: Value) -> bool:
    """Whether a gate sees the image beyond what the map that it multiplies sees, from every place of the map."""
    product, seen = fields.of(name), fields.of(gate.name)
    if product is None or seen is None or seen.places:
        return False
    pairs = zip(seen.supports, product.supports, strict=True)
    return any(_wider(left.units, right.units) for left, right in pairs)


def _wider(gate: Units, product: Units) -> bool:
    whole = np.bitwise_or.reduce(gate, axis=None)
    return any(whole | unit != unit for unit in product.flat)
