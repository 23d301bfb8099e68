"""What an operator may be given: values of the types that its aten schema names, and no other.

torch converts much more by itself (a number to a tensor, 1 to True, a tensor to a number); the analysis reads arguments
as they stand, so what it reads must be what runs.
"""

from collections.abc import Mapping
from typing import Any

import torch

from grader.graph.operation import Kind, Operation, OperationArgument, UnsupportedOperation
from grader.model.graph import Argument, Node, Reference

# How a tensor lies in memory, and where random numbers come from, is not the graph's to say.
IGNORED = frozenset({"layout", "memory_format", "pin_memory", "generator", "device"})
_NUMBERS_AS_TENSORS = frozenset({"other", "src"})  # x + 1 and x.copy_(1) are exported as they are written
_SPELLED = frozenset({"dtype"})  # an int in the schema, a word in the graph


def check_arguments(node: Node, operation: Operation, bound: Mapping[str, Argument]) -> None:
    """Raises UnsupportedOperation for an argument of another type than the schema's."""
    for argument in operation.arguments:
        value = bound[argument.name]
        if argument.name in IGNORED or argument.name in _SPELLED or argument.name not in _given(node, operation):
            continue
        if not _fits(value, argument):
            raise UnsupportedOperation(node.op, node.location, f"its argument {argument.name!r} is no {argument.type}")
    if operation.kind is Kind.GETITEM and not (isinstance(bound["a"], Reference) and type(bound["b"]) is int):
        raise UnsupportedOperation(node.op, node.location, "it picks no result by its number")


def is_operand(value: Any, argument: OperationArgument) -> bool:
    """Whether the value of a reference is what the argument's type wants: a tensor, a number, or several tensors."""
    if argument.type == "Any":  # sizes, and the results that one is picked from
        return _is_number(value) or isinstance(value, list | tuple)
    if "Tensor" in argument.type:
        number = argument.name in _NUMBERS_AS_TENSORS and _is_number(value)
        return isinstance(value, torch.Tensor) or number
    return _is_number(value)


def _given(node: Node, operation: Operation) -> set[str]:
    """The names of the arguments that the node gives; defaults are of their type."""
    positional = [argument.name for argument in operation.arguments if not argument.keyword_only]
    return {*positional[: len(node.args)], *node.kwargs}


def _fits(value: Argument, argument: OperationArgument) -> bool:
    kind = argument.type
    if kind.startswith("Optional["):
        if value is None:
            return True
        kind = kind.removeprefix("Optional[").removesuffix("]")
    if kind.startswith("List["):
        inner = kind.removeprefix("List[").removesuffix("]")
        return isinstance(value, tuple) and all(_is_item(item, inner) for item in value)
    return _is_item(value, kind) or (kind == "Tensor" and argument.name in _NUMBERS_AS_TENSORS and _is_number(value))


def _is_item(value: Argument, kind: str) -> bool:
    match kind:
        case "Tensor":
            return isinstance(value, Reference)
        case "Optional[Tensor]":
            return value is None or isinstance(value, Reference)
        case "int":
            return isinstance(value, Reference) or type(value) is int
        case "float" | "number":
            return isinstance(value, Reference) or _is_number(value) or (kind == "number" and type(value) is bool)
        case "bool":
            return type(value) is bool
        case "str":
            return isinstance(value, str)
    return kind == "Any" and (isinstance(value, Reference) or _is_number(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
