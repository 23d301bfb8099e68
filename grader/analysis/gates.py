"""Gates (squeeze-and-excitation and its kin, and conditions), and the path to the output that leaves them out.

Squeeze-and-excitation: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018, https://arxiv.org/abs/1709.01507.
"""

from collections.abc import Mapping

from grader.analysis.flow import Call, Flow, Shape, Value
from grader.graph.ops import Kind

_SQUASHING = frozenset({"sigmoid", "hardsigmoid", "tanh", "softmax", "clamp", "hardtanh"})
_PRODUCTS = frozenset({"mul", "multiply"})
_PASSED = frozenset(
    {Kind.RESHAPE, Kind.EXPAND, Kind.IDENTITY, Kind.PERMUTE, Kind.SLICE, Kind.GETITEM, Kind.DROPOUT, Kind.UPSAMPLE}
)


def find_gates(flow: Flow) -> Mapping[str, Value]:
    """Products of a map and its gate, and choices: name of the call → the gate, or the condition."""
    found = {}
    for call in flow.calls.values():
        gate = _gate(flow, call)
        if gate is not None:
            found[call.name] = gate
    return found


def main_path(flow: Flow, gates: Mapping[str, Value]) -> frozenset[str]:
    """Names of everything that reaches the output otherwise than by gating."""
    return flow.reach(flow.output.names, lambda call: ungated_sources(call, gates))


def ungated_sources(call: Call, gates: Mapping[str, Value]) -> tuple[str, ...]:
    """What a call depends on, its gate left out."""
    gate = gates.get(call.name)
    return tuple(name for value in call.values if value is not gate for name in value.names)


def condition_of(call: Call) -> Value | None:
    """What decides between the values of a `where` or a `masked_fill`."""
    names = {"where": "condition", "masked_fill": "mask"}
    found = call.operands.get(names.get(call.operation.short, ""))
    return found[0] if found else None


def _gate(flow: Flow, call: Call) -> Value | None:
    """The gate of a product of two values that depend on the image, or the condition of a choice, if there is one."""
    condition = condition_of(call)
    if condition is not None:
        others = [value for value in call.values if value is not condition]
        return condition if any(flow.depends_on_image(value) for value in others) else None
    if call.operation.short not in _PRODUCTS:
        return None
    values = [value for value in call.values if flow.depends_on_image(value)]
    if len(values) != 2:
        return None
    squashed = [value for value in values if _is_squashed(flow, value)]
    if len(squashed) == 1:
        return squashed[0]
    spread = [value for value in values if _is_spread(flow.shape(value.name), flow.shape(call.name))]
    return spread[0] if len(spread) == 1 else None


def _is_squashed(flow: Flow, value: Value) -> bool:
    """Whether the value comes from a sigmoid or the like, rescaled or reshaped at most."""
    while value.name in flow.calls:
        call = flow.calls[value.name]
        if call.operation.short in _SQUASHING:
            return True
        sources = [source for source in call.values if flow.depends_on_image(source)]
        passed = call.kind in _PASSED or call.kind is Kind.ELEMENTWISE
        if not passed or len(sources) != 1:
            return False
        value = sources[0]
    return False


def _is_spread(shape: Shape, product: Shape) -> bool:
    """Whether one number is spread over the places of a map."""
    places = range(2, len(product))
    aligned = (1,) * (len(product) - len(shape)) + shape
    return any(product[dim] > 1 for dim in places) and all(aligned[dim] == 1 for dim in places)
