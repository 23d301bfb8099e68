"""Shapes of every value, found on meta tensors, and bounded before anything runs for real."""

import math
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, Literal

import torch

from grader.errors import GraderError, SubmissionError
from grader.graph.argument_types import IGNORED, check_arguments, is_operand
from grader.graph.dtypes import DTYPES
from grader.graph.macs import multiply_accumulates
from grader.graph.ops import Kind, UnsupportedOperation, bind
from grader.graph.program import Step, compile_graph
from grader.graph.recurrent import misfit
from grader.model.graph import Export, Reference, TensorSpec

MAX_VALUE_ELEMENTS = 2**27  # of one value, for the batch propagated
MAX_TOTAL_ELEMENTS = 2**30  # of all values
MAX_MACS = 20_000_000_000  # multiply-accumulates of one image
_MAX_OUTPUTS = 4_096  # of one operator that splits its argument
_MAX_SEQUENCE = 1_024
_MAX_RANK = 16  # dimensions
_MAX_SYMBOL = 2**40
_FREE = frozenset({Kind.SYMBOL, Kind.GETITEM})
_SPLITTERS = ("aten.split", "aten.chunk", "aten.unbind", "aten.tensor_split")


def propagate(export: Export, mode: Literal["train", "eval"] = "train", batch: int = 2) -> dict[str, tuple[int, ...]]:
    """The shape of every value, by name, the inputs and parameters included.

    An operator with several outputs has them under "name.0", "name.1", ...; sizes (symbols) have no shape. `batch` is
    replaced by the export's own where it is bound to one. Raises UnsupportedOperation, and SubmissionError where the
    graph does not fit together or costs too much.
    """
    graphs = export.graphs
    batch = graphs.batch_size or batch
    graph = graphs.train if mode == "train" else graphs.eval
    program = compile_graph(graph)
    specs = {**graphs.parameters, **graphs.buffers, **graphs.constants}
    values: list[Any] = [None] * program.slots
    named: dict[str, Any] = {}
    shapes: dict[str, tuple[int, ...]] = {name: spec.shape for name, spec in specs.items()}
    shapes["x0"] = (batch, *graphs.input_shape)
    for slot, name in program.loads:
        values[slot] = named[name] = _meta(specs[name])
    device = torch.device("meta")
    values[program.input_slot] = named["x0"] = torch.empty(shapes["x0"], device=device)
    budget = _Budget(batch)
    with torch.no_grad():
        for step in program.steps:
            operands = _operands(step, named)
            values[step.slot] = named[step.node.name] = value = _run(step, values, device, operands)
            budget.spend(step, operands, value)
            shapes.update(_shapes(step.node.name, value))
    if not isinstance(values[program.output_slot], torch.Tensor):
        raise SubmissionError("The model's graph ends in something that is not a tensor.")
    return shapes


def _meta(spec: TensorSpec) -> torch.Tensor:
    return torch.empty(spec.shape, dtype=DTYPES[spec.dtype], device="meta")


