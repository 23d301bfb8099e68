"""Closed forms, and SciPy as a second opinion."""

import itertools
import math

import pytest
from scipy.stats import beta, binom

from grader.calibration.binomial import at_least, clopper_pearson, single_for


def test_four_of_five() -> None:
    assert clopper_pearson(4, 5) == pytest.approx((0.2836, 0.9949), abs=5e-5)


def test_all_and_none_of_five() -> None:
    low = 0.025 ** (1 / 5)  # p^5 = 0.025
    assert clopper_pearson(5, 5) == (pytest.approx(low, abs=1e-12), 1.0)
    assert clopper_pearson(0, 5) == (0.0, pytest.approx(1 - low, abs=1e-12))


@pytest.mark.parametrize(("hits", "trials"), [(1, 1), (1, 2), (3, 7), (19, 20), (50, 100), (999, 1000)])
def test_the_interval_is_that_of_the_beta_distribution(hits: int, trials: int) -> None:
    low, high = clopper_pearson(hits, trials)
    assert low == pytest.approx(beta.ppf(0.025, hits, trials - hits + 1), abs=1e-9)
    assert high == pytest.approx(1.0 if hits == trials else beta.ppf(0.975, hits + 1, trials - hits), abs=1e-9)


@pytest.mark.parametrize("true", [0.05, 0.3, 0.5, 0.8, 0.97])
def test_the_interval_covers_at_least_as_often_as_it_says(true: float) -> None:
    covered = 0.0
    for hits in range(13):
        low, high = clopper_pearson(hits, 12)
        covered += math.comb(12, hits) * true**hits * (1 - true) ** (12 - hits) * (low <= true <= high)
    assert covered >= 0.95


@pytest.mark.parametrize(("hits", "trials"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{hits} of {trials} is no share"):
        clopper_pearson(hits, trials)


def test_two_of_three() -> None:
    assert at_least(2, 3, 0.8) == pytest.approx(0.896, abs=1e-12)  # 3 · 0.8² · 0.2 + 0.8³


@pytest.mark.parametrize(("needed", "trials"), [(1, 3), (3, 3), (2, 5), (30, 100), (500, 1000)])
def test_the_tail_is_scipys(needed: int, trials: int) -> None:
    for probability in (0.01, 0.5, 0.6, 0.99):
        assert at_least(needed, trials, probability) == pytest.approx(
            binom.sf(needed - 1, trials, probability), abs=1e-10
        )


def test_the_ends_of_the_tail() -> None:
    assert at_least(0, 3, 0.0) == 1.0
    assert at_least(1, 3, 0.0) == 0.0
    assert at_least(3, 3, 1.0) == 1.0
    assert at_least(4, 3, 1.0) == 0.0


def test_the_tail_is_the_sum_over_all_outcomes() -> None:
    outcomes = itertools.product((True, False), repeat=5)
    chance = math.fsum(math.prod(0.7 if hit else 0.3 for hit in one) for one in outcomes if sum(one) >= 4)
    assert at_least(4, 5, 0.7) == pytest.approx(chance, abs=1e-12)


def test_the_share_that_a_rule_needs() -> None:
    assert single_for(1, 3, 0.95) == pytest.approx(1 - 0.05 ** (1 / 3), abs=1e-12)
    assert at_least(3, 5, single_for(3, 5, 0.95)) == pytest.approx(0.95, abs=1e-12)
