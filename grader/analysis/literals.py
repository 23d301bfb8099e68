"""Numbers that stand in the graph itself: `x * 0.123 + 0.456` holds two, and thousands of them are weights.

Counted is every number in arithmetic on the image's values, and every number given to an operator that works on what no
image decides: the elements of `full`, the places picked from an `arange`, the lengths that a split cuts; and what comes
out as one number is one. Sizes, strides, paddings and rates of layers are structure, not weights.
"""

from grader.analysis.flow import Call, Flow
from grader.graph.ops import Kind
from grader.model.graph import Argument

FREE = 100  # an activation written out needs five, ten of them fifty
_ARITHMETIC = frozenset({Kind.ELEMENTWISE, Kind.ACTIVATION})
_STRUCTURE = frozenset({Kind.DROPOUT, Kind.BATCH_NORM, Kind.NORM, Kind.NOISE, Kind.SYMBOL})


def literal_numbers(flow: Flow) -> int:
    """How many numbers there are beyond those that are free; each use counts, as its place says something too."""
    return max(0, sum(_numbers(flow, call) for call in flow.live_calls()) - FREE)


def _numbers(flow: Flow, call: Call) -> int:
    counted = call.kind in _ARITHMETIC if call.name in flow.images else call.kind not in _STRUCTURE
    if not counted:
        return 0
    if not call.operands and call.kind is not Kind.CREATE:
        return 1
    given: list[Argument] = [*call.node.args, *call.node.kwargs.values()]
    return sum(_is_number(item) for value in given for item in (value if isinstance(value, tuple) else (value,)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
