"""The accuracy check: exact boundaries, the three rules, seeds, and everything that makes a miss prove nothing."""

from typing import Any

import pytest

from grader.checks.accuracy import CHECK
from grader.model.facts import ModeDifference
from grader.model.submission import Location
from grader.model.task import Task
from grader.model.training import Training

ONE_SEED = Task(dataset="mnist", epochs=3, seeds=(0,))


def done(*runs: Any, **changes: Any) -> Training:
    values: dict[str, Any] = {"status": "completed", "recipe_is_the_students": True, "runs": runs}
    return Training(**(values | changes))


@pytest.mark.parametrize(
    ("correct", "total", "target", "status"),
    [
        (9_940, 10_000, 0.994, "passed"),
        (9_939, 10_000, 0.994, "failed"),
        (342, 360, 0.95, "passed"),
        (341, 360, 0.95, "failed"),
        (7, 10, 0.7, "passed"),
        (10_000, 10_000, 1.0, "passed"),
        (9_999, 10_000, 1.0, "failed"),
    ],
)
def test_one_image_decides(
    correct: int, total: int, target: float, status: str, ask: Any, context: Any, training_run: Any
) -> None:
    run = training_run([0.1, correct / total, 0.1])
    finding = ask(CHECK, context(training=done(run), task=ONE_SEED), target=target)
    assert finding.status == status


def test_every_count_of_ten_thousand_compares_as_integers_do(training_run: Any) -> None:
    from grader.checks.runs import judge

    for target in range(1, 10_000, 37):
        assert judge(training_run([target / 10_000]), target / 10_000, None, 1).reached
        assert not judge(training_run([(target - 1) / 10_000]), target / 10_000, None, 1).reached


def test_a_miss_never_reads_as_the_target(ask: Any, context: Any, training_run: Any) -> None:
    finding = ask(CHECK, context(training=done(training_run([0.0, 0.0, 0.949999])), task=ONE_SEED), target=0.95)
    assert finding.status == "failed"
    assert finding.observed.startswith("94.99 %")


@pytest.mark.parametrize(
    ("accuracies", "rule", "status"),
    [
        ([0.99, 0.995, 0.99], {"rule": "best_epoch"}, "passed"),
        ([0.99, 0.995, 0.99], {"rule": "final_epoch"}, "failed"),
        ([0.99, 0.99, 0.995], {"rule": "final_epoch"}, "passed"),
        ([0.99, 0.994, 0.995], {"rule": "last_epochs", "last": 2}, "passed"),
        ([0.995, 0.9939, 0.995], {"rule": "last_epochs", "last": 2}, "failed"),
        ([0.994, 0.994, 0.994], {"rule": "last_epochs", "last": 3}, "passed"),
        ([0.9939, 0.994, 0.994], {"rule": "last_epochs", "last": 3}, "failed"),
        ([0.994, 0.994, 0.994], {"rule": "last_epochs", "last": 4}, "failed"),
        ([0.99, 0.99, 0.99, 0.995], {"rule": "best_epoch"}, "failed"),  # the fourth epoch is beyond the cap of three
    ],
)
def test_rules(
    accuracies: list[float], rule: dict[str, Any], status: str, ask: Any, context: Any, training_run: Any
) -> None:
    finding = ask(CHECK, context(training=done(training_run(accuracies)), task=ONE_SEED), target=0.994, **rule)
    assert finding.status == status


def test_the_first_seed_that_reaches_the_target_passes(ask: Any, context: Any, training_run: Any) -> None:
    task = Task(dataset="mnist", epochs=2, seeds=(0, 1, 2))
    runs = training_run([0.99, 0.99], seed=0), training_run([0.99, 0.995], seed=1)
    finding = ask(CHECK, context(training=done(*runs), task=task), target=0.994)
    assert finding.status == "passed"
    assert "seed 1" in finding.message and "99.50 %" in finding.message and "epoch 2" in finding.message


def test_fails_when_no_seed_reaches_the_target(ask: Any, context: Any, training_run: Any) -> None:
    task = Task(dataset="mnist", epochs=2, seeds=(0, 1, 2))
    runs = [training_run([0.99, 0.99 + seed / 10_000], seed=seed, interval=(0.99, 0.995)) for seed in range(3)]
    finding = ask(CHECK, context(training=done(*runs), task=task), target=0.994)
    assert finding.status == "failed"
    assert (
        "any of 3 seeds; the closest was 99.02 %. A further seed would hardly do better than 99.04 %" in finding.message
    )


