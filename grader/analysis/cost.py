"""Multiply-accumulates of convolutions and linear layers, for one image."""

from math import prod

from grader.analysis.flow import Call, Flow
from grader.analysis.reductions import is_linear
from grader.graph.ops import Kind


def macs(flow: Flow, call: Call) -> int:
    """Multiply-accumulates of one call; 0 for what is neither a convolution nor a linear layer. Biases add none."""
    if call.name not in flow.images:
        return 0
    if call.kind is Kind.CONVOLUTION:  # weight (out, in / groups, *kernel)
        return _elements(flow, call.name) * prod(_weight(flow, call)[1:]) // flow.batch
    if call.kind is Kind.TRANSPOSED_CONVOLUTION:  # weight (in, out / groups, *kernel)
        return _elements(flow, call.values[0].name) * prod(_weight(flow, call)[1:]) // flow.batch
    if is_linear(flow, call):
        return _product(flow, call) // flow.batch
    return 0


def total_macs(flow: Flow) -> int:
    """Of all calls that can influence the output."""
    return sum(macs(flow, call) for call in flow.live_calls())


def _product(flow: Flow, call: Call) -> int:
    if call.operation.short == "einsum":
        return _einsum(flow, call)
    if call.operation.short == "bilinear":
        return _elements(flow, call.name) * prod(flow.shape(call.operands["weight"][0].name)[1:])
    if call.operation.short in ("addmm", "baddbmm"):
        return _elements(flow, call.name) * flow.shape(call.values[1].name)[-1]
    return _elements(flow, call.name) * flow.shape(call.values[0].name)[-1]


def _einsum(flow: Flow, call: Call) -> int:
    """The product of the sizes of all letters."""
    inputs = str(call.arguments["equation"]).replace(" ", "").partition("->")[0].split(",")
    shapes = [flow.shape(value.name) for value in call.values]
    if [len(word) for word in inputs] != [len(shape) for shape in shapes]:  # an ellipsis
        return 0
    sizes: dict[str, int] = {}
    for word, shape in zip(inputs, shapes, strict=True):
        sizes.update(zip(word, shape, strict=True))
    return prod(sizes.values())


def _weight(flow: Flow, call: Call) -> tuple[int, ...]:
    return flow.shape(call.operands["weight"][0].name)


def _elements(flow: Flow, name: str) -> int:
    return prod(flow.shape(name))
