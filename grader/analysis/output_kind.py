"""What the model's output is: logits, log-probabilities, probabilities, or something else."""

from typing import Literal

from grader.analysis.flow import Call, Flow
from grader.analysis.reductions import REARRANGING
from grader.graph.ops import Kind

OutputKind = Literal["logits", "log_softmax", "softmax", "other"]

# An output squeezed into a range is no logit; a ReLU, however unwise at the end, leaves logits.
_SQUEEZED = frozenset({"sigmoid", "hardsigmoid", "tanh", "log_sigmoid", "softplus", "hardtanh", "argmax", "exp", "erf"})


def output_kind(flow: Flow) -> OutputKind:
    """Of the train graph's output, over reshapes and dropout."""
    shape = flow.shape(flow.output.name)
    if len(shape) != 2 or flow.output.name not in flow.images:
        return "other"
    call = _last(flow, flow.output.name)
    if call is None:
        return "other"
    if call.kind is Kind.SOFTMAX:
        return _softmax(flow, call)
    if call.operation.short == "log":
        inner = _last(flow, call.values[0].name)
        is_softmax = inner is not None and inner.kind is Kind.SOFTMAX and _softmax(flow, inner) == "softmax"
        return "log_softmax" if is_softmax else "other"
    return "other" if call.operation.short in _SQUEEZED else "logits"


def output_shape(flow: Flow) -> tuple[int, ...]:
    """Without the batch; several rows per image stay in front."""
    rows, *others = flow.shape(flow.output.name) or (0,)
    return tuple(others) if rows == flow.batch else (rows // flow.batch, *others)


def _softmax(flow: Flow, call: Call) -> OutputKind:
    """A softmax over anything but the classes is something else."""
    shape, dim = flow.shape(call.name), call.arguments["dim"]
    if not isinstance(dim, int) or dim % len(shape) == 0 or shape[dim] != flow.shape(flow.output.name)[1]:
        return "other"
    return "log_softmax" if "log_softmax" in call.operation.short else "softmax"


def _last(flow: Flow, name: str) -> Call | None:
    """The call that computed a value, over what only rearranges it."""
    call = flow.calls.get(name)
    while call is not None and call.kind in REARRANGING:
        call = flow.calls.get(call.values[0].name)
    return call
