"""Rates of rules, in closed form."""

import itertools

import pytest
from calibration_factory import calibration_of, learning, run_of, steady

from grader.calibration.binomial import clopper_pearson
from grader.calibration.false_fail import strictness
from grader.calibration.rules import candidates
from grader.model.calibration import AccuracyRule, Calibration, RuleRates


def rule_of(calibration: Calibration, rule: str, needed: int, seeds: int, last: int | None = None) -> RuleRates:
    wanted = AccuracyRule(rule=rule, last=last, needed=needed, seeds=seeds)  # type: ignore[arg-type]
    return next(one for one in calibration.rules if one.rule == wanted)


def test_a_share_of_four_in_five() -> None:
    calibration = calibration_of({"a": steady(5, reached=4)})
    (model,) = calibration.models
    assert (model.reaching.reached, model.reaching.of, model.reaching.share) == (4, 5, 0.8)
    assert model.reaching.interval == pytest.approx((0.2836, 0.9949), abs=5e-5)
    one = rule_of(calibration, "best_epoch", 2, 3)
    assert one.models[0].passes == pytest.approx(0.896)
    low, high = clopper_pearson(4, 5)
    assert one.models[0].interval == pytest.approx((3 * low**2 - 2 * low**3, 3 * high**2 - 2 * high**3))
    assert one.false_fail is not None
    assert one.false_fail.rate == pytest.approx(0.104)
    assert one.false_fail.interval == pytest.approx(tuple(1 - end for end in reversed(one.models[0].interval)))
    assert one.false_pass is None


def test_each_way_to_pick_epochs_counts_its_own_seeds() -> None:
    runs = [
        run_of([0.995, 0.99, 0.99], 0),
        run_of([0.99, 0.99, 0.995], 1),
        run_of([0.99, 0.995, 0.995], 2),
        run_of([0.995, 0.995, 0.995], 3),
        run_of([0.99, 0.99, 0.99], 4),
    ]
    calibration = calibration_of({"a": runs})
    reached = {
        (one.rule.rule, one.rule.last): one.models[0].single.reached for one in calibration.rules if one.rule.seeds == 1
    }
    assert reached == {
        ("best_epoch", None): 4,
        ("final_epoch", None): 3,
        ("last_epochs", 2): 2,
        ("last_epochs", 3): 1,
        ("last_epochs", 5): 0,
    }


def test_the_worst_and_the_mean_over_models() -> None:
    models = {"good": steady(10, reached=10), "fair": steady(10, reached=8), "bad": steady(10, reached=3)}
    one = rule_of(calibration_of(models, fails=["bad"]), "best_epoch", 1, 1)
    assert one.false_fail is not None
    assert one.false_pass is not None
    assert (one.false_fail.model, one.false_fail.rate) == ("fair", pytest.approx(0.2))
    assert one.false_fail.mean == pytest.approx(0.1)
    assert (one.false_pass.model, one.false_pass.rate, one.false_pass.mean) == (
        "bad",
        pytest.approx(0.3),
        pytest.approx(0.3),
    )


def test_rules_are_ordered_by_strictness() -> None:
    """A rule that asks for more of the same comes later."""
    calibration = calibration_of({"a": learning(9, 0.9944), "b": steady(4, reached=4), "c": steady(3, reached=0)})
    assert {one.rule for one in calibration.rules} == set(candidates(calibration.own, 20))
    place = {one.rule: index for index, one in enumerate(calibration.rules)}
    ask = {"best_epoch": 0, "final_epoch": 1}
    for laxer, stricter in itertools.permutations(place, 2):
        spans = [ask.get(rule.rule, rule.last or 0) for rule in (laxer, stricter)]
        more = laxer.needed <= stricter.needed and laxer.seeds >= stricter.seeds and spans[0] <= spans[1]
        if more and (laxer.needed, laxer.seeds, spans[0]) != (stricter.needed, stricter.seeds, spans[1]):
            assert place[laxer] < place[stricter], (laxer, stricter)
    keys = [strictness(one) for one in calibration.rules]
    assert keys == sorted(keys)
