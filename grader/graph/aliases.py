"""Which values share memory where an operator writes in place.

The rebuilt model runs views as reshapes, which may copy. That is the same thing unless somebody writes into a view and
reads its base afterwards; there the view must be a true view.
"""

from dataclasses import dataclass

from grader.graph.ops import Kind, bind, lookup
from grader.model.graph import Argument, ModelGraph, Node, Reference

# Kinds whose result may be its argument, or a view of it: dropout returns its input at evaluation.
_MAY_ALIAS = frozenset(
    {Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE, Kind.IDENTITY, Kind.GETITEM, Kind.DROPOUT, Kind.PAD}
)
# A norm that uses the statistics of its batch also moves the running ones, which no schema says.
_USES_BATCH = ("training", "use_input_stats")
_STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True)
class Aliasing:
    """What find_aliasing found."""

    true_views: frozenset[str]  # reshaping nodes that must not copy
    written: frozenset[str]  # the input, parameters, buffers, constants and nodes whose memory is written into


def find_aliasing(graph: ModelGraph) -> Aliasing:
    """Follow every value to the memory it may share. Raises UnsupportedOperation for an unknown operator."""
    root: dict[str, str] = {}
    created: dict[str, int] = {}
    last_read: dict[str, int] = {}
    writes: list[tuple[int, str]] = []  # (position, name written into)
    for position, node in enumerate(graph.nodes):
        operation = lookup(node)
        first = _first_reference(node)
        shares = operation.kind in _MAY_ALIAS or any(argument.aliases for argument in operation.arguments)
        root[node.name] = root.get(first, first) if first is not None and shares else node.name
        created[node.name] = position
        for name in _names(node):
            last_read[name] = position
        if operation.in_place and first is not None:
            writes.append((position, first))
    moved = {root.get(name, name) for node in graph.nodes for name in _moved_statistics(node)}
    last_read[graph.output] = len(graph.nodes)
    members: dict[str, list[str]] = {}
    for name, base in root.items():
        members.setdefault(base, [base]).append(name)
    true_views: set[str] = set()
    for position, target in writes:
        group = members.get(root.get(target, target), [])
        others = (name for name in group if name != target and created.get(name, -1) < position)
        if any(last_read.get(name, -1) > position for name in others):
            true_views.update(group)
    reshapes = {node.name for node in graph.nodes if lookup(node).kind is Kind.RESHAPE}
    written = moved.union(root.get(target, target) for _, target in writes)
    return Aliasing(frozenset(true_views & reshapes), frozenset(written))


def _moved_statistics(node: Node) -> list[str]:
    if lookup(node).kind not in (Kind.BATCH_NORM, Kind.NORM):
        return []
    bound = bind(node)
    if not any(bound.get(name) for name in _USES_BATCH):
        return []
    return [value.ref for name in _STATISTICS if isinstance(value := bound.get(name), Reference)]


def _first_reference(node: Node) -> str | None:
    return next(iter(_names(node)), None)


def _names(node: Node) -> list[str]:
    names: list[str] = []
    values: list[Argument] = [*node.args, *node.kwargs.values()]
    for value in values:
        if isinstance(value, Reference):
            names.append(value.ref)
        elif isinstance(value, tuple):
            names.extend(item.ref for item in value if isinstance(item, Reference))
    return names
