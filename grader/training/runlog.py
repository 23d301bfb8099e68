"""From the events of one training process to a `TrainingRun`, finished or not."""

from typing import Literal

from grader.model.probes import Probes
from grader.model.training import EpochRecord, Evaluation, TrainingRun
from grader.proportion import wilson_interval
from grader.training.events import Advanced, Ended, EpochEnded, Event, Probed, Started
from grader.training.statistics import summarize


class RunLog:
    """What one run has said so far."""

    def __init__(self, seed: int, evaluated_on: Literal["test", "validation"], target: float | None) -> None:
        self.seed, self.evaluated_on, self._target = seed, evaluated_on, target
        self._begin(None)

    def _begin(self, started: Started | None) -> None:
        """Nothing but that has been said."""
        self.started = started
        self.epochs: list[EpochRecord] = []
        self.epoch_share = 0.0  # of the epoch that is being trained
        self.ended: Ended | None = None
        self._evaluation: Evaluation | None = None
        self._peak: int | None = None
        self._probes: Probes | None = None

    def take(self, event: Event) -> None:
        """Note an event."""
        match event:
            case Started():  # once more, where it broke off among others and begins again alone
                self._begin(event)
            case Advanced():
                self.epoch_share = event.share
            case EpochEnded():
                self.epochs.append(event.record)
                self._evaluation = event.evaluation or self._evaluation
                self._peak, self.epoch_share = event.peak_memory_bytes, 0.0
            case Probed():
                self._probes = event.probes
            case Ended():
                self.ended = event

    @property
    def share(self) -> float:
        """How much of the run is done, 0 to 1."""
        return (len(self.epochs) + self.epoch_share) / self.started.epochs if self.started else 0.0

    def to_run(self, weights: str | None = None) -> TrainingRun | None:
        """The run as it stands; None before the first epoch has ended."""
        if not self.epochs or self.started is None:
            return None
        summary = summarize(self.epochs, self.evaluated_on, self._target)
        images = self.started.images
        return TrainingRun(
            seed=self.seed,
            evaluated_on=self.evaluated_on,
            best_accuracy=summary.best_accuracy,
            best_epoch=summary.best_epoch,
            final_accuracy=summary.final_accuracy,
            first_epoch_at_target=summary.first_epoch_at_target,
            epochs=tuple(self.epochs),
            interval=wilson_interval(round(summary.best_accuracy * images), images),
            stopped=self.ended.stopped if self.ended else "interrupted",
            given_up=self.ended.given_up if self.ended else None,
            evaluation=self._evaluation,
            weights=weights,
            environment={**self.started.environment, **(self.ended.environment if self.ended else {})},
            peak_memory_bytes=self._peak,
            probes=self._probes,
        )
