"""What accuracies come to over the seeds."""

import numpy
import pytest

from grader.calibration.distribution import distribution, quantile


def test_five_values() -> None:
    found = distribution([0.5, 0.1, 0.3, 0.2, 0.4])
    assert found.mean == pytest.approx(0.3)
    assert found.deviation == pytest.approx(0.025**0.5)  # (0.04 + 0.01 + 0 + 0.01 + 0.04) / 4
    assert (found.minimum, found.lower_quartile, found.median, found.upper_quartile, found.maximum) == pytest.approx(
        (0.1, 0.2, 0.3, 0.4, 0.5)
    )


def test_one_value_has_no_deviation() -> None:
    found = distribution([0.9])
    assert found.deviation is None
    assert found.mean == found.minimum == found.lower_quartile == found.maximum == 0.9


@pytest.mark.parametrize("share", [0, 0.25, 0.4, 0.5, 0.75, 1])
def test_quantiles_are_numpys(share: float) -> None:
    values = sorted([0.3, 0.9, 0.1, 0.55, 0.8, 0.2])
    assert quantile(values, share) == pytest.approx(float(numpy.quantile(values, share)))
