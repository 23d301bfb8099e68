"""What a further run may reach: closed forms, and scipy's quantiles."""

import pytest
from scipy import stats

from grader.checks.prediction import further_run, single_run, student_t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 29, 99])
@pytest.mark.parametrize("probability", [0.5, 0.9, 0.95, 0.99, 0.9999])
def test_quantiles_are_those_of_scipy(freedom: int, probability: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert student_t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("probability", "quantile"), [(0.75, 1.0), (0.95, 6.313751514675043)])
def test_one_degree_of_freedom_is_the_tangent(probability: float, quantile: float) -> None:
    assert student_t_quantile(probability, 1) == pytest.approx(quantile)


def test_the_bound_in_closed_form() -> None:
    # mean 0.9932667, s = 0.00025166, t(2, 0.95) = 2.919986, sqrt(4/3) = 1.154701
    assert further_run([0.9930, 0.9933, 0.9935], 0.05) == pytest.approx(0.99411520, abs=1e-8)
    assert further_run([0.9920, 0.9922, 0.9925], 0.05) == pytest.approx(0.99308186, abs=1e-8)


def test_equal_runs_leave_no_room() -> None:
    assert further_run([0.9, 0.9, 0.9], 0.05) == 0.9


def test_a_known_spread_replaces_that_of_the_runs() -> None:
    assert further_run([0.99], 0.05, 0.001) == pytest.approx(0.99 + 1.6448536 * 0.001 * 2**0.5)
    assert further_run([0.98, 0.99], 0.05, 0.001) == pytest.approx(0.985 + 1.6448536 * 0.001 * 1.5**0.5)


def test_one_run_alone_has_no_spread() -> None:
    assert further_run([0.99], 0.05) is None


def test_no_run_is_better_than_perfect() -> None:
    assert further_run([0.9, 1.0], 0.05) == 1.0


def test_the_share_of_further_runs_beyond_the_bound_is_the_doubt() -> None:
    import numpy as np

    draws = np.random.default_rng(0).normal(0.993, 0.0003, (20_000, 4))
    beyond = [row[3] > (further_run(row[:3].tolist(), 0.05) or 0) for row in draws]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.005)


def test_a_single_run_goes_up_to_the_end_of_its_interval() -> None:
    # Wilson's interval for 9,930 of 10,000
    assert single_run(0.993, 10_000) == pytest.approx(0.99446, abs=1e-5)
