"""Shapes of every value, found on meta tensors, and bounded before anything runs for real."""

import math
from collections.abc import Iterator
from typing import Any, Literal

import torch

from grader.errors import GraderError, SubmissionError
from grader.graph.dtypes import DTYPES
from grader.graph.ops import Kind
from grader.graph.program import Step, compile_graph
from grader.model.graph import Export, TensorSpec

MAX_VALUE_ELEMENTS = 2**27  # of one value, for the batch propagated
MAX_TOTAL_ELEMENTS = 2**30  # of all values
MAX_MACS = 20_000_000_000  # multiply-accumulates of one image
_MAX_OUTPUTS = 4_096  # of one operator that splits its argument
_MAX_SEQUENCE = 1_024
_MAX_SYMBOL = 2**40
_SPLITTERS = ("aten.split", "aten.chunk", "aten.unbind", "aten.tensor_split")


def propagate(export: Export, mode: Literal["train", "eval"] = "train", batch: int = 2) -> dict[str, tuple[int, ...]]:
    """The shape of every value, by name, the inputs and parameters included.

    An operator with several outputs has them under "name.0", "name.1", ...; sizes (symbols) have no shape. `batch` is
    replaced by the export's own where it is bound to one. Raises UnsupportedOperation, and SubmissionError where the
    graph does not fit together or costs too much.
    """
    graphs = export.graphs
    batch = graphs.batch_size or batch
    program = compile_graph(graphs.train if mode == "train" else graphs.eval)
    specs = {**graphs.parameters, **graphs.buffers, **graphs.constants}
    values: list[Any] = [None] * program.slots
    shapes: dict[str, tuple[int, ...]] = {name: spec.shape for name, spec in specs.items()}
    shapes["x0"] = (batch, *graphs.input_shape)
    for slot, name in program.loads:
        values[slot] = _meta(specs[name])
    device = torch.device("meta")
    values[program.input_slot] = torch.empty(shapes["x0"], device=device)
    budget = _Budget(batch)
    with torch.no_grad():
        for step in program.steps:
            values[step.slot] = value = _run(step, values, device, budget)
            shapes.update(_shapes(step.node.name, value))
            for slot in step.frees:
                values[slot] = None
    if not isinstance(values[program.output_slot], torch.Tensor):
        raise SubmissionError("The model's graph ends in something that is not a tensor.")
    return shapes


def _meta(spec: TensorSpec) -> torch.Tensor:
    return torch.empty(spec.shape, dtype=DTYPES[spec.dtype], device="meta")


def _run(step: Step, values: list[Any], device: torch.device, budget: "_Budget") -> Any:
    operands = [values[slot] for _, slot in step.reads]
    _check_operands(step, operands)
    try:
        value = step.call(values, device)
    except GraderError:
        raise
    except Exception as error:  # whatever torch finds wrong with the arguments
        first = str(error).strip().split("\n")[0][:200]
        raise SubmissionError(f"The model's graph does not fit together {_at(step)}: {first}.") from error
    budget.spend(step, operands, value)
    return value


def _check_operands(step: Step, operands: list[Any]) -> None:
    """What would cost too much before its result can be looked at."""
    tensors = [operand for operand in operands if isinstance(operand, torch.Tensor)]
    splits = step.operation.name.startswith(_SPLITTERS)
    if splits and any(size > _MAX_OUTPUTS for tensor in tensors for size in tensor.shape):
        raise SubmissionError(f"The model splits a tensor into too many pieces {_at(step)}.")
    recurs = step.operation.kind is Kind.RECURRENT
    if recurs and any(size > _MAX_SEQUENCE for tensor in tensors for size in tensor.shape[:2]):
        raise SubmissionError(f"The model runs over a sequence longer than {_MAX_SEQUENCE} {_at(step)}.")


class _Budget:
    """What the graph has cost so far."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._elements = 0
        self._macs = 0

    def spend(self, step: Step, operands: list[Any], value: Any) -> None:
        """Add a step. Raises SubmissionError over a bound."""
        if isinstance(value, int | float) and abs(value) > _MAX_SYMBOL:
            raise SubmissionError(f"The model computes a size of {value:.0e} {_at(step)}.")
        for tensor in _tensors(value):
            self._elements += tensor.numel()
            if tensor.numel() > MAX_VALUE_ELEMENTS:
                raise SubmissionError(f"The model computes a tensor of shape {list(tensor.shape)} {_at(step)}.")
            self._macs += tensor.numel() * _macs_per_element(step, operands) // self._batch
        if self._elements > MAX_TOTAL_ELEMENTS:
            raise SubmissionError(f"The model's feature maps are too large together: over the bound {_at(step)}.")
        if self._macs > MAX_MACS:
            raise SubmissionError(f"The model takes over {MAX_MACS:,} multiply-accumulates for one image {_at(step)}.")


def _macs_per_element(step: Step, operands: list[Any]) -> int:
    shapes = [tuple(operand.shape) for operand in operands if isinstance(operand, torch.Tensor)]
    kind = step.operation.kind
    if kind is Kind.CONVOLUTION and len(shapes) > 1:
        return math.prod(shapes[1][1:])
    if kind is Kind.TRANSPOSED_CONVOLUTION and len(shapes) > 1:
        return math.prod(shapes[1]) // max(1, shapes[1][1])
    if kind in (Kind.LINEAR, Kind.MATMUL, Kind.ATTENTION) and shapes and shapes[0]:
        return shapes[0][-1] * (2 if kind is Kind.ATTENTION else 1)
    return 1


def _shapes(name: str, value: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(value, torch.Tensor):
        yield name, tuple(value.shape)
    elif isinstance(value, list | tuple):
        yield from ((f"{name}.{index}", tuple(tensor.shape)) for index, tensor in enumerate(_tensors(value)))


def _tensors(value: Any) -> list[torch.Tensor]:
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, torch.Tensor)]


def _at(step: Step) -> str:
    place = step.node.location
    return f"in {step.operation.short}" + ("" if place is None else f" at {place}")
