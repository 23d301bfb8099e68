"""The field of every value of a graph: what each of its elements sees of the image, operator by operator.

Gates are left out; group, layer and instance norm count as value by value, as the textbook has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch

from grader.analysis.field import (
    Field,
    blank,
    collapse,
    concatenate,
    drop,
    gather,
    image,
    insert,
    merge,
    mix,
    rearrange,
    transpose,
)
from grader.analysis.flow import Call, Flow, Value
from grader.analysis.geometry import WINDOWED, geometry
from grader.analysis.products import contract
from grader.analysis.windows import resampled, sliding
from grader.graph.ops import Kind
from grader.model.graph import Reference

Result = Field | tuple[Field, ...]

_MOVES = frozenset({Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE, Kind.PIXEL_SHUFFLE})
_BY_VALUE = frozenset(
    {Kind.BATCH_NORM, Kind.NORM, Kind.DROPOUT, Kind.ACTIVATION, Kind.ELEMENTWISE, Kind.IDENTITY, Kind.NOISE}
)
_MAX_PLACES = 1 << 12  # along one dimension; beyond, every element is taken to see everything
_MAX_LENGTH = 1 << 14  # along one dimension, of what is moved: a batch that is part of the graph may be flattened in
_MAX_MOVED = 1 << 23  # elements followed one by one through reshapes and the like, in one model
# Operators that put the dimensions in another order and do nothing else.
_ORDERS = frozenset(
    {"permute", "transpose", "t", "numpy_T", "mT", "swapaxes", "swapdims", "movedim", "moveaxis", "adjoint"}
)
_ALONG = frozenset({"cumsum", "cumprod", "sort", "topk"})  # reduce along a dimension, and keep it


@dataclass(frozen=True)
class Fields:
    """Fields by name of the value, and what they leave out or only bound.

    `bounded` holds the calls whose field is an upper bound, with the fields of what they read.
    """

    results: Mapping[str, Result]
    caveats: tuple[str, ...]
    bounded: Mapping[str, tuple[Field, ...]]

    def of(self, name: str) -> Field | None:
        """The field of a value, or of the first where the operator has several results; None where it has none."""
        found = self.results.get(name)
        return found[0] if isinstance(found, tuple) else found


def find_fields(flow: Flow, gates: Mapping[str, Value], *, padding_sees: bool = True) -> Fields:
    """Follow the graph from the image on. Raises SubmissionError where the model looks absurdly far past the border.

    The textbook knows no border: padding sees what would be there. Without `padding_sees` it sees nothing.
    """
    return _Walk(flow, gates, padding_sees).run()


@dataclass
class _Walk:
    flow: Flow
    gates: Mapping[str, Value]
    padding_sees: bool
    results: dict[str, Result] = field(default_factory=dict)
    caveats: dict[str, None] = field(default_factory=dict)
    bounded: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    moved: int = 0  # elements followed one by one so far

    def run(self) -> Fields:
        flow = self.flow
        self.results[flow.graph.input] = image(flow.shape(flow.graph.input))
        for call in flow.calls.values():
            if call.name in flow.images:
                self.results[call.name] = self._result(call)
        return Fields(self.results, tuple(self.caveats), self.bounded)

    def _result(self, call: Call) -> Result:
        handlers: dict[Kind, Callable[[Call], Result | None]] = {
            **dict.fromkeys(_BY_VALUE, self._by_value),
            **dict.fromkeys(_MOVES, self._move),
            **dict.fromkeys(WINDOWED, self._window),
            Kind.LINEAR: self._linear,
            Kind.MATMUL: self._product,
            Kind.REDUCE: self._reduce,
            Kind.SOFTMAX: self._softmax,
            Kind.CONCATENATE: self._concatenate,
            Kind.PAD: self._pad,
            Kind.UPSAMPLE: self._upsample,
            Kind.UNFOLD: self._unfold,
            Kind.ATTENTION: self._attention,
            Kind.RECURRENT: self._recurrent,
            Kind.GETITEM: self._pick,
        }
        handler = handlers.get(call.kind)
        if self._is_empty(call):  # no element, so none that sees anything: not for the rules below
            return blank(len(self.flow.shape(call.name)))
        result = None if handler is None else handler(call)
        return result if result is not None and self._fits(call, result) else self._everything(call)

    def _is_empty(self, call: Call) -> bool:
        return call.name in self.flow.shapes and 0 in self.flow.shapes[call.name]

    def _fits(self, call: Call, result: Result) -> bool:
        """Whether each field has the shape of its value: a size of 1 stands for any."""
        if isinstance(result, Field):
            return _has_shape(result, self.flow.shape(call.name))
        shapes = (self.flow.shapes.get(f"{call.name}.{index}") for index in range(len(result)))
        return all(shape is not None and _has_shape(one, shape) for one, shape in zip(result, shapes, strict=True))

    def _fields(self, call: Call) -> list[Field]:
        gate = self.gates.get(call.name)
        return [self._read(value) for value in call.values if value is not gate]

    def _read(self, value: Value) -> Field:
        rank = len(self.flow.shape(value.name))
        if self.flow.live.isdisjoint(value.names):  # cut away later
            return blank(rank)
        found = self.results.get(value.name)
        whole = found[0] if isinstance(found, tuple) else found or blank(rank)
        parts = [self.results.get(name) for name in value.touched]
        written = [part for part in parts if isinstance(part, Field)]
        return merge([whole, collapse(written, rank)]) if written else whole

    def _everything(self, call: Call) -> Result:
        """No rule for the operator: every element may see all that any argument sees."""
        place = "" if call.node.location is None else f" at {call.node.location}"
        fields = self._fields(call)
        if any(some.places for some in fields):
            self.caveats[f"The receptive field after {call.operation.short}{place} is an upper bound."] = None
            self.bounded[call.name] = tuple(fields)
        shape = self.flow.shape(call.name)
        places = {dim: shape[dim] for some in fields if some.rank == len(shape) for dim in some.places}
        return collapse(fields, len(shape), places)

    def _by_value(self, call: Call) -> Result | None:
        shape = self.flow.shape(call.name)
        if call.kind is Kind.NORM:
            self._note_statistics(call)
        fields = self._fields(call)
        if call.operation.short == "glu":
            return self._halves(call, fields[0])
        merged = merge(fields)
        return merged if merged.rank == len(shape) else None

    def _halves(self, call: Call, whole: Field) -> Result | None:
        dim = call.arguments["dim"]
        return mix(whole, [dim]) if isinstance(dim, int) and dim % whole.rank not in whole.places else None

    def _note_statistics(self, call: Call) -> None:
        source = self._read(call.operands["input"][0])
        shape = self.flow.shape(call.name)
        normal = call.arguments.get("normalized_shape")
        over = range(len(shape) - len(normal), len(shape)) if isinstance(normal, tuple) else range(1, len(shape))
        if any(dim in source.places and shape[dim] > 1 for dim in over):
            self.caveats[
                f"The statistics of {call.operation.short} come from the whole map; the receptive field ignores that."
            ] = None

    def _move(self, call: Call) -> Result | None:
        """Run the operator on indices. Only a shape given as an argument is taken from what was propagated."""
        value = call.values[0]
        whole, shape = self._read(value), self.flow.shape(value.name)
        target = self.flow.shape(call.name)
        if len(call.values) > 1 or max((*shape, *target), default=0) > _MAX_LENGTH:
            return None
        if call.kind is Kind.RESHAPE:
            return whole if target == shape else self._rearranged(whole, shape, lambda index: index.reshape(target))
        if call.operation.short in ("expand", "expand_as", "broadcast_to"):
            while whole.rank < len(target):
                whole = insert(whole, 0)
            return whole
        positional = [
            call.arguments[argument.name] for argument in call.operation.arguments if not argument.keyword_only
        ]
        if isinstance(positional[0], tuple) or any(isinstance(item, Reference) for item in positional[1:]):
            return None
        others = [_listed(item) for item in positional[1:]]
        if call.operation.short in _ORDERS:
            return transpose(whole, _order(whole.rank, lambda index: call.operation.run(index, *others)))
        return self._rearranged(whole, shape, lambda index: call.operation.run(index, *others))

    def _rearranged(
        self, whole: Field, shape: tuple[int, ...], operation: Callable[[torch.Tensor], Any]
    ) -> Result | None:
        self.moved += prod(shape)
        if self.moved > _MAX_MOVED:
            return None
        results = rearrange(whole, shape, operation)
        return results if len(results) > 1 else results[0]

    def _window(self, call: Call) -> Result | None:
        found = geometry(self.flow, call)
        if found is None or found.windows is None:
            return None
        source, *others = self._fields(call)
        axes = len(found.windows)
        if call.kind in (Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION):
            source = mix(source, [-axes - 1])
        for axis, windows in enumerate(found.windows):
            dim = source.rank - axes + axis
            valid = windows.valid if self.padding_sees else windows.inside(found.inputs[axis])
            source = gather(source, dim, found.inputs[axis], windows.sources, valid, windows.advance)
        seen = [collapse([other], source.rank) for other in others if not other.is_blank]  # weights made from the image
        return merge([source, *seen]) if seen else source

    def _linear(self, call: Call) -> Result | None:
        if call.operation.short == "addmm":
            return self._product(call)
        source, *others = self._fields(call)
        mixed = mix(source, [-1])
        seen = [collapse([other], mixed.rank) for other in others if not other.is_blank]
        return merge([mixed, *seen]) if seen else mixed

    def _product(self, call: Call) -> Result | None:
        return contract(call, self._fields(call), len(self.flow.shape(call.name)))

    def _reduce(self, call: Call) -> Result | None:
        whole = merge(self._fields(call))
        given = call.arguments.get("dim")
        dims = [dim for dim in given if isinstance(dim, int)] if isinstance(given, tuple) else [given]
        chosen = [dim for dim in dims if isinstance(dim, int)] or list(range(whole.rank))
        if call.operation.short in _ALONG:
            return mix(whole, chosen, keep=call.operation.short != "topk")
        reduced = mix(whole, chosen)
        return reduced if len(self.flow.shape(call.name)) == whole.rank else drop(reduced, chosen)

    def _softmax(self, call: Call) -> Result | None:
        dim = call.arguments["dim"]
        return mix(self._fields(call)[0], [dim], keep=True) if isinstance(dim, int) else None

    def _concatenate(self, call: Call) -> Result | None:
        fields = self._fields(call)
        sizes = [self.flow.shape(value.name) for value in call.values]
        kind, dim = call.operation.short, call.arguments.get("dim")
        if kind == "stack" and isinstance(dim, int):
            return merge([insert(one, dim) for one in fields])
        at = {"hstack": 1, "vstack": 0, "dstack": 2}.get(kind, dim)
        if not isinstance(at, int) or len({one.rank for one in fields}) > 1 or at >= fields[0].rank:
            return None
        at %= fields[0].rank
        if any(at in one.places for one in fields):
            return concatenate(fields, at, [size[at] for size in sizes])
        return merge([mix(one, [at]) for one in fields])

    def _pad(self, call: Call) -> Result | None:
        """Constant padding and its kin, one axis after the other."""
        amounts = call.arguments.get("pad", call.arguments.get("padding"))
        value = call.values[0]
        whole, before, after = self._read(value), self.flow.shape(value.name), self.flow.shape(call.name)
        if not isinstance(amounts, tuple) or max(after) > _MAX_PLACES:
            return None
        for axis in range(len(amounts) // 2):
            left, dim = amounts[2 * axis], len(before) - 1 - axis
            if isinstance(left, int) and any(dim in support.steps for support in whole.supports):
                windows = sliding(after[dim], 1, 1, left)
                valid = None if self.padding_sees else windows.inside(before[dim])
                whole = gather(whole, dim, before[dim], windows.sources, valid, windows.advance)
        return whole

    def _upsample(self, call: Call) -> Result | None:
        value = call.values[0]
        before, after = self.flow.shape(value.name), self.flow.shape(call.name)
        name = call.operation.short
        taps = 1 if "nearest" in name else 2 if "linear" in name else 4
        if "upsample" not in name or name.endswith("_aa") or max(after) > _MAX_PLACES:
            return None
        whole = self._read(value)
        for dim in range(2, len(before)):
            aligned = call.arguments.get("align_corners") is True
            windows = resampled(after[dim], before[dim], taps, align_corners=aligned)
            whole = gather(whole, dim, before[dim], windows.sources, None, windows.advance)
        return whole

    def _unfold(self, call: Call) -> Result | None:
        if call.operation.short == "col2im":
            return None
        positional = [_listed(value) for value in list(call.arguments.values())[1:]]
        value = call.values[0]
        return self._rearranged(
            self._read(value), self.flow.shape(value.name), lambda index: call.operation.run(index, *positional)
        )

    def _attention(self, call: Call) -> Result | None:
        """Every query sees itself and all keys and values."""
        query, *others = self._fields(call)
        return merge([mix(query, [-1]), collapse(others, query.rank)])

    def _recurrent(self, call: Call) -> Result | None:
        """Every step may depend on all steps; a cell works on one step."""
        fields, shape = self._fields(call), self.flow.shape(call.name)
        sequence = {
            dim: shape[dim] for dim in fields[0].places if fields[0].rank == len(shape) and dim < len(shape) - 1
        }
        return collapse(fields, len(shape), sequence)

    def _pick(self, call: Call) -> Result | None:
        value, index = call.values[0], call.arguments["b"]
        several = self.results.get(value.name)
        if not isinstance(index, int) or several is None:
            return None
        picked = several[index] if isinstance(several, tuple) else several
        return picked if picked.rank == len(self.flow.shape(call.name)) else None


def _has_shape(field: Field, shape: tuple[int, ...]) -> bool:
    arrays = (*(support.units for support in field.supports), field.marks)
    return all(
        array.ndim == len(shape) and all(size in (1, whole) for size, whole in zip(array.shape, shape, strict=True))
        for array in arrays
    )


def _order(rank: int, operation: Callable[[torch.Tensor], torch.Tensor]) -> list[int]:
    """The order in which an operator puts the dimensions, read off a small tensor with a size of its own for each."""
    return [size - 2 for size in operation(torch.empty(tuple(range(2, rank + 2)))).shape]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
