"""The tries of a training, and which of them decided."""

from collections.abc import Sequence

from grader.model.training import Training, TrainingRun
from grader.report.escape import prose


def tries(training: Training) -> tuple[Training, ...]:
    """The training, and its second try where there is one."""
    return (training, training.second_try) if training.second_try else (training,)


def heading(training: Training, number: int, of: int) -> str:
    """ "With the submission's recipe (train.py:31)", "Second try, with the reference recipe house"."""
    called = prose(training.recipe_called, 200)
    return f"With {called}" if number == 0 or of == 1 else f"Second try, with {called}"


def deciding_try(training: Training) -> Training:
    """The second try where it reached the target, for then the first had missed it; else the first that ran."""
    second = training.second_try
    if second is None or (training.runs and not _at_target(second.runs)):
        return training
    return second if second.runs else training


def deciding_run(training: Training) -> TrainingRun | None:
    """The first run that reached the target, else the best one; its confusion matrix and mistakes are shown."""
    runs = deciding_try(training).runs
    if not runs:
        return None
    return next(iter(_at_target(runs)), None) or max(runs, key=lambda run: run.best_accuracy)


def _at_target(runs: Sequence[TrainingRun]) -> list[TrainingRun]:
    return [run for run in runs if run.first_epoch_at_target is not None]
