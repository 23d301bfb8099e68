"""An accuracy that may come from memory is left open for a person; it is never a failure, and never a pass."""

from typing import Any

import pytest

from grader.checks.accuracy import CHECK
from grader.model.probes import Measured, Probes
from grader.model.task import Task
from grader.model.training import Training
from grader.proportion import wilson_interval

TASK = Task(dataset="mnist", epochs=3, seeds=(0, 1))


def probes(untrained: float) -> Probes:
    correct = round(untrained * 10_000)
    return Probes(
        chance=0.1,
        untrained=Measured(accuracy=untrained, images=10_000, interval=wilson_interval(correct, 10_000)),
    )


def done(*runs: Any, **changes: Any) -> Training:
    return Training(**{"status": "completed", "recipe_is_the_students": True, "runs": runs, **changes})


def test_a_pass_is_left_open(ask: Any, context: Any, training_run: Any) -> None:
    run = training_run([0.995], probes=probes(0.912))
    finding = ask(CHECK, context(training=done(run), task=TASK), target=0.994)
    assert finding.status == "inconclusive"
    assert finding.observed.startswith("99.50 %")
    assert "It is not clear that it was earned by training: Before its first training step" in finding.message
    assert "91.20 %" in finding.message
    assert finding.fix
    assert finding.evidence


@pytest.mark.parametrize("untrained", [0.1, 0.25, 0.4])
def test_little_evidence_leaves_a_pass_alone(untrained: float, ask: Any, context: Any, training_run: Any) -> None:
    run = training_run([0.995], probes=probes(untrained))
    assert ask(CHECK, context(training=done(run), task=TASK), target=0.994).status == "passed"


def test_a_miss_stays_a_miss(ask: Any, context: Any, training_run: Any) -> None:
    runs = [training_run([0.5, 0.5, 0.5], seed=seed, probes=probes(0.9)) for seed in (0, 1)]
    assert ask(CHECK, context(training=done(*runs), task=TASK), target=0.994).status == "failed"


def test_one_run_in_doubt_is_enough(ask: Any, context: Any, training_run: Any) -> None:
    """All runs are of one graph, so luck with one seed proves nothing."""
    runs = [training_run([0.995], seed=0, probes=probes(0.1)), training_run([0.995], seed=1, probes=probes(0.9))]
    assert ask(CHECK, context(training=done(*runs), task=TASK), target=0.994, needed=2).status == "inconclusive"


def test_the_second_try_is_looked_at_as_well(ask: Any, context: Any, training_run: Any) -> None:
    second = done(training_run([0.995], probes=probes(0.9)))
    training = done(training_run([0.5, 0.5, 0.5]), second_try=second)
    assert ask(CHECK, context(training=training, task=TASK), target=0.994).status == "inconclusive"
