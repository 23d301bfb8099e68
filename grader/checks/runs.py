"""What a training run proves about a target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.model.training import TrainingRun
from grader.training.statistics import accuracy_of, reaches


@dataclass(frozen=True)
class Judged:
    """One run against one target. `accuracies` are the epochs that decide, `decisive` the one that the target meets."""

    run: TrainingRun
    reached: bool
    accuracies: tuple[float, ...]
    decisive: float
    epoch: int | None  # 1-based, of `decisive`


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
    enough = span is None or (len(records) == span and run.stopped not in ("interrupted", "diverged"))
    reached = enough and reaches(decisive, target)
    return Judged(run, reached, tuple(value for _, value in records), decisive, epoch)


def is_complete(run: TrainingRun, recipe: Mapping[str, Any] | None, epochs: int) -> bool:
    """Whether the run trained as long as rubric and recipe allow, or stopped for a reason of its own."""
    if run.stopped != "completed":
        return run.stopped != "interrupted"
    wanted = (recipe or {}).get("epochs")
    allowed = min(epochs, wanted) if isinstance(wanted, int) else epochs
    return len(run.epochs) >= allowed
