"""The runs of one reference model over its seeds, out of their reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.model.report import GradeReport
from grader.model.training import TrainingRun
from grader.reference.runs import Wanted


@dataclass(frozen=True)
class Observed:
    """One model. A run that its recipe ended early, or that diverged, counts as it is, because grading counts it so."""

    key: str
    runs: tuple[TrainingRun, ...]  # by seed
    recipe: str  # the recipe's name
    left_out: tuple[str, ...] = ()  # runs that prove nothing, one sentence each


def observe(reports: Mapping[Wanted, GradeReport]) -> tuple[Observed, ...]:
    """The models in the order in which the runs name them; interrupted and failed runs are left out by name."""
    keys = dict.fromkeys(wanted.key for wanted in reports)
    return tuple(_observed(key, [(one, reports[one]) for one in reports if one.key == key]) for key in keys)


def _observed(key: str, reports: Iterable[tuple[Wanted, GradeReport]]) -> Observed:
    runs: list[TrainingRun] = []
    left_out: list[str] = []
    name = ""
    for wanted, report in sorted(reports, key=lambda pair: pair[0].seed):
        training = report.training
        run = next((run for run in training.runs if run.seed == wanted.seed), None)
        name = name or str((training.recipe or {}).get("name", ""))
        if run is None or not run.epochs:
            left_out.append(f"{wanted} was not trained: {training.reason or report.summary}")
        elif run.stopped == "interrupted":
            left_out.append(f"{wanted} was interrupted after epoch {len(run.epochs)}.")
        elif run.stopped == "target":
            left_out.append(f"{wanted} was stopped at the target, after epoch {len(run.epochs)}.")
        elif run.stopped == "hopeless":
            left_out.append(f"{wanted} was stopped as hopeless after epoch {len(run.epochs)}.")
        else:
            runs.append(run)
    return Observed(key, tuple(runs), name, tuple(left_out))
