"""Multiply-accumulates of one call, from shapes alone: what bounds a graph before it runs."""

from collections.abc import Mapping
from math import prod
from typing import Any

from grader.graph.operation import Kind, Operation
from grader.model.graph import Argument

Shape = tuple[int, ...]
Shapes = Mapping[str, list[Shape]]  # by argument: the shapes of the tensors given, in order

_POOLS = frozenset({Kind.AVERAGE_POOL, Kind.MAX_POOL})


def multiply_accumulates(
    operation: Operation, bound: Mapping[str, Argument], shapes: Shapes, results: list[Shape]
) -> int:
    """For all images of the batch, at least one for each element of the results.

    `bound` are the arguments by their schema names. Convolutions and products are exact, other operators count what
    they read for each element: never much less than what they cost.
    """
    elements = sum(map(prod, results))
    return max(elements, _work(operation, bound, shapes, elements))


def _work(operation: Operation, bound: Mapping[str, Argument], shapes: Shapes, elements: int) -> int:
    kind, short = operation.kind, operation.short
    first = next((given[0] for given in shapes.values() if given), ())
    if kind is Kind.CONVOLUTION:  # weight (out, in / groups, *kernel)
        return elements * prod(shapes["weight"][0][1:])
    if kind is Kind.TRANSPOSED_CONVOLUTION:  # weight (in, out / groups, *kernel)
        return prod(first) * prod(shapes["weight"][0][1:])
    if kind is Kind.ATTENTION:  # each query with each key, and each weight with each value
        return (prod(first) + elements) * _last(shapes["key"][0], 2)
    if kind is Kind.RECURRENT:  # each step multiplies with every weight
        weights = [shape for name in ("params", "w_ih", "w_hh") for shape in shapes.get(name, ())]
        steps = prod(first[:-1])
        return steps * sum(map(prod, weights))
    if short == "einsum":
        return _einsum(str(bound["equation"]), shapes["tensors"])
    if kind in (Kind.LINEAR, Kind.MATMUL) or short == "cdist":
        return elements * _inner(short, bound, shapes, first)
    if kind in _POOLS:
        return elements * _window(bound.get("kernel_size"), short)
    if short == "linalg_norm":  # may decompose a matrix
        return prod(first) * _last(first, 1)
    return elements + sum(prod(shape) for given in shapes.values() for shape in given)


def _inner(short: str, bound: Mapping[str, Argument], shapes: Shapes, first: Shape) -> int:
    """How many products each element of a matrix product sums."""
    match short:
        case "addmm":
            return _last(shapes["mat1"][0], 1)
        case "baddbmm":
            return _last(shapes["batch1"][0], 1)
        case "bilinear":
            return prod(shapes["weight"][0][1:])
        case "outer":
            return 1
        case "tensordot":
            dims = bound["dims_self"]
            return prod(first[dim] for dim in dims if isinstance(dim, int)) if isinstance(dims, tuple) else 1
    return _last(first, 1)


def _einsum(equation: str, operands: list[Shape]) -> int:
    """The product of the sizes of all letters; an ellipsis counts with what it stands for in each operand."""
    words = equation.replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    more = 1
    for word, shape in zip(words, operands, strict=False):
        before, dots, after = word.partition("...")
        hidden = len(shape) - len(before) - len(after) if dots else 0
        for letter, size in zip(before, shape, strict=False):
            sizes[letter] = max(size, sizes.get(letter, 1))
        more = max(more, prod(shape[len(before) : len(before) + hidden]))
        for letter, size in zip(after, shape[len(before) + hidden :], strict=False):
            sizes[letter] = max(size, sizes.get(letter, 1))
    return prod(sizes.values()) * more


def _window(kernel: Any, short: str) -> int:
    """The positions of a pool's window; one number stands for all axes of `max_pool2d` and its like."""
    axes = int(short.partition("pool")[2][:1])
    sizes = [size for size in kernel if isinstance(size, int)] if isinstance(kernel, tuple) else []
    return prod(sizes * axes if len(sizes) == 1 else sizes)


def _last(shape: Shape, back: int) -> int:
    """The size of the dimension that is `back` from the end; 1 where there is none."""
    return shape[-back] if len(shape) >= back else 1
