"""What training runs prove about a target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.model.training import Training, TrainingRun
from grader.training.statistics import accuracy_of, reaches


@dataclass(frozen=True)
class Judged:
    """One run against one target. `accuracies` are the epochs that decide, `decisive` the one that the target meets.

    `last` is the accuracy that the run ended with, `short` tells that it has fewer epochs than must reach the target.
    """

    run: TrainingRun
    reached: bool
    accuracies: tuple[float, ...]
    decisive: float
    epoch: int | None  # 1-based, of `decisive`
    last: float = 0.0
    short: bool = False

    @property
    def cut_at_target(self) -> bool:
        """Whether the run was stopped where it reached the target, so that it might have done better."""
        return self.run.stopped == "target" and self.reached

    @property
    def counted(self) -> float:
        """What the run says about a further one: its decisive accuracy, or the last where it diverged and missed.

        One that was given up might have gained what the rule grants.
        """
        if self.run.given_up is not None:
            return min(1.0, max(self.accuracies, default=0.0) + self.run.given_up.gain)
        return self.last if self.run.stopped == "diverged" and not self.reached else self.decisive


@dataclass(frozen=True)
class Tried:
    """All runs with one recipe."""

    training: Training
    judged: tuple[Judged, ...]

    @property
    def successes(self) -> tuple[Judged, ...]:
        """The runs that reached the target."""
        return tuple(one for one in self.judged if one.reached)

    @property
    def best(self) -> Judged:
        """The first success, else the closest miss; there must be a run."""
        return next(iter(self.successes), None) or max(self.judged, key=lambda one: one.decisive)

    @property
    def all_diverged(self) -> bool:
        """Whether no seed trained to the end."""
        return all(one.run.stopped == "diverged" for one in self.judged)


def judge(run: TrainingRun, target: float, span: int | None, epochs: int) -> Judged:
    """Judge the first `epochs` epochs: any one of them, or with `span` each of the last `span`.

    The best epoch decides in the first case, the worst of the last ones in the second; ties take the first.
    """
    records = [(record.epoch, accuracy_of(record, run.evaluated_on)) for record in run.epochs[:epochs]]
    if span is not None:
        records = records[-span:]
    if not records:
        return Judged(run, False, (), 0.0, None)
    pick = max if span is None else min
    epoch, decisive = pick(records, key=lambda item: item[1])
    # One that was cut was not planned to be short.
    short = span is not None and len(records) < span and run.stopped not in ("target", "hopeless")
    enough = span is None or not (short or run.stopped in ("interrupted", "diverged", "target", "hopeless"))
    accuracies = tuple(value for _, value in records)
    return Judged(run, enough and reaches(decisive, target), accuracies, decisive, epoch, accuracies[-1], short)


def try_all(training: Training, target: float, span: int | None, epochs: int) -> Tried:
    """Judge every run of a training."""
    return Tried(training, tuple(judge(run, target, span, epochs) for run in training.runs))


def is_complete(run: TrainingRun, recipe: Mapping[str, Any] | None, epochs: int) -> bool:
    """Whether the run trained, or was to, as long as rubric and recipe allow, or stopped for a reason of its own."""
    if run.stopped not in ("completed", "hopeless"):
        return run.stopped != "interrupted"
    wanted = (recipe or {}).get("epochs")
    allowed = min(epochs, wanted) if isinstance(wanted, int) else epochs
    return (run.given_up.epochs if run.given_up else len(run.epochs)) >= allowed
