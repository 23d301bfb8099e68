"""What reaches the output only where a condition on the image says so.

`torch.where(condition, a, b)` and `a * (condition)` choose by what is in the image. What both branches come from
always counts; what one of them alone is computed from may never be chosen, and arithmetic can't tell.
"""

from grader.analysis.flow import Call, Flow, Value
from grader.analysis.gates import condition_of
from grader.graph.ops import Kind

_TRUTHS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_not", "any", "all"})
_PASSED = frozenset({Kind.IDENTITY, Kind.RESHAPE, Kind.EXPAND})
_PRODUCTS = frozenset({"mul", "multiply"})


def chosen_by_image(flow: Flow) -> frozenset[str]:
    """Names of the live calls that only a branch which the image chooses is computed from."""
    if not any(_condition(flow, call) for call in flow.live_calls()):
        return frozenset()
    order = [flow.graph.input, *flow.calls]
    bits = {name: 1 << index for index, name in enumerate(order)}
    above: dict[str, int] = dict(bits)  # name → everything it is surely computed from, a bit each
    for call in flow.calls.values():
        above[call.name] |= _above(flow, call, above)
    certain = 0
    for name in flow.output.names:
        certain |= above.get(name, 0)
    return frozenset(call.name for call in flow.live_calls() if not bits[call.name] & certain)


def _above(flow: Flow, call: Call, above: dict[str, int]) -> int:
    def of(value: Value) -> int:
        joined = 0
        for name in value.names:
            joined |= above.get(name, 0)
        return joined

    condition = _condition(flow, call)
    branches = [value for value in call.values if value is not condition] if condition_of(call) else list(call.values)
    if condition is not None:
        branches = [value for value in branches if flow.depends_on_image(value)]
    found = [of(value) for value in branches]
    if condition is None or not found:
        joined = 0
        for one in found:
            joined |= one
        return joined
    shared = found[0]
    for one in found[1:]:
        shared &= one
    return shared


def _condition(flow: Flow, call: Call) -> Value | None:
    """The condition of a choice that the image decides: of a `where`, or a factor that is a truth value."""
    condition = condition_of(call)
    if condition is None and call.operation.short in _PRODUCTS and len(call.values) > 1:
        condition = next((value for value in call.values if _is_truth(flow, value)), None)
    return condition if condition is not None and flow.depends_on_image(condition) else None


def _is_truth(flow: Flow, value: Value) -> bool:
    call = flow.calls.get(value.name)
    while call is not None and call.kind in _PASSED and call.values:
        call = flow.calls.get(call.values[0].name)
    return call is not None and call.operation.short in _TRUTHS
