"""Values that a graph holds outside its parameters, in buffers and constants."""

from collections.abc import Mapping
from math import prod

from grader.analysis.flow import Call, Flow
from grader.graph.ops import Kind
from grader.model.graph import Export, TensorSpec

_STATISTICS = frozenset({"running_mean", "running_var"})
_STATISTICS_NAMES = _STATISTICS | {"num_batches_tracked"}
_NORMS = frozenset({"batch_norm", "instance_norm"})
_PARTS = frozenset({Kind.SLICE, Kind.EXPAND, Kind.RESHAPE, Kind.IDENTITY, Kind.GETITEM})
_BITS = frozenset({"bitwise_and", "bitwise_or", "bitwise_xor", "and", "or"})
_TAKING_APART = _BITS | {"remainder", "fmod", "floor", "ceil", "trunc", "round", "frac", "floor_divide"}


def stored_elsewhere(export: Export, flows: tuple[Flow, ...]) -> int:
    """Values in buffers that are not batch-norm statistics, and in constants: they could hold trained weights.

    A tensor whose elements the graph takes apart (bits, remainders, a float64 in two halves) counts as its parts.
    """
    graphs = export.graphs
    roles = {name: {role for flow in flows for role in _roles(flow, name)} for name in graphs.buffers}
    stored = {name: spec for name, spec in graphs.buffers.items() if not _is_statistic(spec, roles[name])}
    stored |= graphs.constants
    elements = {name: prod(spec.shape) for name, spec in stored.items()}
    wide = frozenset(name for name, spec in stored.items() if spec.dtype == "float64")
    return sum(elements.values()) + max(_unpacked(flow, elements, wide) for flow in flows)


def _unpacked(flow: Flow, elements: Mapping[str, int], wide: frozenset[str]) -> int:
    """How many more values the parts are than the elements that they are taken from."""
    sources: dict[str, frozenset[str]] = {name: frozenset({name}) for name in elements}
    parts: dict[str, Call] = {}
    for call in flow.live_calls():
        if call.name in flow.images:
            continue
        read = frozenset().union(*(sources.get(name, frozenset()) for name in call.sources))
        if read:
            sources[call.name] = read
            if _takes_apart(call, wide & read):
                parts[call.name] = call
    last = [name for name in parts if not all(reader.name in parts for reader in flow.readers.get(name, ()))]
    taken = frozenset().union(*(sources[name] for name in last))
    found = sum(prod(flow.shape(name)) for name in last)
    return max(0, found - sum(elements[name] for name in taken))


def _takes_apart(call: Call, wide: frozenset[str]) -> bool:
    """Whether a part of each element is picked: some bits, a remainder, or what a narrower type holds."""
    if call.operation.short in _TAKING_APART or call.arguments.get("rounding_mode") is not None:
        return True
    narrow = str(call.arguments.get("dtype")) not in ("None", "float64", "int64")
    return bool(wide) and call.kind is Kind.IDENTITY and narrow


def _is_statistic(spec: TensorSpec, roles: set[str]) -> bool:
    """Used as running statistics and as nothing else; or without influence, and named as they are."""
    if not roles:
        return spec.path.rpartition(".")[2] in _STATISTICS_NAMES
    return "value" not in roles and "statistic" in roles


def _roles(flow: Flow, buffer: str) -> set[str]:
    """What a buffer influences the output as: "statistic", "part of a statistic", "value"."""
    roles: set[str] = set()
    statistic = "statistic"
    pending = [buffer]
    for name in pending:  # grows while it is gone through: ghost batch norm evaluates with a part of its statistics
        if name in flow.output.names:
            roles.add("value")
        for call in flow.readers.get(name, ()):
            if call.name not in flow.live:
                continue
            if call.kind in _PARTS:
                pending.append(call.name)
            else:
                roles.add(statistic if _reads_as_statistic(call, name) else "value")
        statistic = "part of a statistic"
    return roles


def _reads_as_statistic(call: Call, name: str) -> bool:
    """Whether a norm takes the value as running statistics, and as nothing else."""
    arguments = {argument for argument, values in call.operands.items() for value in values if name in value.names}
    return call.operation.short in _NORMS and arguments <= _STATISTICS