def test_validation_accuracies_are_used_where_the_split_is_evaluated(ask: Any, context: Any, training_run: Any) -> None:
    run = training_run([0.9, 0.9, 0.995], on="validation")
    finding = ask(CHECK, context(training=done(run), task=ONE_SEED), target=0.994)
    assert finding.status == "passed"
    assert "validation split" in finding.message


@pytest.mark.parametrize(
    ("training", "status", "part"),
    [
        (
            Training(status="skipped", reason="MNIST is not there.", mend="grader data fetch"),
            "skipped",
            "MNIST is not there.",
        ),
        (Training(status="not_requested"), "skipped", "not trained"),
        (Training(status="error", reason="The process died."), "error", "The process died."),
        (Training(status="partial", reason="Interrupted."), "inconclusive", "Interrupted."),
    ],
)
def test_no_run(training: Training, status: str, part: str, ask: Any, context: Any) -> None:
    finding = ask(CHECK, context(training=training, task=ONE_SEED), target=0.994)
    assert finding.status == status
    assert part in finding.message
    assert finding.fix == training.mend


@pytest.mark.parametrize(
    ("accuracies", "run", "training", "task", "status", "part"),
    [
        ([0.9] * 3, {}, {"recipe_is_the_students": False}, {}, "inconclusive", "recipe that is not yours"),
        ([0.9, 0.995, 0.9], {}, {"recipe_is_the_students": False}, {}, "passed", "99.50 %"),
        ([0.9] * 2, {}, {}, {}, "inconclusive", "Only 2 epochs of 3 were trained"),
        ([0.9] * 2, {}, {"recipe": {"epochs": 2}}, {}, "failed", "did not reach"),
        ([0.9] * 2, {"stopped": "early_stop"}, {}, {}, "failed", "did not reach"),
        ([0.9] * 3, {}, {}, {"seeds": (0, 1)}, "inconclusive", "Only 1 of 2 seeds"),
        ([0.9] * 2, {"stopped": "interrupted"}, {"status": "partial"}, {}, "inconclusive", "interrupted"),
        ([0.9, 0.994], {"stopped": "interrupted"}, {"status": "partial"}, {}, "passed", "99.40 %"),
        ([], {"stopped": "interrupted"}, {"status": "partial"}, {}, "inconclusive", "No epoch was completed"),
        ([0.9], {"stopped": "interrupted"}, {"status": "skipped"}, {}, "inconclusive", "The training could not go on."),
        ([0.9] * 2, {}, {"status": "error", "reason": "The process died."}, {}, "error", "The process died."),
        ([0.9, 0.994], {}, {"status": "error", "reason": "The process died."}, {}, "passed", "99.40 %"),
        ([0.1], {"stopped": "diverged"}, {}, {}, "failed", "diverged"),
        ([0.1], {"stopped": "diverged"}, {"recipe_is_the_students": False}, {}, "inconclusive", "diverged"),
        (
            [0.9] * 3,
            {},
            {"recipe_is_the_students": False, "recipe_source": "rubric"},
            {},
            "inconclusive",
            "No recipe of yours was found",
        ),
        ([0.9] * 3, {}, {"recipe_is_the_students": False, "recipe_source": "option"}, {}, "inconclusive", "--recipe"),
    ],
)
def test_what_a_miss_proves(
    accuracies: list[float],
    run: dict[str, Any],
    training: dict[str, Any],
    task: dict[str, Any],
    status: str,
    part: str,
    ask: Any,
    context: Any,
    training_run: Any,
) -> None:
    given = context(training=done(training_run(accuracies, **run), **training), task=ONE_SEED.model_copy(update=task))
    finding = ask(CHECK, given, target=0.994)
    assert (finding.status, part in finding.message) == (status, True), finding.message


def test_an_interrupted_run_has_no_last_epochs(ask: Any, context: Any, training_run: Any) -> None:
    run = training_run([0.995, 0.995], stopped="interrupted")
    given = context(training=done(run, status="partial"), task=ONE_SEED)
    assert ask(CHECK, given, target=0.994, rule="last_epochs", last=2).status == "inconclusive"


def test_a_model_that_evaluates_differently_is_inconclusive_even_above_the_target(
    ask: Any, facts: Any, context: Any, training_run: Any
) -> None:
    difference = ModeDifference(message="Evaluation adds a table.", location=Location(file="net.py", line=9))
    given = context(facts(mode_differences=(difference,)), done(training_run([1.0, 1.0, 1.0])), ONE_SEED)
    finding = ask(CHECK, given, target=0.994)
    assert finding.status == "inconclusive"
    assert "Evaluation adds a table." in finding.message
    assert [str(place) for place in finding.evidence] == ["net.py:9"]
