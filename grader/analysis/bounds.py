"""Between which numbers the elements of a value lie, operator by operator.

What is not known lies within a million: no network that trains on normalised images computes more.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grader.graph.ops import Kind
from grader.model.graph import Argument

LARGEST = 1e6
_ALMOST_ONE = 1 - 2**-24  # the largest number that torch.rand draws


@dataclass(frozen=True)
class Bounds:
    """Every element lies in [low, high]."""

    low: float = -LARGEST
    high: float = LARGEST

    @property
    def number(self) -> float | None:
        """The one number that all elements are."""
        return self.low if self.low == self.high else None

    def through(self, function: Callable[[float], float]) -> "Bounds":
        """After a function that never falls."""
        return within(function(self.low), function(self.high))

    def joined(self, other: "Bounds") -> "Bounds":
        """Of elements of both."""
        return Bounds(min(self.low, other.low), max(self.high, other.high))

    def plus(self, other: "Bounds") -> "Bounds":
        """Of sums."""
        return within(self.low + other.low, self.high + other.high)

    def times(self, other: "Bounds") -> "Bounds":
        """Of products."""
        corners = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return within(min(corners), max(corners))

    def to_the(self, exponent: int) -> "Bounds":
        """Of powers. Without bound for a negative one of what may be zero."""
        if exponent < 0:
            if self.low <= 0 <= self.high:
                return Bounds() if exponent % 2 else Bounds(0.0, LARGEST)
            return Bounds(1 / self.high, 1 / self.low).to_the(-exponent)
        ends = [_power(self.low, exponent), _power(self.high, exponent)]
        low = 0.0 if exponent % 2 == 0 and self.low <= 0 <= self.high else min(ends)
        return within(low, max(ends))

    def both(self, other: "Bounds") -> "Bounds":
        """Where two bounds hold at once; the second where they contradict each other."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Bounds(low, high) if low <= high else other


UNKNOWN = Bounds()
_UNIT, _TRUTH = Bounds(0.0, 1.0), Bounds(0.0, 1.0)
_RANGES = {  # operator → what it never leaves
    "softmax": _UNIT,
    "cos": Bounds(-1.0, 1.0),
    "sin": Bounds(-1.0, 1.0),
    "sign": Bounds(-1.0, 1.0),
    "logical_and": _TRUTH,
    "logical_or": _TRUTH,
    "logical_xor": _TRUTH,
    "isnan": _TRUTH,
    "isinf": _TRUTH,
    "isfinite": _TRUTH,
    "any": _TRUTH,
    "all": _TRUTH,
    "rand": Bounds(0.0, _ALMOST_ONE),
    "rand_like": Bounds(0.0, _ALMOST_ONE),
    "bernoulli": _UNIT,
    "zeros": Bounds(0.0, 0.0),
    "zeros_like": Bounds(0.0, 0.0),
    "new_zeros": Bounds(0.0, 0.0),
    "zero": Bounds(0.0, 0.0),
    "ones": Bounds(1.0, 1.0),
    "ones_like": Bounds(1.0, 1.0),
    "new_ones": Bounds(1.0, 1.0),
}
_FILLS = frozenset({"full", "full_like", "new_full", "fill"})


def _sigmoid(value: float) -> float:
    return 0.0 if value < -104 else 1.0 if value > 104 else 1 / (1 + math.exp(-value))  # as float32 rounds it


def _whole(function: Callable[[float], int], value: float) -> float:
    return float(function(value)) if math.isfinite(value) else value


def _exp(value: float) -> float:
    return 0.0 if value < -104 else math.exp(min(value, 88.0)) if value < 88 else math.inf


_RISING: dict[str, Callable[[float], float]] = {  # operators that never fall, of one argument
    "relu": lambda value: max(value, 0.0),
    "relu6": lambda value: min(max(value, 0.0), 6.0),
    "sigmoid": _sigmoid,
    "hardsigmoid": lambda value: min(max(value / 6 + 0.5, 0.0), 1.0),
    "tanh": math.tanh,
    "erf": math.erf,
    "exp": _exp,
    "floor": lambda value: _whole(math.floor, value),
    "ceil": lambda value: _whole(math.ceil, value),
    "round": lambda value: _whole(round, value),
    "trunc": lambda value: _whole(math.trunc, value),
}
_SAME = frozenset({"amax", "amin", "mean", "max", "min", "median", "gather", "index_select", "index"})
_SAME_KINDS = frozenset(
    {Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE, Kind.GETITEM, Kind.MAX_POOL, Kind.ADAPTIVE_MAX_POOL}
) | {Kind.ADAPTIVE_AVERAGE_POOL, Kind.CONCATENATE, Kind.PIXEL_SHUFFLE}
_COMPARISONS: dict[str, Callable[[Bounds, Bounds], float | None]] = {
    "lt": lambda a, b: 1.0 if a.high < b.low else 0.0 if a.low >= b.high else None,
    "le": lambda a, b: 1.0 if a.high <= b.low else 0.0 if a.low > b.high else None,
    "gt": lambda a, b: 1.0 if a.low > b.high else 0.0 if a.high <= b.low else None,
    "ge": lambda a, b: 1.0 if a.low >= b.high else 0.0 if a.high < b.low else None,
    "eq": lambda a, b: _equal(a, b),  # noqa: PLW0108 - it is defined below
    "ne": lambda a, b: None if _equal(a, b) is None else 1.0 - (_equal(a, b) or 0.0),
}


