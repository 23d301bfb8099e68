"""The candidate rules, judged as grading judges."""

import pytest
from calibration_factory import run_of

from grader.calibration.rules import candidates, describe, find_criterion, passes, snippet
from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.validate import validate_checks
from grader.errors import RubricError
from grader.model.calibration import AccuracyRule
from grader.rubric.load import load_rubric, parse_rubric

BEST = AccuracyRule(rule="best_epoch")
FINAL = AccuracyRule(rule="final_epoch")
LAST_TWO = AccuracyRule(rule="last_epochs", last=2)

RUBRIC = """
id: {id}
title: A test
task: {{dataset: digits, epochs: 4, seeds: [7, 8]}}
reference_recipe: digits
criteria:
  - {{id: first, title: T, check: accuracy, points: 1, text: T, parameters: {{target: 0.9, rule: final_epoch}}}}
  - {{id: second, title: T, check: {check}, points: 1, text: T{more}}}
"""


@pytest.mark.parametrize(
    ("accuracies", "best", "final", "last_two"),
    [
        ([0.9, 0.9, 0.9], False, False, False),
        ([0.99, 0.995, 0.99], True, False, False),
        ([0.99, 0.99, 0.994], True, True, False),
        ([0.99, 0.994, 0.994], True, True, True),
        ([0.994], True, True, False),  # ended early: there are no two last epochs
    ],
)
def test_which_runs_pass(accuracies: list[float], best: bool, final: bool, last_two: bool) -> None:
    run = run_of(accuracies)
    assert [passes(run, rule, 0.994, 3) for rule in (BEST, FINAL, LAST_TWO)] == [best, final, last_two]


def test_epochs_beyond_the_cap_do_not_count() -> None:
    run = run_of([0.99, 0.99, 0.995])
    assert not passes(run, BEST, 0.994, 2)
    assert passes(run, BEST, 0.994, 3)


def test_a_diverged_run_may_pass_by_its_best_epoch_only() -> None:
    run = run_of([0.995, 0.995], stopped="diverged")
    assert [passes(run, rule, 0.994, 20) for rule in (BEST, FINAL, LAST_TWO)] == [True, False, False]


def test_candidates_are_distinct_and_hold_the_rubrics_own() -> None:
    own = AccuracyRule(rule="last_epochs", last=4, needed=3, seeds=7)
    rules = candidates(own, 20)
    assert len(set(rules)) == len(rules)
    assert own in rules
    assert {(rule.needed, rule.seeds) for rule in rules if rule.rule == "best_epoch"} == {
        (1, 1), (1, 3), (2, 3), (3, 3), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5), (1, 7), (3, 7),
    }  # fmt: skip


def test_candidates_fit_the_epochs() -> None:
    def spans(epochs: int) -> set[tuple[str, int | None]]:
        return {(rule.rule, rule.last) for rule in candidates(AccuracyRule(rule="best_epoch", seeds=3), epochs)}

    assert spans(1) == {("best_epoch", None)}
    assert spans(2) == {("best_epoch", None), ("final_epoch", None), ("last_epochs", 2)}
    assert spans(20) == {("best_epoch", None), ("final_epoch", None), *(("last_epochs", last) for last in (2, 3, 5))}


def test_the_rubrics_rule() -> None:
    assert find_criterion(load_rubric("mnist-20k")).rule == AccuracyRule(rule="best_epoch", needed=1, seeds=3)
    assert find_criterion(load_rubric("mnist-8k")).rule == AccuracyRule(rule="last_epochs", last=3, needed=1, seeds=3)


def test_of_several_criteria_the_one_with_the_highest_target() -> None:
    text = RUBRIC.format(id="two", check="accuracy", more=", parameters: {target: 0.95}")
    found = find_criterion(parse_rubric(text, "two.yaml"))
    assert (found.criterion.id, found.parameters.target, found.others) == ("second", 0.95, ("first",))
    assert found.rule == AccuracyRule(rule="best_epoch", seeds=2)


def test_a_rubric_without_accuracy() -> None:
    text = RUBRIC.format(id="none", check="dropout", more="").replace("check: accuracy", "check: batch_norm")
    text = text.replace(", parameters: {target: 0.9, rule: final_epoch}", "")
    with pytest.raises(RubricError) as caught:
        find_criterion(parse_rubric(text, "none.yaml"))
    assert str(caught.value) == "The rubric 'none' has no accuracy criterion, so there is no rule to calibrate."


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (BEST, "any epoch, one seed"),
        (FINAL.model_copy(update={"seeds": 3}), "the last epoch, 1 of 3 seeds"),
        (LAST_TWO.model_copy(update={"seeds": 5, "needed": 2}), "each of the last 2 epochs, 2 of 5 seeds"),
    ],
)
def test_rules_in_words(rule: AccuracyRule, words: str) -> None:
    assert describe(rule) == words


@pytest.mark.parametrize("rule", candidates(AccuracyRule(rule="best_epoch", seeds=2), 4))
def test_every_snippet_is_a_rubrics(rule: AccuracyRule) -> None:
    """Pasted into a rubric it is valid and means the rule."""
    text = snippet(rule, AccuracyTarget(target=0.994), (7, 8), spread=0.000634)
    seeds, parameters = text.split("criteria:\n  - check: accuracy\n")
    whole = (
        "id: pasted\ntitle: T\nreference_recipe: digits\n"
        f"{seeds}  dataset: digits\n  epochs: 4\n"
        f"criteria:\n  - check: accuracy\n    id: a\n    title: T\n    text: T\n    points: 1\n{parameters}"
    )
    rubric = parse_rubric(whole, "pasted.yaml")
    validate_checks(rubric)
    found = find_criterion(rubric)
    assert found.rule == rule
    assert (found.parameters.target, found.parameters.spread) == (0.994, 0.00063)
    assert rubric.task.seeds[:2] == (7, 8)[: rule.seeds]
