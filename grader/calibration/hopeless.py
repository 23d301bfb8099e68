"""From runs of reference models to the rules by which hopeless runs are given up; no files.

One row per run: the most that its best accuracy still gained after a look, per share of the training that was left
then, over all looks. So a rule that grants z times what is left gives up at any of its looks, or between them, only
runs whose row is above z, and one bound on the share of such rows covers all looks together.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pydantic import ValidationError

from grader.calibration.binomial import clopper_pearson
from grader.errors import UsageError
from grader.model.hopeless import HopelessLook, HopelessRule, chance_in_words
from grader.model.recipe import Recipe
from grader.model.report import GradeReport
from grader.model.task import Task
from grader.model.training import TrainingRun
from grader.reference.kept import RunIdentity
from grader.report.notation import percent, plural
from grader.training.hopeless import lr_span, schedule_kind
from grader.training.statistics import accuracy_of, reaches

LOOKS = (1 / 3, 1 / 2, 2 / 3, 4 / 5)  # shares of the epochs; none before, and little is left to save after
_FEWEST_EPOCHS = 3  # of a run that has a first third
_ONE_SIDED = 0.90  # the upper end of a two-sided 90 % interval is a one-sided 95 % bound


@dataclass(frozen=True)
class Row:
    """What one run tells. `spans` has one number per look."""

    schedule: str
    epochs: int
    gain: float  # per share of the training left
    spans: tuple[float, ...]


def hopeless_rules(
    runs: Iterable[tuple[RunIdentity, GradeReport]], task: Task, target: float, level: float
) -> tuple[HopelessRule, ...]:
    """One rule per kind of schedule and length of run that has enough rows.

    Raises UsageError, with what is lacking, where no kind has enough.
    """
    rows, left_out = _rows(runs, task, target)
    rules = []
    for schedule, epochs in sorted({(row.schedule, row.epochs) for row in rows}):
        # What a longer run still gained at the same share of its epochs is too little for a shorter one.
        fitting = [row for row in rows if row.schedule == schedule and row.epochs <= epochs]
        if len(fitting) >= runs_needed(level):
            rules.append(_rule(fitting, schedule, epochs, target, level))
    if not rules:
        raise UsageError(_too_few(rows, left_out, target, level), mend=_MORE)
    return tuple(rules)


def bound(beyond: int, runs: int) -> float:
    """The one-sided 95 % upper bound (Clopper-Pearson) of a share."""
    return clopper_pearson(beyond, runs, _ONE_SIDED)[1]


def runs_needed(level: float) -> int:
    """The fewest runs that can show a chance below the level: none of them beyond, 1 - 0.05^(1/n) < level."""
    least = max(1, math.floor(math.log(0.05) / math.log1p(-level)))
    return next(runs for runs in range(least, least + 3) if bound(0, runs) < level)


def row_of(run: TrainingRun, recipe: Recipe, task: Task, target: float) -> Row | None:
    """The row of a run; None where it tells nothing.

    That is so where it did not train as many epochs as its recipe and the task plan, where it is shorter than three,
    where its schedule depends on how it goes, and where it had reached the target before the first look: such a run was
    never in the position of one that is about to be given up.
    """
    planned = min(recipe.epochs or task.epochs, task.epochs)
    kind, records = schedule_kind(recipe), run.epochs
    if kind is None or run.stopped != "completed" or len(records) != planned or planned < _FEWEST_EPOCHS:
        return None
    accuracies = [accuracy_of(record, run.evaluated_on) for record in records]
    best = list(accumulate(accuracies, max))
    done = [math.floor(look * planned + 1e-9) for look in LOOKS]  # epochs trained by then, at least one
    if reaches(best[done[0] - 1], target):
        return None
    gains = [(best[-1] - best[epochs - 1]) / (1 - look) for look, epochs in zip(LOOKS, done, strict=True)]
    spans = tuple(lr_span([record.lr for record in records[epochs - 1 :]]) for epochs in done)
    return Row(kind, planned, max(gains), spans)


def _rows(
    runs: Iterable[tuple[RunIdentity, GradeReport]], task: Task, target: float
) -> tuple[list[Row], dict[str, int]]:
    """The rows, each of another run, and how many runs were left out, by reason."""
    rows: dict[str, Row] = {}
    other = mute = 0
    for identity, report in runs:
        cap = identity.task.epochs if identity.epochs is None else identity.epochs
        trained = identity.task.model_copy(update={"epochs": cap})
        alike = trained.model_copy(update={"epochs": task.epochs, "seeds": task.seeds}) == task
        try:
            recipe = Recipe.model_validate(report.training.recipe)
        except ValidationError:  # of an older grader
            recipe = None
        if not alike:
            other += 1
            continue
        run = next((run for run in report.training.runs if run.seed == identity.seed), None)
        row = row_of(run, recipe, trained, target) if run and recipe else None
        if row is None:
            mute += 1
        else:
            rows[f"{identity.model} {identity.recipe} {identity.seed} {cap}"] = row  # the same on another device once
    return list(rows.values()), {"of another task": other, "that tell nothing": mute}


def _rule(rows: Sequence[Row], schedule: str, epochs: int, target: float, level: float) -> HopelessRule:
    """As many rows as the level bears are beyond what the rule grants."""
    gains = sorted((row.gain for row in rows), reverse=True)
    beyond = 0
    while beyond + 1 < len(gains) and bound(beyond + 1, len(gains)) < level:
        beyond += 1
    granted = gains[beyond]
    looks = tuple(
        HopelessLook(share=share, gain=granted * (1 - share), lr_span=min(row.spans[index] for row in rows))
        for index, share in enumerate(LOOKS)
    )
    return HopelessRule(
        target=target,
        schedule=schedule,
        epochs=epochs,
        level=level,
        chance=bound(beyond, len(gains)),
        runs=len(gains),
        beyond=beyond,
        looks=looks,
    )


_MORE = (
    "`grader calibrate RUBRIC --seeds N` adds more, with --models and --from also of other models; or raise the level."
)


def _too_few(rows: Sequence[Row], left_out: dict[str, int], target: float, level: float) -> str:
    kinds = sorted({row.schedule for row in rows})
    there = ", ".join(f"{sum(row.schedule == kind for row in rows)} with the schedule {kind!r}" for kind in kinds)
    without = ", ".join(f"{number} {why}" for why, number in left_out.items() if number)
    needed = runs_needed(level)
    return (
        f"To show that a chance is below {chance_in_words(level)}, {plural(needed, 'run')} with one kind of schedule"
        f" are needed, all of which were below {percent(target)} after a third of their epochs; the folder has"
        f" {there or 'none'}{f' (left out: {without})' if without else ''}."
    )
