"""When a run is given up, epoch by epoch, and what the engine makes of it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from grader.model.graph import Export
from grader.model.hopeless import GivenUp, HopelessLook, HopelessRule
from grader.model.recipe import Constant, MultiStep, Plateau, Recipe, Sgd
from grader.model.task import Task
from grader.model.training import EpochRecord
from grader.training.data import Dataset
from grader.training.events import Ended, EpochEnded, Event
from grader.training.hopeless import Watcher, rule_for
from grader.training.job import TrainingJob, read_job, write_job
from grader.training.launch import retrain
from grader.training.torch_engine import TorchEngine

RULE = HopelessRule(
    target=0.99, schedule="none", epochs=6, level=0.1, chance=0.098, runs=29, beyond=0,
    looks=(HopelessLook(share=1 / 3, gain=0.02, lr_span=0), HopelessLook(share=2 / 3, gain=0.01, lr_span=0)),
)  # fmt: skip
TASK = Task(dataset="mnist", epochs=6)
RECIPE = Recipe(optimizer=Sgd(lr=0.1))


def record(epoch: int, accuracy: float, lr: float = 0.1) -> EpochRecord:
    return EpochRecord(epoch=epoch, lr=lr, train_loss=1.0, train_accuracy=0.5, test_accuracy=accuracy, seconds=1.0)


@pytest.fixture
def stops(small: Export) -> Callable[..., int | None]:
    """`stops(accuracies)`: after which epoch a run with these is given up."""

    def run(
        accuracies: Sequence[float],
        rule: HopelessRule | None = RULE,
        recipe: Recipe = RECIPE,
        rates: Sequence[float] = (0.1,) * 6,
    ) -> int | None:
        watcher = Watcher(TrainingJob(export=small, recipe=recipe, task=TASK, seed=0, hopeless=rule), 10)
        for epoch, (accuracy, rate) in enumerate(zip(accuracies, rates, strict=False), 1):
            if given_up := watcher.observe(record(epoch, accuracy, rate)):
                assert given_up.epoch == epoch
                return epoch
        return None

    return run


@pytest.mark.parametrize(
    ("accuracies", "epoch"),
    [
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 2),  # not before a third
        ([0.1, 0.969, 0.969], 2),
        ([0.1, 0.97, 0.97, 0.98, 0.98, 0.98], None),  # what the rule grants is enough, to the digit
        ([0.1, 0.971, 0.971, 0.971, 0.971, 0.971], 4),  # less is granted after two thirds
        ([0.1, 0.971, 0.99, 0.1, 0.1, 0.1], None),  # the target was reached
        ([0.975, 0.5, 0.5, 0.98, 0.5], None),  # the best so far counts, not the last
    ],
)
def test_it_stops_where_the_gap_is_larger_than_what_is_granted(
    stops: Callable[..., int | None], accuracies: list[float], epoch: int | None
) -> None:
    assert stops(accuracies) == epoch
    assert stops(accuracies, rule=None) is None


def test_the_last_epoch_is_never_given_up(stops: Callable[..., int | None]) -> None:
    late = RULE.model_copy(update={"looks": (HopelessLook(share=0.95, gain=0, lr_span=2),)})
    assert stops([0.1] * 6, late) is None


def test_a_learning_rate_that_has_yet_to_move_is_waited_for(stops: Callable[..., int | None]) -> None:
    """It falls by a decade after epoch 4; runs of the rule had nothing to come at the looks, or as much."""
    falling = RECIPE.model_copy(update={"schedule": MultiStep(milestones=(4,))})
    assert stops([0.1] * 6, recipe=falling, rates=[0.1] * 4 + [0.01] * 2) == 5
    looks = tuple(look.model_copy(update={"lr_span": 1.0}) for look in RULE.looks)
    assert stops([0.1] * 6, RULE.model_copy(update={"looks": looks}), falling) == 2


def test_the_rule_of_the_same_kind_from_the_longest_runs_that_are_not_longer() -> None:
    rules = [RULE.model_copy(update={"epochs": epochs}) for epochs in (3, 5, 9)]
    rules.append(RULE.model_copy(update={"schedule": "step"}))

    def chosen(**changes: Any) -> HopelessRule | None:
        return rule_for(rules, Recipe(optimizer=Sgd(lr=0.1), **changes), TASK)

    assert chosen() is rules[1]  # six epochs, the task's
    assert chosen(epochs=20) is rules[1]
    assert chosen(epochs=4) is rules[0]
    assert chosen(epochs=2) is None
    assert chosen(schedule=Plateau()) is None
    assert chosen(schedule=MultiStep(milestones=(4,))) is None
    assert chosen(schedule=Constant()) is rules[1]
    assert rule_for((), RECIPE, TASK) is None


def test_the_rule_travels_with_the_job(small: Export, tmp_path: Any) -> None:
    job = TrainingJob(export=small, recipe=RECIPE, task=TASK, seed=0, hopeless=RULE)
    write_job(job, tmp_path)
    assert read_job(tmp_path).hopeless == RULE


def test_the_engine_ends_a_hopeless_run_and_changes_nothing_before(small: Export, dataset: Dataset) -> None:
    beyond = RULE.model_copy(update={"target": 1.5})

    def events(hopeless: HopelessRule | None) -> tuple[list[float | None], Ended]:
        said: list[Event] = []
        job = TrainingJob(export=small, recipe=RECIPE, task=TASK, seed=0, device="cpu", hopeless=hopeless)
        TorchEngine().train(job, dataset, said.append, None)
        ended = said[-1]
        assert isinstance(ended, Ended)
        return [event.record.test_accuracy for event in said if isinstance(event, EpochEnded)], ended

    whole, completed = events(None)
    cut, ended = events(beyond)
    assert (completed.stopped, completed.given_up, len(whole)) == ("completed", None, 6)
    assert cut == whole[:2]
    assert ended.stopped == "hopeless"
    assert ended.given_up == GivenUp(epoch=2, epochs=6, target=1.5, gain=0.02, chance=0.098, level=0.1, runs=29)


def test_a_real_run_on_the_digits_says_why_it_ended(small: Export) -> None:
    """Through the process: a rate so small that it learns nothing."""
    training = retrain(
        small, Recipe(optimizer=Sgd(lr=1e-6)), Task(dataset="digits", epochs=6), target=0.99, hopeless=RULE, seeds=(0,),
        device="cpu",
    )  # fmt: skip
    (run,) = training.runs
    assert (training.status, run.stopped, len(run.epochs)) == ("completed", "hopeless", 2)
    assert run.given_up == GivenUp(epoch=2, epochs=6, target=0.99, gain=0.02, chance=0.098, level=0.1, runs=29)
    assert (run.given_up.length, run.given_up.at_most) == ("2 of 6 epochs", "9.8 %")
