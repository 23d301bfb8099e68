"""What a run's epochs come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.model.training import EpochRecord

# Accuracies are correct / total in double precision; the tolerance forgives their last digits only.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Summary:
    """Best, final and first at target; epochs are 1-based, ties take the first."""

    best_accuracy: float
    best_epoch: int
    final_accuracy: float
    first_epoch_at_target: int | None


def accuracy_of(record: EpochRecord, evaluated_on: Literal["test", "validation"]) -> float:
    """The accuracy that decides."""
    value = record.test_accuracy if evaluated_on == "test" else record.validation_accuracy
    return 0.0 if value is None else value


def reaches(accuracy: float, target: float) -> bool:
    """Whether an accuracy meets a target."""
    return accuracy >= target - _TOLERANCE


def summarize(
    epochs: Sequence[EpochRecord], evaluated_on: Literal["test", "validation"], target: float | None
) -> Summary:
    """Summary of at least one epoch."""
    accuracies = [accuracy_of(record, evaluated_on) for record in epochs]
    best = max(accuracies)
    at_target = [
        record.epoch
        for record, accuracy in zip(epochs, accuracies, strict=True)
        if target is not None and reaches(accuracy, target)
    ]
    return Summary(
        best_accuracy=best,
        best_epoch=epochs[accuracies.index(best)].epoch,
        final_accuracy=accuracies[-1],
        first_epoch_at_target=at_target[0] if at_target else None,
    )
