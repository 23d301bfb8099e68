"""How far a measured share may be from the true one, by chance alone."""

import math

_Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


def wilson_interval(correct: float, total: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion (Wilson, JASA 22:209, 1927)."""
    share, square = correct / total, _Z95**2
    centre = share + square / (2 * total)
    spread = _Z95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    low, high = (centre - spread) / (1 + square / total), (centre + spread) / (1 + square / total)
    return max(0.0, low), min(1.0, high)
