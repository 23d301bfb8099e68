"""How accurate a further run with another seed may come out, judged by the runs that were made."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

from grader.proportion import wilson_interval


def further_run(accuracies: Sequence[float], doubt: float, spread: float | None = None) -> float | None:
    """The accuracy that a further run exceeds with probability `doubt` only; accuracies are fractions.

    The one-sided prediction bound for one more observation from a normal distribution: mean + t·s·sqrt(1 + 1/n), with
    the quantile of Student's t for n - 1 degrees of freedom and the standard deviation s of the runs (Hahn and Meeker,
    Statistical Intervals, 1991, section 4.8.1). A known standard deviation `spread` takes the place of s, and the
    normal quantile that of t. None for one run and no known spread.
    """
    runs = len(accuracies)
    if spread is not None:
        reach = NormalDist().inv_cdf(1 - doubt) * spread
    elif runs > 1:
        reach = student_t_quantile(1 - doubt, runs - 1) * stdev(accuracies)
    else:
        return None
    return min(fmean(accuracies) + reach * math.sqrt(1 + 1 / runs), 1.0)


def single_run(accuracy: float, images: int) -> float:
    """The upper end of the 95 % binomial interval of one run on so many images."""
    return wilson_interval(round(accuracy * images), images)[1]


def student_t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t for a probability from 0.5 to 1 and a whole number of degrees of freedom.

    Solves the closed form of the distribution for its angle: Abramowitz and Stegun, Handbook of Mathematical Functions,
    26.7.3 and 26.7.4. Here, because importing scipy.stats takes longer than all other checks together.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # halving it 60 times uses up double precision
        middle = (low + high) / 2
        if _within(middle, freedom) < 2 * probability - 1:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _within(angle: float, freedom: int) -> float:
    """The probability that |t| is at most sqrt(freedom)·tan(angle)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(1 + odd, freedom, 2):
        total += term
        term *= cosine**2 * power / (power + 1)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
