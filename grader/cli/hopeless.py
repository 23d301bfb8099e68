"""`--stop-hopeless LEVEL --calibration DIR`: from the options to the rules by which runs are given up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.model.hopeless import HopelessRule
    from grader.model.rubric import Rubric

StopHopeless = Annotated[
    float | None,
    typer.Option(
        "--stop-hopeless",
        metavar="LEVEL",
        help="Stop a run whose chance to still pass is below this, by --calibration; for example 0.05. Off by default.",
    ),
]
CalibrationRuns = Annotated[
    Path | None,
    typer.Option(
        "--calibration", metavar="DIR", help="Runs of reference models, kept by `grader calibrate` or `baseline`."
    ),
]


def hopeless_rules(
    level: float | None, folder: Path | None, rubric: "Rubric", epochs: int | None
) -> "tuple[HopelessRule, ...]":
    """The rules for a rubric, whose epochs --epochs may replace; none without --stop-hopeless.

    Raises UsageError where one option lacks the other, the level is no small chance, the rubric judges more than
    whether a target is reached, and where the folder has too few runs.
    """
    from grader.errors import UsageError

    if level is None and folder is None:
        return ()
    if level is None:
        raise UsageError(
            "--calibration says by which runs a hopeless one is stopped.", mend="Add --stop-hopeless LEVEL."
        )
    if not 0 < level < 0.5:
        raise UsageError(f"--stop-hopeless is a chance between 0 and 0.5, for example 0.05; {level:g} is not.")
    if folder is None:
        mend = "Name the folder that `grader calibrate` or `grader baseline` wrote, with --calibration."
        raise UsageError("--stop-hopeless needs runs of reference models.", mend=mend)
    from grader.calibration.hopeless import hopeless_rules as rules_of
    from grader.checks.run import training_goal
    from grader.reference.kept import kept_runs

    goal = training_goal(rubric)
    if not goal.targets or goal.others:
        reason = "has no accuracy criterion" if not goal.targets else "judges trainings by more than their accuracy"
        raise UsageError(f"--stop-hopeless can't be used with the rubric {rubric.id!r}: it {reason}.")
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}, which --calibration names.")
    task = rubric.task if epochs is None else rubric.task.model_copy(update={"epochs": epochs})
    return rules_of(kept_runs(folder), task, min(one.target for one in goal.targets), level)
