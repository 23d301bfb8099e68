"""What a miss proves where runs were given up: a failure only where the chance they had is within the doubt."""

from typing import Any

import pytest

from grader.analysis.claims.evidence import why_incomplete
from grader.checks.accuracy import CHECK
from grader.model.hopeless import GivenUp
from grader.model.task import Task
from grader.model.training import Training

TASK = Task(dataset="mnist", epochs=20, seeds=(0, 1, 2))


@pytest.fixture
def given_up(training_run: Any) -> Any:
    """`given_up(0.016, 0.98, 0.981)`: the chance of each run, and one run of seven epochs per best accuracy."""

    def build(chance: float, *best: float, gain: float = 0.005, epochs: int = 20, **changes: Any) -> Training:
        runs = []
        for seed, accuracy in enumerate(best):
            reason = GivenUp(epoch=7, epochs=epochs, target=0.994, gain=gain, chance=chance, level=0.05, runs=180)
            curve = [accuracy - 0.001] * 6 + [accuracy]
            runs.append(training_run(curve, seed=seed, stopped="hopeless", given_up=reason))
        values = {"status": "completed", "recipe_source": "manifest", "recipe_is_the_students": True}
        return Training(runs=tuple(runs), recipe={"name": "mine"}, **(values | changes))

    return build


NAMED = "stopped as hopeless (--stop-hopeless): seed 0 after 7 of 20 epochs"


@pytest.mark.parametrize(
    ("chance", "best", "settings", "status", "part"),
    [
        (0.0163, (0.97, 0.971, 0.972), {}, "failed", "with a chance of at most 4.9 %."),
        (0.03, (0.97, 0.971, 0.972), {}, "inconclusive", "at most 9.0 %. That is more than the doubt of 5.0 %"),
        (0.03, (0.97, 0.971, 0.972), {"doubt": 0.1}, "failed", "with a chance of at most 9.0 %."),
        (0.03, (0.97, 0.971, 0.972), {"near_miss": "fail"}, "inconclusive", "That is more than the doubt"),
        # 0.9885 and the 0.005 that were granted, plus the spread: 99.35 + 1.645 · 0.05 · sqrt(4 / 3) = 99.44
        (0.0163, (0.9885,) * 3, {"spread": 0.0005}, "inconclusive", "a further one may reach 99.44 %"),
        (0.0163, (0.9875,) * 3, {"spread": 0.0005}, "failed", "hardly do better than 99.34 %"),
    ],
)
def test_a_miss_fails_only_where_the_chance_given_up_is_within_the_doubt(
    chance: float,
    best: tuple[float, ...],
    settings: dict[str, Any],
    status: str,
    part: str,
    given_up: Any,
    ask: Any,
    context: Any,
) -> None:
    finding = ask(CHECK, context(training=given_up(chance, *best), task=TASK), target=0.994, **settings)
    assert finding.status == status, finding.message
    assert part in finding.message
    assert NAMED in finding.message
    assert "one of the 3 would still have reached 99.40 %" in finding.message
    if status == "inconclusive":
        assert finding.fix == "Train again without --stop-hopeless."


def test_the_whole_sentence(given_up: Any, ask: Any, context: Any) -> None:
    task = TASK.model_copy(update={"seeds": (0,)})
    finding = ask(CHECK, context(training=given_up(0.0163, 0.97), task=task), target=0.994)
    assert finding.status == "failed"
    assert finding.message == (
        "The model did not reach 99.40 % with seed 0; the closest was 97.00 %; stopped as hopeless (--stop-hopeless):"
        " seed 0 after 7 of 20 epochs. A further seed would hardly do better than 97.50 %. Trained to the end, by 180"
        " runs of reference models, it would still have reached 99.40 % with a chance of at most 1.7 %."
    )


def test_another_recipe_than_the_students_proves_nothing(given_up: Any, ask: Any, context: Any) -> None:
    training = given_up(0.001, 0.5, 0.5, 0.5, recipe_source="rubric", recipe_is_the_students=False)
    finding = ask(CHECK, context(training=training, task=TASK), target=0.994)
    assert finding.status == "inconclusive"
    assert NAMED in finding.message
    assert "No recipe of yours was found" in finding.message


def test_it_is_not_too_short_for_a_rule_of_many_last_epochs(given_up: Any, ask: Any, context: Any) -> None:
    training = given_up(0.03, 0.97, 0.971, 0.972)
    finding = ask(CHECK, context(training=training, task=TASK), target=0.994, rule="last_epochs", last=9)
    assert finding.status == "inconclusive"
    assert "too few for this rule" not in finding.message


def test_a_training_that_was_to_be_shorter_says_so(given_up: Any, ask: Any, context: Any) -> None:
    finding = ask(CHECK, context(training=given_up(0.001, 0.5, 0.5, 0.5, epochs=9), task=TASK), target=0.994)
    assert (finding.status, finding.fix) == ("inconclusive", "Train again without --epochs.")


def test_a_seed_that_passes_passes(given_up: Any, training_run: Any, ask: Any, context: Any) -> None:
    training = given_up(0.4, 0.97)
    good = training_run([0.995], seed=1, stopped="completed")
    training = training.model_copy(update={"runs": (*training.runs, good)})
    assert ask(CHECK, context(training=training, task=TASK), target=0.994).status == "passed"
    needed = ask(CHECK, context(training=training, task=TASK), target=0.994, needed=2)
    assert f"2 are needed; {NAMED}." in needed.message


def test_a_claim_is_not_contradicted_by_a_run_that_was_given_up(given_up: Any) -> None:
    assert why_incomplete(given_up(0.01, 0.97)) == "The training was stopped as hopeless, after 7 of 20 epochs."


def test_a_curve_that_was_cut_is_not_told_where_the_epochs_ended(given_up: Any, ask: Any, context: Any) -> None:
    training = given_up(0.001, 0.97, 0.97, 0.97)
    rising = [
        record.model_copy(update={"lr": 0.1 / record.epoch, "test_accuracy": 0.9 + record.epoch / 100})
        for record in training.runs[0].epochs
    ]
    run = training.runs[0].model_copy(update={"epochs": tuple(rising)})
    whole = run.model_copy(update={"stopped": "early_stop", "given_up": None})
    for first, said in ((run, False), (whole, True)):
        runs = (first, *training.runs[1:])
        finding = ask(CHECK, context(training=training.model_copy(update={"runs": runs}), task=TASK), target=0.994)
        assert any("still rising where the epochs ended" in change.effect for change in finding.changes) == said
