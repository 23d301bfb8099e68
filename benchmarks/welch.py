"""Whether two contenders' accuracies differ by more than their seeds do."""

import statistics
from collections.abc import Sequence


def difference(name: str, ours: Sequence[float], theirs: Sequence[float]) -> str:
    """ "engine - eager = +0.010 points (Welch's t: p = 0.43)" for accuracies of two seeds each or more."""
    from scipy.stats import ttest_ind

    points = 100 * (statistics.mean(ours) - statistics.mean(theirs))
    chance = 1.0 if list(ours) == list(theirs) else ttest_ind(ours, theirs, equal_var=False).pvalue
    return f"{name} = {points:+.3f} points (Welch's t: p = {chance:.2f})"
