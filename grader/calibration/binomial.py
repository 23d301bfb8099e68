"""Binomial tails and the exact interval of a share, in closed form; numbers of seeds are small."""

import math
from collections.abc import Callable

CONFIDENCE = 0.95
_HALVINGS = 60  # of the interval from 0 to 1: down to the last digit of a double


def at_least(needed: int, trials: int, probability: float) -> float:
    """P(X ≥ needed) for X binomial."""
    if needed <= 0:
        return 1.0
    if needed > trials or probability <= 0:
        return 0.0
    if probability >= 1:
        return 1.0
    return min(1.0, math.fsum(_mass(hits, trials, probability) for hits in range(needed, trials + 1)))


def clopper_pearson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share (Clopper & Pearson, Biometrika 26:404, 1934).

    It covers the true share at least as often as it says, whatever the share, also when all or none of a few trials
    hit; approximations do not, and here that is the usual case. Raises ValueError unless 0 ≤ hits ≤ trials, trials > 0.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} is no share")
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _crossing(lambda p: at_least(hits, trials, p) >= tail)
    high = 1.0 if hits == trials else _crossing(lambda p: 1 - at_least(hits + 1, trials, p) <= tail)
    return low, high


def single_for(needed: int, trials: int, wanted: float) -> float:
    """The share of single trials at which P(X ≥ needed) is `wanted`."""
    return _crossing(lambda p: at_least(needed, trials, p) >= wanted)


def _mass(hits: int, trials: int, probability: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return math.exp(ways + hits * math.log(probability) + (trials - hits) * math.log1p(-probability))


def _crossing(beyond: Callable[[float], bool]) -> float:
    """Where a condition that holds from some probability on begins to hold."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high
