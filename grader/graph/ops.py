"""The op table: which operators a rebuilt model may run. An operator that is missing here is named to the student.

`OPERATIONS` maps the full aten name to an `Operation`; `bind` gives a node's arguments by their schema names.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

from grader.graph.op_names import NAMES
from grader.graph.operation import Kind, Operation, OperationArgument, UnsupportedOperation
from grader.model.graph import Argument, Node

__all__ = ["OPERATIONS", "Kind", "Operation", "OperationArgument", "UnsupportedOperation", "bind", "lookup"]

_SYMBOL_OPERATIONS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "operator.add": (operator.add, ("a", "b")),
    "operator.sub": (operator.sub, ("a", "b")),
    "operator.mul": (operator.mul, ("a", "b")),
    "operator.floordiv": (operator.floordiv, ("a", "b")),
    "operator.truediv": (operator.truediv, ("a", "b")),
    "operator.mod": (operator.mod, ("a", "b")),
    "operator.neg": (operator.neg, ("a",)),
}


def _size(self: torch.Tensor, dim: int) -> int:
    return self.shape[dim]


def _numel(self: torch.Tensor) -> int:
    return self.numel()


def _reshape(self: torch.Tensor, size: list[int]) -> torch.Tensor:
    """A view, or a copy where strides forbid one: so that channels_last works wherever the student flattens."""
    return self.reshape(size)


def _view_as(self: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return self.reshape(other.shape)


def _unflatten(self: torch.Tensor, dim: int, sizes: list[int]) -> torch.Tensor:
    dim = dim % self.ndim
    return self.reshape([*self.shape[:dim], *sizes, *self.shape[dim + 1 :]])


_OVERRIDES: dict[str, Callable[..., Any]] = {
    "aten.sym_size.int": _size,
    "aten.sym_numel.default": _numel,
    "aten.numel.default": _numel,
    "aten.view.default": _reshape,
    "aten._unsafe_view.default": _reshape,
    "aten.view_as.default": _view_as,
    "aten.unflatten.int": _unflatten,
}


def _build() -> dict[str, Operation]:
    table: dict[str, Operation] = {}
    for kind, names in NAMES.items():
        for name in names.split():
            full = f"aten.{name}"
            if full in table:
                raise ValueError(f"{full} is listed twice in the op table")
            table[full] = Operation(full, kind, _OVERRIDES.get(full))
    for full, (function, arguments) in _SYMBOL_OPERATIONS.items():
        table[full] = Operation(full, Kind.SYMBOL, function, arguments)
    table["operator.getitem"] = Operation("operator.getitem", Kind.GETITEM, operator.getitem, ("a", "b"))
    return table


OPERATIONS: Mapping[str, Operation] = _build()


def lookup(node: Node) -> Operation:
    """The operation of a node. Raises UnsupportedOperation where the table lacks it."""
    operation = OPERATIONS.get(node.op)
    if operation is None:
        raise UnsupportedOperation(node.op, node.location)
    return operation


def bind(node: Node) -> dict[str, Argument]:
    """A node's arguments by aten schema name ("stride", "padding", "p", "self", ...), defaults filled in.

    A list argument given as one int becomes a one-element tuple. Raises UnsupportedOperation for an operator outside
    the table and for arguments that its schema does not have.
    """
    operation = lookup(node)
    known = operation.arguments
    positional = [argument for argument in known if not argument.keyword_only]
    if len(node.args) > len(positional):
        raise UnsupportedOperation(
            node.op, node.location, f"it takes {len(positional)} arguments, {len(node.args)} given"
        )
    given: dict[str, Argument] = {argument.name: value for argument, value in zip(positional, node.args, strict=False)}
    for name, value in node.kwargs.items():
        if name in given or all(argument.name != name for argument in known):
            raise UnsupportedOperation(node.op, node.location, f"it has no free argument {name!r}")
        given[name] = value
    bound: dict[str, Argument] = {}
    for argument in known:
        if argument.name in given:
            bound[argument.name] = _normal(given[argument.name], argument)
        elif argument.required:
            raise UnsupportedOperation(node.op, node.location, f"its argument {argument.name!r} is missing")
        else:
            bound[argument.name] = argument.convert(argument.default)
    return bound


def _normal(value: Argument, argument: OperationArgument) -> Argument:
    if "List[int]" in argument.type and isinstance(value, int):
        return (value,)
    return value
