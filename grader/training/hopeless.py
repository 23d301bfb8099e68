"""Giving up a run that would hardly reach the target any more. Pure: the rule comes from outside, with the job."""

import math
from collections.abc import Sequence

from grader.model.hopeless import GivenUp, HopelessRule
from grader.model.recipe import OneCycle, Plateau, Recipe
from grader.model.task import Task
from grader.model.training import EpochRecord
from grader.training.job import TrainingJob
from grader.training.schedule import Clock, RateSchedule
from grader.training.statistics import accuracy_of

_MOST_DECADES = 2.0  # a rate that has fallen to a hundredth does little more
_SAME_SPAN = 0.05  # decades: batches of another size shift a schedule's last step a little
_ROUNDING = 1e-9  # accuracies are shares in double precision


class Watcher:
    """Sees the epochs of one run; `batches` is the number of steps in each."""

    def __init__(self, job: TrainingJob, batches: int) -> None:
        self._job, self._batches = job, batches
        self._best = 0.0

    def observe(self, record: EpochRecord) -> GivenUp | None:
        """Why the run should end after this epoch; None where it should go on."""
        rule, job = self._job.hopeless, self._job
        if rule is None:
            return None
        self._best = max(self._best, accuracy_of(record, job.task.evaluate_on))
        passed = [look for look in rule.looks if record.epoch >= look.share * job.epochs - _ROUNDING]
        if not passed or record.epoch >= job.epochs:
            return None
        look = passed[-1]
        if rule.target - self._best <= look.gain + _ROUNDING or self._span(record) > look.lr_span + _SAME_SPAN:
            return None
        return GivenUp(
            epoch=record.epoch,
            epochs=job.epochs,
            target=rule.target,
            gain=look.gain,
            chance=rule.chance,
            level=rule.level,
            runs=rule.runs,
        )

    def _span(self, record: EpochRecord) -> float:
        """Decades over which the learning rate still moves."""
        schedule = RateSchedule(self._job.recipe, self._job.schedule_epochs)
        last = self._batches - 1
        ahead = [
            schedule.rates(Clock(epoch, last, self._batches)).lr for epoch in range(record.epoch, self._job.epochs)
        ]
        return lr_span([record.lr, *ahead])


def lr_span(rates: Sequence[float]) -> float:
    """Decades between the highest and the lowest of at least one learning rate, two at most."""
    low, high = min(rates), max(rates)
    if high <= 0:
        return 0.0
    return _MOST_DECADES if low <= 0 else min(math.log10(high / low), _MOST_DECADES)


def schedule_kind(recipe: Recipe) -> str | None:
    """The kind of schedule within which runs are compared; None where what it will do can't be told beforehand.

    A one-cycle schedule that is stepped at another pace than it was built for hardly moves, and is a kind of its own.
    """
    schedule = recipe.schedule
    if isinstance(schedule, Plateau):
        return None
    if isinstance(schedule, OneCycle) and schedule.step not in (None, schedule.built_for):
        return "onecycle, out of step"
    return schedule.name


def rule_for(rules: Sequence[HopelessRule], recipe: Recipe, task: Task) -> HopelessRule | None:
    """The rule for runs with this recipe, of those that hold the one made from the longest runs; None: go on always.

    A recipe that may itself end training early is judged like any other: it ends where it would have.
    """
    epochs, kind = min(recipe.epochs or task.epochs, task.epochs), schedule_kind(recipe)
    fitting = [rule for rule in rules if rule.schedule == kind and rule.epochs <= epochs]
    return max(fitting, key=lambda rule: rule.epochs, default=None)
