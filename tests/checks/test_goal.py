"""What a rubric wants of a retraining."""

from typing import Any

import pytest

from grader.checks.base import Check
from grader.checks.registry import BUILT_IN
from grader.checks.run import training_goal
from grader.model.rubric import Criterion, Rubric
from grader.model.task import Task
from grader.rubric.load import load_rubric


def rubric(*checks: dict[str, Any]) -> Rubric:
    criteria = [
        Criterion(id=f"c{index}", title="C", check=check.pop("check"), parameters=check, points=1, text="Text.")
        for index, check in enumerate(checks)
    ]
    return Rubric(
        id="r", title="R", task=Task(dataset="mnist", epochs=4), reference_recipe="plain", criteria=tuple(criteria)
    )


@pytest.mark.parametrize(
    ("checks", "needed", "target", "stop"),
    [
        ([{"check": "dropout"}], False, None, False),
        ([{"check": "dropout"}, {"check": "accuracy", "target": 0.9}], True, 0.9, True),
        ([{"check": "accuracy", "target": 0.9}, {"check": "accuracy", "target": 0.95}], True, 0.95, True),
        ([{"check": "accuracy", "target": 0.9, "rule": "final_epoch"}], True, 0.9, False),
        ([{"check": "accuracy", "target": 0.9}, {"check": "foreign"}], True, 0.9, False),
        ([{"check": "foreign"}], True, None, False),
    ],
)
def test_goals(
    checks: list[dict[str, Any]], needed: bool, target: float | None, stop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUILT_IN, "foreign", Check("foreign", lambda context, parameters: None, needs_training=True))
    goal = training_goal(rubric(*(dict(check) for check in checks)))
    assert (goal.needed, goal.target, goal.stop_at_target) == (needed, target, stop)


def test_why_a_run_may_not_end_at_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "foreign", Check("foreign", lambda context, parameters: None, needs_training=True))
    best, last = {"check": "accuracy", "target": 0.9}, {"check": "accuracy", "target": 0.8, "rule": "final_epoch"}
    foreign = {"check": "foreign"}
    said = [
        training_goal(rubric(*(dict(check) for check in checks))).why_no_stop
        for checks in ([best], [{"check": "dropout"}], [best, foreign], [best, last])
    ]
    assert said == [
        "",
        "has no accuracy criterion",
        "judges trainings by more than their accuracy",
        "judges the last epochs of a training",
    ]
    assert [training_goal(load_rubric(name)).why_no_stop == "" for name in ("demo", "mnist-20k", "mnist-8k")] == [
        True,
        True,
        False,
    ]


def test_one_lucky_epoch_does_not_end_the_seeds_of_mnist_8k(training_run: Any) -> None:
    goal = training_goal(load_rubric("mnist-8k"))
    assert not goal.decided([training_run([0.99] * 12 + [0.995, 0.9939, 0.995])])
    assert goal.decided([training_run([0.99] * 12 + [0.995, 0.994, 0.995])])


def test_a_run_succeeds_when_it_meets_every_criterion_within_the_cap(training_run: Any) -> None:
    goal = training_goal(rubric({"check": "accuracy", "target": 0.9}, {"check": "accuracy", "target": 0.95}))
    assert not goal.decided([training_run([0.9, 0.94])])
    assert goal.decided([training_run([0.9, 0.95])])
    assert not goal.decided([training_run([0.9, 0.9, 0.9, 0.9, 0.95])])  # beyond the cap of four epochs


def test_as_many_runs_as_are_needed_decide(training_run: Any) -> None:
    goal = training_goal(
        rubric({"check": "accuracy", "target": 0.9, "needed": 2}, {"check": "accuracy", "target": 0.8})
    )
    hit, miss = training_run([0.9]), training_run([0.89])
    assert not goal.decided([hit])
    assert not goal.decided([hit, miss])
    assert goal.decided([hit, miss, hit])
    assert (goal.met([hit, hit]), goal.met([hit])) == (True, False)


def test_misses_never_make_a_seed_unnecessary(training_run: Any) -> None:
    goal = training_goal(rubric({"check": "accuracy", "target": 0.9, "needed": 3}))
    assert not goal.decided([training_run([0.1])] * 3)


def test_a_rubric_without_a_target_is_met_by_anything_but_decided_by_nothing(
    training_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUILT_IN, "foreign", Check("foreign", lambda context, parameters: None, needs_training=True))
    goal = training_goal(rubric({"check": "foreign"}))
    assert (goal.met([]), goal.decided([training_run([1.0])])) == (True, False)


def test_what_foreign_checks_want_is_not_known(training_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "foreign", Check("foreign", lambda context, parameters: None, needs_training=True))
    goal = training_goal(rubric({"check": "accuracy", "target": 0.9}, {"check": "foreign"}))
    assert not goal.decided([training_run([1.0])])
