"""Points as integers whose sum is the rounded sum: the method of largest remainders."""

import math
from collections.abc import Sequence


def whole_points(points: Sequence[float]) -> list[int]:
    """Integers, each the floor or the ceiling of its figure; together the sum, rounded half up."""
    floors = [math.floor(point + 1e-9) for point in points]
    missing = math.floor(math.fsum(points) + 0.5 + 1e-9) - sum(floors)
    by_remainder = sorted(range(len(points)), key=lambda index: (floors[index] - points[index], index))
    for index in by_remainder[:missing]:
        floors[index] += 1
    return floors
