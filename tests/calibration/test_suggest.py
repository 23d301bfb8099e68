"""Made-up curves where the suggestion is known."""

from statistics import stdev

import pytest
from calibration_factory import calibration_of, run_of, steady

from grader.calibration.binomial import at_least, clopper_pearson
from grader.calibration.suggest import pooled_spread, share_text
from grader.model.calibration import AccuracyRule
from grader.model.training import TrainingRun


def once(seeds: int) -> list[TrainingRun]:
    """Each seed reaches the target in its second epoch of three, and loses it."""
    return [run_of([0.99, 0.995, 0.99], seed) for seed in range(seeds)]


def test_the_strictest_that_the_interval_supports() -> None:
    """20 of 20: the share is above 0.025^(1/20) = 0.8316. 3 of 5 keeps 5 % there, 4 of 5 and 2 of 3 do not."""
    low = 0.025 ** (1 / 20)
    assert 1 - at_least(3, 5, low) < 0.05 < min(1 - at_least(4, 5, low), 1 - at_least(2, 3, low))
    suggestion = calibration_of({"a": once(20), "b": once(20)}).suggestion
    assert suggestion.status == "supported"
    assert suggestion.rule == AccuracyRule(rule="best_epoch", needed=3, seeds=5)
    assert suggestion.false_fail is not None
    assert suggestion.false_fail.rate == 0
    assert suggestion.false_fail.interval == pytest.approx((0, 1 - at_least(3, 5, low)))
    assert suggestion.more_seeds is None
    assert suggestion.sentence == (
        "The strictest rule that keeps false fails under 5 %: any epoch, 3 of 5 seeds. It is expected to fail a model"
        " that should pass in 0 % of gradings (95 % interval 0 % to 3.7 %; worst model: a)."
    )
    assert suggestion.snippet.splitlines()[-2:] == ["      rule: best_epoch", "      needed: 3"]


def test_more_is_asked_of_runs_that_stay_at_the_target() -> None:
    suggestion = calibration_of({"a": [run_of([0.99, 0.995, 0.995, 0.995], seed) for seed in range(20)]}).suggestion
    assert suggestion.rule == AccuracyRule(rule="last_epochs", last=3, needed=3, seeds=5)


def test_a_laxer_level_allows_a_stricter_rule() -> None:
    """The share is above 0.8316: 3 of 3 seeds fail at most 42.5 %, one seed 16.8 %, 2 of 3 7.5 %."""
    runs = {"a": once(20)}
    assert calibration_of(runs, level=0.45).suggestion.rule == AccuracyRule(rule="best_epoch", needed=3, seeds=3)
    assert calibration_of(runs, level=0.18).suggestion.rule == AccuracyRule(rule="best_epoch", needed=1, seeds=1)
    assert calibration_of(runs, level=0.10).suggestion.rule == AccuracyRule(rule="best_epoch", needed=2, seeds=3)


def test_too_few_seeds_are_inconclusive_and_say_how_many_more() -> None:
    """3 of 3: 1 of 5 seeds fails at most (1 - p)^5 with p^n = 0.025; p must be 0.4507, so n must be 5."""
    enough = 1 - 0.05 ** (1 / 5)
    assert 0.025 ** (1 / 4) < enough < 0.025 ** (1 / 5)
    suggestion = calibration_of({"a": once(3)}).suggestion
    assert suggestion.status == "inconclusive"
    assert suggestion.rule == AccuracyRule(rule="best_epoch", needed=1, seeds=5)
    assert suggestion.more_seeds == 2
    assert suggestion.sentence == (
        "So many seeds can't tell: under any epoch, 1 of 5 seeds the rate of false fails is 0 %, but its 95 % interval"
        " 0 % to 18 % holds 5 % (worst model: a). About 2 more seeds per model would be needed, if the shares stay as"
        " they are."
    )
    assert calibration_of({"a": once(5)}).suggestion.status == "supported"


def test_the_worst_model_decides_how_many_more_seeds() -> None:
    suggestion = calibration_of({"a": once(40), "b": once(3)}).suggestion
    assert (suggestion.status, suggestion.more_seeds) == ("inconclusive", 2)
    assert suggestion.false_fail is not None
    assert suggestion.false_fail.model == "b"


def test_a_level_within_the_interval_of_a_higher_rate_is_inconclusive() -> None:
    """2 of 5: 1 of 5 seeds fails 0.6^5 = 7.8 %, and the interval of the share is wide."""
    suggestion = calibration_of({"a": steady(5, reached=2)}).suggestion
    assert suggestion.status == "inconclusive"
    assert suggestion.false_fail is not None
    assert suggestion.false_fail.rate == pytest.approx(0.6**5)
    assert suggestion.sentence.startswith(
        "So many seeds can't tell: the best rule is any epoch, 1 of 5 seeds; its rate of false fails is 7.8 %, but"
    )
    more = suggestion.more_seeds
    assert more is not None
    wanted = 1 - 0.05 ** (1 / 5)
    assert clopper_pearson(round(0.4 * (5 + more)), 5 + more)[1] <= wanted
    assert clopper_pearson(round(0.4 * (4 + more)), 4 + more)[1] > wanted


