"""What one image costs a graph: the products of its layers, and what its feature maps move through memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from grader.graph.macs import Shape, multiply_accumulates
from grader.graph.operation import VIEWS, Kind
from grader.graph.ops import bind, lookup
from grader.graph.shapes import propagate
from grader.model.graph import Argument, Export, Reference

_PRODUCTS = frozenset(
    {Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION, Kind.LINEAR, Kind.MATMUL, Kind.ATTENTION, Kind.RECURRENT}
)


@dataclass(frozen=True)
class Cost:
    """Of one forward pass, for one image."""

    macs: int  # multiply-accumulates of convolutions and matrix products; biases add none
    read: int  # elements of feature maps that operators read
    written: int  # elements of feature maps that operators write


def forward_cost(export: Export, mode: Literal["train", "eval"]) -> Cost:
    """What runs for each image: also what makes no difference to the output, but nothing that is made of weights alone.

    Each operator reads and writes memory by itself, as unfused kernels do; views move nothing. Raises SubmissionError
    as `propagate` does.
    """
    graph = export.graphs.train if mode == "train" else export.graphs.eval
    shapes = propagate(export, mode)
    batch = shapes[graph.input][0]
    of_images = {graph.input}
    macs = read = written = 0
    for node in graph.nodes:
        operation, bound = lookup(node), bind(node)
        sources = {name: list(_names(argument)) for name, argument in bound.items()}
        images = [name for names in sources.values() for name in names if name in of_images]
        if not images:
            continue
        of_images.add(node.name)
        results = _shapes(shapes, node.name)
        if operation.kind in _PRODUCTS:
            given = {name: [one for ref in names for one in _shapes(shapes, ref)] for name, names in sources.items()}
            macs += multiply_accumulates(operation, bound, given, results)
        if operation.kind not in VIEWS:
            read += sum(prod(shape) for name in images for shape in _shapes(shapes, name))
            written += sum(map(prod, results))
    return Cost(macs // batch, read // batch, written // batch)


def _names(argument: Argument) -> Iterator[str]:
    items = argument if isinstance(argument, tuple) else (argument,)
    return (item.ref for item in items if isinstance(item, Reference))


def _shapes(shapes: Mapping[str, Shape], name: str) -> list[Shape]:
    """Of a value, or of all that an operator with several results gives; nothing for a size."""
    if name in shapes:
        return [shapes[name]]
    found: list[Shape] = []
    while (part := f"{name}.{len(found)}") in shapes:
        found.append(shapes[part])
    return found
