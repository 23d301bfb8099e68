"""`--stop-at-target`: a run ends at its first epoch at the target, where the rubric lets it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.model.rubric import Rubric

StopAtTarget = Annotated[
    bool,
    typer.Option("--stop-at-target", help="End a run at its first epoch at the target. Off by default."),
]


def require_stop_allowed(rubric: "Rubric") -> None:
    """Raise UsageError where the rubric judges more than whether an epoch reaches the target."""
    from grader.checks.run import training_goal
    from grader.errors import UsageError

    reason = training_goal(rubric).why_no_stop
    if reason:
        raise UsageError(f"--stop-at-target can't be used with the rubric {rubric.id!r}: it {reason}.")
