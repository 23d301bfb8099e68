"""What a curve that missed is said to speak for: each reading on a curve that shows it and nothing else."""

from typing import Any

import pytest

from grader.checks.accuracy import CHECK
from grader.checks.registry import BUILT_IN
from grader.checks.run import evaluate
from grader.model.outcome import Change
from grader.model.task import Task
from grader.model.training import EpochRecord, Evaluation, Training

FALLING = (0.1, 0.05, 0.02, 0.01)
CONFUSION = tuple(
    tuple(90 if a == b else 7 if (a, b) == (4, 9) else 3 if (a, b) == (7, 2) else 0 for b in range(10))
    for a in range(10)
)


def records(own: tuple[float, ...], other: tuple[float, ...], rates: tuple[float, ...]) -> tuple[EpochRecord, ...]:
    return tuple(
        EpochRecord(epoch=epoch, lr=rate, train_loss=0.1, train_accuracy=a, test_accuracy=b, seconds=1.0)
        for epoch, (a, b, rate) in enumerate(zip(own, other, rates, strict=True), 1)
    )


@pytest.fixture
def read(ask: Any, context: Any, training_run: Any, facts: Any) -> Any:
    """read(own, other, rates=…, recipe=…, facts=…): the changes for a miss of 99 % with these curves."""

    def run(own: Any, other: Any, rates: Any = FALLING, recipe: Any = None, **given: Any) -> tuple[Change, ...]:
        measured = facts(**given.pop("facts", {}))
        epochs = records(own, other, rates)
        one = training_run(list(other), epochs=epochs, **given)
        done = Training(status="completed", recipe_is_the_students=True, runs=(one,), recipe=recipe)
        task = Task(dataset="mnist", epochs=len(epochs), seeds=(0,))
        finding = ask(CHECK, context(measured, done, task), target=0.99)
        assert finding.status in ("failed", "inconclusive")
        assert not any(change.measured for change in finding.changes)  # nothing was trained again with it
        return finding.changes

    return run


def test_overfitting_without_augmentation(read: Any) -> None:
    (fit,) = read((0.9, 0.95, 0.98, 0.999), (0.9, 0.94, 0.97, 0.96))
    assert fit.what.startswith("Augment the training images")
    assert fit.effect == (
        "In epoch 3 it got 98.00 % of its training images right and 97.00 % of those of the test set: 1.00 percentage"
        " points lie between them, which is overfitting."
    )


def test_overfitting_with_augmentation_and_dropout(read: Any) -> None:
    augmented = {"augmentation": [{"name": "rotation", "degrees": 7.0}]}
    (fit,) = read((0.9, 0.95, 0.98, 0.999), (0.9, 0.94, 0.97, 0.96), recipe=augmented)
    assert fit.what.startswith("Strengthen what is there")
    none = {"dropout": {"runs": False, "rates": (), "layers": 0}}
    (fit,) = read((0.9, 0.95, 0.98, 0.999), (0.9, 0.94, 0.97, 0.96), recipe=augmented, facts=none)
    assert fit.what.startswith("Add a little dropout")


def test_a_network_that_does_not_fit_its_own_images(read: Any) -> None:
    own, other = (0.8, 0.9, 0.92, 0.93), (0.8, 0.9, 0.93, 0.929)
    strong = {"dropout": {"rates": (0.5, 0.1, 0.25)}}
    assert read(own, other, facts=strong)[0].what == (
        "Lower the dropout rate of 0.5 and 0.25 (net.py:13) to about 0.05: a small network needs most of its values."
    )
    (fit,) = read(own, other)
    assert fit.what.startswith("Let it learn faster")
    assert fit.effect.endswith("it does not fit even its own images to 99.00 %, so this is no overfitting.")


def test_a_rate_that_never_falls(read: Any) -> None:
    _, rate = read((0.9, 0.95, 0.98, 0.98), (0.9, 0.95, 0.97, 0.96), rates=(0.01,) * 4)
    assert rate.what.startswith("Let the learning rate fall")
    assert rate.effect == (
        "It stayed at 0.01 in all 4 epochs; over the last 4 the accuracy moved between 90.00 % and 97.00 %."
    )


def test_a_curve_that_still_rises(read: Any) -> None:
    _, rate = read((0.9, 0.95, 0.98, 0.98), (0.9, 0.95, 0.96, 0.97))
    assert rate.what.startswith("Get there sooner")
    assert "by 7.00 percentage points over the last 4" in rate.effect


def test_the_mistakes_and_how_many_more_images(read: Any) -> None:
    seen = Evaluation(images=1_000, confusion=CONFUSION, predictions_digest="0" * 64)
    fit, mistakes = read((0.9, 0.95, 0.98, 0.98), (0.9, 0.94, 0.97, 0.96), evaluation=seen)
    assert fit.effect.endswith("20 more images of 1,000 had to be right.")  # 990 - 970
    assert mistakes.what == "Look at the mistakes first: most often a 4 was read as a 9."
    assert mistakes.effect == "That is 7 of 10 wrong answers of its best epoch."


def test_a_training_that_diverged(read: Any) -> None:
    (change,) = read((0.1, 0.1), (0.1, 0.1), rates=(0.5, 0.5), stopped="diverged")
    assert change.what == "Start with a tenth of the learning rate, 0.05 instead of 0.5, or warm it up."
    assert change.effect == "The loss stopped being a number in epoch 2, at a rate of 0.5."


def test_a_pass_is_told_nothing(ask: Any, context: Any, training_run: Any) -> None:
    done = Training(status="completed", recipe_is_the_students=True, runs=(training_run([0.995]),))
    finding = ask(CHECK, context(training=done, task=Task(dataset="mnist", epochs=1, seeds=(0,))), target=0.99)
    assert (finding.status, finding.changes) == ("passed", ())


def test_each_check_says_why_it_is_asked_for_where_it_is_not_met(context: Any, facts: Any, rubric: Any) -> None:
    assert all(check.why.endswith(".") for check in BUILT_IN.values())
    asked = rubric("parameters", less_than=100)
    (missed,) = evaluate(asked, context(facts()), "static")
    (met,) = evaluate(rubric("parameters", less_than=1_000_000), context(facts()), "static")
    assert (missed.why, met.why) == (BUILT_IN["parameters"].why, "")