def bounds_after(short: str, kind: Kind, operands: list[Bounds], arguments: Mapping[str, Argument]) -> Bounds:
    """The bounds of a result; `operands` are the bounds of the tensors read, in the order of the schema."""
    if short in _FILLS:
        value = arguments.get("fill_value", arguments.get("value"))
        return Bounds(float(value), float(value)) if isinstance(value, int | float) else UNKNOWN
    if short in _RANGES:
        return _RANGES[short]
    if not operands:
        return UNKNOWN
    first = operands[0]
    if short in _RISING:
        return first.through(_RISING[short])
    if short in _COMPARISONS:
        return _compared(short, first, operands, arguments)
    if short in ("clamp", "clip", "clamp_min", "clamp_max", "hardtanh"):
        return _clamped(first, arguments)
    if short in ("abs", "square", "sqrt"):
        return _folded(short, first)
    if short == "where" and len(operands) == 3:
        return operands[1].joined(operands[2])
    if short in ("maximum", "fmax", "minimum", "fmin") and len(operands) == 2:
        chosen = max if short in ("maximum", "fmax") else min
        return Bounds(chosen(first.low, operands[1].low), chosen(first.high, operands[1].high))
    if short == "logical_not" and first.number is not None:
        return _RANGES["ones"] if first.number == 0 else _RANGES["zeros"]
    if kind in _SAME_KINDS or short in _SAME:
        return _joined([*operands, _RANGES["zeros"]] if short in ("tril", "triu") else operands)
    if kind is Kind.DROPOUT:
        return _dropped(short, first, arguments)
    if kind is Kind.IDENTITY:  # a cast to integers moves towards zero
        return Bounds(_whole(math.floor, first.low), _whole(math.ceil, first.high))
    return Bounds(0.0, 0.0) if short in ("sum", "cumsum", "neg") and first.number == 0 else UNKNOWN


def within(low: float, high: float) -> Bounds:
    """Bounds of two ends; unknown where one of them is not a number."""
    return UNKNOWN if math.isnan(low) or math.isnan(high) else Bounds(low, high)


def _compared(short: str, first: Bounds, operands: list[Bounds], arguments: Mapping[str, Argument]) -> Bounds:
    other = arguments.get("other")
    second = operands[1] if len(operands) > 1 else UNKNOWN
    if isinstance(other, int | float):
        second = Bounds(float(other), float(other))
    elif len(operands) < 2:
        return _TRUTH
    truth = _COMPARISONS[short](first, second)
    return _TRUTH if truth is None else Bounds(truth, truth)


def _clamped(first: Bounds, arguments: Mapping[str, Argument]) -> Bounds:
    ends = [arguments.get(name, arguments.get(f"{name}_val")) for name in ("min", "max")]
    low, high = -math.inf, math.inf
    for at, end in enumerate(ends):
        if isinstance(end, int | float):
            low, high = (float(end), high) if at == 0 else (low, float(end))
        elif end is not None:  # given as a tensor
            return UNKNOWN
    return first.through(lambda value: min(max(value, low), high))


def _folded(short: str, first: Bounds) -> Bounds:
    if short == "square":
        return first.to_the(2)
    if short == "sqrt":
        return first.through(lambda value: math.sqrt(max(value, 0.0)))
    ends = sorted((abs(first.low), abs(first.high)))
    return Bounds(0.0 if first.low <= 0 <= first.high else ends[0], ends[1])


def _dropped(short: str, first: Bounds, arguments: Mapping[str, Argument]) -> Bounds:
    rate = arguments.get("p")
    if arguments.get("train") is not True or not isinstance(rate, int | float):
        return first
    if rate >= 1 and "alpha" not in short:
        return _RANGES["zeros"]
    if "alpha" in short:
        return UNKNOWN
    return Bounds(min(first.low, 0.0) / (1 - rate), max(first.high, 0.0) / (1 - rate))


def _joined(operands: list[Bounds]) -> Bounds:
    total = operands[0]
    for other in operands[1:]:
        total = total.joined(other)
    return total


def _equal(a: Bounds, b: Bounds) -> float | None:
    if a.number is not None and a.number == b.number:
        return 1.0
    return 0.0 if a.high < b.low or b.high < a.low else None


def _product(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _power(base: float, exponent: int) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf if base > 0 or exponent % 2 == 0 else -math.inf