def test_none_names_the_best() -> None:
    """5 of 40: the share is at most 0.268, and 1 of 5 seeds then fails at least 21 %."""
    suggestion = calibration_of({"a": steady(40, reached=5)}).suggestion
    assert suggestion.status == "none"
    assert suggestion.rule == AccuracyRule(rule="best_epoch", needed=1, seeds=5)
    assert suggestion.false_fail is not None
    assert suggestion.false_fail.rate == pytest.approx((35 / 40) ** 5)
    assert suggestion.false_fail.interval[0] == pytest.approx((1 - clopper_pearson(5, 40)[1]) ** 5)
    assert suggestion.sentence.startswith(
        "No rule keeps false fails under 5 %. The best is any epoch, 1 of 5 seeds, and it is expected to fail a in 51 %"
    )


def test_a_model_that_no_rule_passes_is_named_and_left_out_of_a_second_suggestion() -> None:
    calibration = calibration_of({"a": once(20), "never": steady(20, reached=0)})
    assert calibration.suggestion.status == "none"
    assert calibration.otherwise is not None
    assert calibration.otherwise.status == "supported"
    assert calibration.otherwise.without == ("never",)
    assert calibration.otherwise.rule == AccuracyRule(rule="best_epoch", needed=3, seeds=5)
    assert calibration.otherwise.sentence.startswith(
        "Without never, which no rule passes because no seed reached the target in any epoch: the strictest rule"
    )


def test_a_few_seeds_without_success_are_no_reason_to_leave_a_model_out() -> None:
    """1 of 5 seeds keeps 5 % from a share of 1 - 0.05^(1/5) on, which gives 0 of 4 more often than 1 in 20."""
    assert calibration_of({"a": once(20), "never": steady(4, reached=0)}).otherwise is None
    left_out = calibration_of({"a": once(20), "never": steady(5, reached=0)}).otherwise
    assert left_out is not None
    assert left_out.without == ("never",)


def test_nothing_is_left_out_where_every_model_reached_it_or_none_did() -> None:
    assert calibration_of({"a": steady(20, reached=2)}).otherwise is None
    assert calibration_of({"a": steady(20, reached=0)}).otherwise is None


def test_the_price_of_a_rule_is_named() -> None:
    suggestion = calibration_of({"a": once(20), "lucky": steady(20, reached=10)}, fails=["lucky"]).suggestion
    assert suggestion.false_pass is not None
    assert (suggestion.false_pass.model, suggestion.false_pass.rate) == ("lucky", pytest.approx(0.5))
    assert suggestion.sentence.endswith(" It passes lucky, which should not pass, in 50 % of gradings.")


def test_the_spread_between_seeds_is_pooled_over_the_models_that_should_pass() -> None:
    """Variances of 1, over 2 degrees of freedom, and 4, over 1, in units of 0.001²: (2 · 1 + 1 · 4) / 3 = 2."""
    runs = {
        "a": [run_of([0.995, value], seed) for seed, value in enumerate((0.990, 0.991, 0.992))],
        "b": [run_of([value], seed) for seed, value in enumerate((0.990, 0.990 + 0.002 * 2**0.5))],
        "bad": [run_of([value], seed) for seed, value in enumerate((0.5, 0.9))],
    }
    for run in calibration_of(runs, fails=["bad"]).rules:
        if run.rule == AccuracyRule(rule="final_epoch"):
            expected = {"a": "pass", "b": "pass", "bad": "fail"}
            assert pooled_spread(run, expected) == pytest.approx(0.001 * 2**0.5)  # type: ignore[arg-type]
            break
    else:
        pytest.fail("the rule is not there")
    steady_seeds = calibration_of({"a": once(20)}).suggestion
    assert steady_seeds.spread is None
    assert "spread" not in steady_seeds.snippet


def test_the_spread_is_in_the_snippet() -> None:
    best = [0.9951, 0.9953] * 10
    suggestion = calibration_of({"a": [run_of([value, 0.99], seed) for seed, value in enumerate(best)]}).suggestion
    assert suggestion.spread == pytest.approx(stdev(best))
    assert suggestion.snippet.splitlines()[-1] == "      spread: 0.0001"


def test_without_a_model_that_should_pass_there_is_nothing_to_suggest() -> None:
    suggestion = calibration_of({"a": once(5)}, fails=["a"]).suggestion
    assert (suggestion.status, suggestion.rule, suggestion.snippet) == ("no_model", None, "")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"), (1.0, "100 %"), (0.0004, "under 0.1 %"), (0.9996, "over 99.9 %"), (0.052, "5.2 %"),
        (0.104, "10 %"), (0.5, "50 %"), (0.979, "97.9 %"),
    ],
)  # fmt: skip
def test_rates_in_words(share: float, text: str) -> None:
    assert share_text(share) == text
