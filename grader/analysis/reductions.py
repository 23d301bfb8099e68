"""Words for single calls: what pools a whole map, what is a linear layer."""

from grader.analysis.flow import Call, Flow
from grader.analysis.geometry import geometry
from grader.graph.ops import Kind
from grader.model.graph import Reference

CONVOLUTIONS = frozenset({Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION})
AVERAGE_POOLS = frozenset({Kind.AVERAGE_POOL, Kind.ADAPTIVE_AVERAGE_POOL})
MAX_POOLS = frozenset({Kind.MAX_POOL, Kind.ADAPTIVE_MAX_POOL})
REARRANGING = frozenset({Kind.RESHAPE, Kind.IDENTITY, Kind.DROPOUT})
_MAXIMA = frozenset({"amax", "max"})
_SCALINGS = frozenset({"div", "mul", "true_divide", "divide", "multiply"})


def is_linear(flow: Flow, call: Call) -> bool:
    """Whether a call is a linear layer: the image's values times a learned matrix, however the product is spelled."""
    if call.kind is Kind.LINEAR:
        return True
    return call.kind is Kind.MATMUL and sum(flow.depends_on_image(value) for value in call.values) == 1


def learns(flow: Flow, call: Call) -> bool:
    """Whether training changes the matrix or the kernel of a linear layer or a convolution."""
    weights = (
        [call.operands["weight"][0]]
        if "weight" in call.operands
        else [
            value
            for name, values in call.operands.items()
            for value in values
            if name != "bias"
            and not (name == "self" and call.operation.short in ("addmm", "baddbmm"))
            and not flow.depends_on_image(value)
        ]
    )
    return not weights or any(flow.learns(value) for value in weights)


def pooling(flow: Flow, call: Call, source: str, *, is_wide: bool) -> str | None:
    """The word for a call that pools all places of a map into one; None for other calls.

    `source` is what it reads, `is_wide` whether that has more than one place. An average over the places of a 1×1 map
    is "gap" too: after a convolution down to 1×1 it does nothing, but it is how the head is spelled.
    """
    if call.kind in AVERAGE_POOLS | MAX_POOLS:
        found = geometry(flow, call)
        if found is None or any(size > 1 for size in found.outputs):
            return None
        if call.kind in AVERAGE_POOLS:
            return "gap"
        return "global max pool" if is_wide else None
    if call.kind is not Kind.REDUCE:
        return None
    word = call.operation.short
    if word == "mean":
        return "gap" if is_wide or _goes_over_places(call, len(flow.shape(source))) else None
    if not is_wide:
        return None
    if word == "sum":
        return "gap" if _is_scaled(flow, call) else "global sum pool"
    return "global max pool" if word in _MAXIMA else None


def _goes_over_places(call: Call, rank: int) -> bool:
    """Whether all reduced dimensions come after batch and channels."""
    dims = call.arguments.get("dim")
    return isinstance(dims, tuple) and bool(dims) and all(isinstance(dim, int) and dim % rank >= 2 for dim in dims)


def _is_scaled(flow: Flow, call: Call) -> bool:
    """Whether a sum is multiplied or divided by a number: an average in two steps."""
    readers = list(flow.readers.get(call.name, ()))
    readers += [last for reader in readers if reader.kind in REARRANGING for last in flow.readers.get(reader.name, ())]
    return any(
        reader.operation.short in _SCALINGS and not isinstance(reader.arguments.get("other"), Reference)
        for reader in readers
    )
