"""What an accuracy comes to over the seeds."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from grader.model.calibration import Distribution


def distribution(values: Sequence[float]) -> Distribution:
    """Mean, spread and quartiles of at least one value."""
    ordered = sorted(values)
    return Distribution(
        mean=fmean(ordered),
        deviation=stdev(ordered) if len(ordered) > 1 else None,
        minimum=ordered[0],
        lower_quartile=quantile(ordered, 0.25),
        median=quantile(ordered, 0.5),
        upper_quartile=quantile(ordered, 0.75),
        maximum=ordered[-1],
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the ranks of sorted values (type 7 of Hyndman & Fan, The American Statistician 50:361, 1996)."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
