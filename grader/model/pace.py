"""How fast a run trained, and how near that is to what its machine can do."""

import math
from collections.abc import Mapping

from grader.model.base import Frozen

SIDE_BY_SIDE = "side_by_side"  # entry of an environment: how many trainings shared the process at most


class Pace(Frozen):
    """Over the whole of a run's epochs, each with its evaluation. Shares are 0 to 1.

    A run's environment holds it as entries of the same names.
    """

    images_per_second: float  # training images; evaluation takes its part of the time
    gflop_per_second: float  # of convolutions and matrix products: training and evaluation
    sgemm_gflop_per_second: float  # what a product of large fp32 matrices reaches: one thread, or the GPU
    share_of_sgemm: float
    copy_gigabytes_per_second: float | None = None  # what a copy within the GPU's memory reads and writes
    share_of_copy: float | None = None  # of it, what unfused feature maps would take

    def to_entries(self) -> dict[str, str]:
        """For a run's environment."""
        return {name: f"{value:.4g}" for name, value in self.model_dump(exclude_none=True).items()}

    @classmethod
    def of_entries(cls, environment: Mapping[str, str]) -> "Pace | None":
        """What an environment says; None where that is not all there, or no number."""
        values = {name: _number(environment[name]) for name in cls.model_fields if name in environment}
        needed = {name for name, field in cls.model_fields.items() if field.is_required()}
        if not needed <= values.keys() or None in values.values():
            return None
        return cls.model_validate(values)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