def _operands(step: Step, named: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What each argument reads, by its schema name. Raises UnsupportedOperation for what is not of its type."""
    bound = bind(step.node)
    check_arguments(step.node, step.operation, bound)
    found: dict[str, list[Any]] = {}
    for argument in step.operation.arguments:
        given = bound[argument.name]
        references = [item for item in (given if isinstance(given, tuple) else (given,)) if isinstance(item, Reference)]
        found[argument.name] = [named[reference.ref] for reference in references]
        if argument.name not in IGNORED and not all(is_operand(value, argument) for value in found[argument.name]):
            reason = f"its argument {argument.name!r} is no {argument.type}"
            raise UnsupportedOperation(step.node.op, step.node.location, reason)
    return found


def _run(step: Step, values: list[Any], device: torch.device, operands: Mapping[str, list[Any]]) -> Any:
    _check_operands(step, operands)
    try:
        value = step.call(values, device)
    except GraderError:
        raise
    except Exception as error:  # whatever torch finds wrong with the arguments
        first = str(error).strip().split("\n")[0][:200]
        raise SubmissionError(f"The model's graph does not fit together {_at(step)}: {first}.") from error
    if step.operation.kind is Kind.SYMBOL and not _is_size(value):
        raise SubmissionError(f"The model's graph computes no size {_at(step)}.")
    return value


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_operands(step: Step, operands: Mapping[str, list[Any]]) -> None:
    """What would cost too much before its result can be looked at."""
    tensors = list(_tensors([value for given in operands.values() for value in given]))
    splits = step.operation.name.startswith(_SPLITTERS)
    sections = [value for name, value in bind(step.node).items() if name in ("sections", "chunks")]
    pieces = [
        *(size for tensor in tensors for size in tensor.shape),
        *(one for one in sections if isinstance(one, int)),
    ]
    if splits and any(size > _MAX_OUTPUTS for size in pieces):
        raise SubmissionError(f"The model splits a tensor into too many pieces {_at(step)}.")
    recurs = step.operation.kind is Kind.RECURRENT
    if recurs and any(size > _MAX_SEQUENCE for tensor in tensors for size in tensor.shape[:2]):
        raise SubmissionError(f"The model runs over a sequence longer than {_MAX_SEQUENCE} {_at(step)}.")
    unlooked = _unlooked(step, operands, tensors)
    if unlooked:
        raise SubmissionError(f"The model's graph does not fit together {_at(step)}: {unlooked}.")
    if recurs:
        wanted = misfit(step.operation, bind(step.node), _shapes_by_argument(operands))
        if wanted:
            raise SubmissionError(f"The model's graph does not fit together {_at(step)}: it needs {wanted}.")
    if step.operation.kind is Kind.GETITEM and not isinstance(operands["a"][0], list | tuple):
        raise UnsupportedOperation(step.node.op, step.node.location, "it picks from no list")


def _unlooked(step: Step, operands: Mapping[str, list[Any]], tensors: list[torch.Tensor]) -> str:
    """What torch takes on meta tensors and refuses on real ones; empty where nothing of it is there."""
    match step.operation.kind:
        case Kind.NOISE if not _broadcast([tuple(tensor.shape) for tensor in tensors]):
            return "its tensors have shapes that don't go together"
        case Kind.UNFOLD if _has_negative(bind(step.node).get("padding")):
            return "its padding is negative"
        case Kind.CONVOLUTION | Kind.TRANSPOSED_CONVOLUTION if 0 in operands["weight"][0].shape:
            return "its kernel has no element"
    return ""


def _has_negative(value: object) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return any(isinstance(number, int) and number < 0 for number in numbers)


def _broadcast(shapes: list[tuple[int, ...]]) -> bool:
    try:
        torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]
    except RuntimeError:
        return False
    return True


class _Budget:
    """What the graph has cost so far."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._elements = 0
        self._macs = 0

    def spend(self, step: Step, operands: Mapping[str, list[Any]], value: Any) -> None:
        """Add a step. Raises SubmissionError over a bound."""
        if isinstance(value, int | float) and abs(value) > _MAX_SYMBOL:
            raise SubmissionError(f"The model computes a size of {value:.0e} {_at(step)}.")
        results = [tuple(tensor.shape) for tensor in _tensors(value)]
        for shape in results:
            self._elements += prod(shape)
            if prod(shape) > MAX_VALUE_ELEMENTS or len(shape) > _MAX_RANK:
                raise SubmissionError(f"The model computes a tensor of shape {list(shape)} {_at(step)}.")
        if step.operation.kind not in _FREE:
            shapes = _shapes_by_argument(operands)
            self._macs += multiply_accumulates(step.operation, bind(step.node), shapes, results) // self._batch
        if self._elements > MAX_TOTAL_ELEMENTS:
            raise SubmissionError(f"The model's feature maps are too large together: over the bound {_at(step)}.")
        if self._macs > MAX_MACS:
            raise SubmissionError(f"The model takes over {MAX_MACS:,} multiply-accumulates for one image {_at(step)}.")


def _shapes(name: str, value: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(value, torch.Tensor):
        yield name, tuple(value.shape)
    elif isinstance(value, list | tuple):
        yield from ((f"{name}.{index}", tuple(tensor.shape)) for index, tensor in enumerate(_tensors(value)))


def _shapes_by_argument(operands: Mapping[str, list[Any]]) -> dict[str, list[tuple[int, ...]]]:
    return {name: [tuple(tensor.shape) for tensor in _tensors(given)] for name, given in operands.items()}


def _tensors(value: Any) -> list[torch.Tensor]:
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, torch.Tensor)]


def _at(step: Step) -> str:
    place = step.node.location
    return f"in {step.operation.short}" + ("" if place is None else f" at {place}")
