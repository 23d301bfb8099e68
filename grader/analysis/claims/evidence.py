"""What the retraining measured that an accuracy can be held against."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.analysis.claims.wording import percent
from grader.model.claims import Subset
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.proportion import wilson_interval

TEST_IMAGES = 10_000  # of MNIST
TRAIN_IMAGES = 60_000
Measured = Literal["test", "validation", "train"]
_CUT = ("target", "hopeless", "interrupted")  # before its last epoch

_NAMES: dict[Measured, str] = {
    "test": "on the test set",
    "validation": "on the validation split",
    "train": "in training",
}


@dataclass(frozen=True)
class Evidence:
    """The best accuracy over the seeds, where it was measured, and how far the seeds lie apart."""

    best: float
    epoch: int
    seed: int
    spread: float  # between the seeds; 0 for one seed
    images: int
    measured_on: Measured
    runs: tuple[TrainingRun, ...]

    @property
    def where(self) -> str:
        """ "on the test set"."""
        return _NAMES[self.measured_on]

    def __str__(self) -> str:
        return f"{percent(self.best)} {self.where} (seed {self.seed}, epoch {self.epoch})"


def images_measured(training: Training, subset: Subset) -> Measured | None:
    """The images that a claim is held against; None where their accuracy was not measured.

    Without a split, what a submission calls validation is the test set. A claim that names no images is held against
    those that the rubric judges by.
    """
    records = [record for run in training.runs for record in run.epochs]
    held_out: dict[Measured, bool] = {
        "test": any(record.test_accuracy is not None for record in records),
        "validation": any(record.validation_accuracy is not None for record in records),
    }
    if subset == "train":
        return "train" if records else None
    wanted: dict[Subset, tuple[Measured, ...]] = {
        "test": ("test",),
        "validation": ("validation", "test"),
        "unknown": (training.runs[0].evaluated_on,) if training.runs else (),
    }
    return next((name for name in wanted[subset] if held_out[name]), None)


def gather(
    training: Training,
    measured_on: Measured,
    *,
    final: bool = False,
    epoch: int | None = None,
    up_to: int | None = None,
) -> Evidence | None:
    """The best over epochs and seeds, or over the seeds that of the final epoch, or of one epoch.

    A run that was cut has no final epoch. `up_to`: only that many epochs count. None where no epoch is left.
    """
    found: list[tuple[float, int, TrainingRun]] = []
    for run in training.runs:
        values = list(_accuracies(run, measured_on))[:up_to]
        if epoch is not None:
            values = [pair for pair in values if pair[1] == epoch]
        if final:
            values = [] if run.stopped in _CUT else values[-1:]
        if values:
            accuracy, number = max(values, key=lambda pair: (pair[0], -pair[1]))
            found.append((accuracy, number, run))
    if not found:
        return None
    best, number, run = max(found, key=lambda item: item[0])
    return Evidence(
        best=best,
        epoch=number,
        seed=run.seed,
        spread=best - min(accuracy for accuracy, _, _ in found),
        images=_images(training, measured_on),
        measured_on=measured_on,
        runs=tuple(run for _, _, run in found),
    )


def half_width(share: float, images: int) -> float:
    """Of the 95 % interval around a share of so many images."""
    low, high = wilson_interval(min(max(share, 0.0), 1.0) * images, images)
    return (high - low) / 2


def why_incomplete(training: Training) -> str:
    """Why more training could give a higher accuracy; empty where all was run as the recipe says."""
    planned = (training.recipe or {}).get("epochs")
    for run in training.runs:
        if run.stopped == "target":
            return f"The training was stopped when the target was reached, after {len(run.epochs)} epochs."
        if run.given_up is not None:
            return f"The training was stopped as hopeless, after {len(run.epochs)} of {run.given_up.epochs} epochs."
        if run.stopped == "interrupted" or training.status == "partial":
            return "The training was interrupted."
        if run.stopped == "completed" and isinstance(planned, int) and len(run.epochs) < planned:
            return f"Only {len(run.epochs)} of the recipe's {planned} epochs were trained."
    return ""


def _accuracies(run: TrainingRun, measured_on: Measured) -> Iterator[tuple[float, int]]:
    for record in run.epochs:
        value = _accuracy(record, measured_on)
        if value is not None:
            yield value, record.epoch


def _accuracy(record: EpochRecord, measured_on: Measured) -> float | None:
    match measured_on:
        case "test":
            return record.test_accuracy
        case "validation":
            return record.validation_accuracy
        case "train":
            return record.train_accuracy


def _images(training: Training, measured_on: Measured) -> int:
    if measured_on == "validation":
        size = ((training.recipe or {}).get("split") or {}).get("validation")
        return size if isinstance(size, int) and size > 0 else TEST_IMAGES
    return TRAIN_IMAGES if measured_on == "train" else TEST_IMAGES
