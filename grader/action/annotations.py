"""Which lines of a submission are marked in a pull request, and with what. Pure."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from grader.action.workflow_commands import annotation
from grader.model.outcome import Outcome, Status
from grader.model.report import GradeReport
from grader.report.notation import plural

MOST = 10  # of each level that the runner shows of one step (GitHub, "Usage limits" of annotations)

Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True)
class Annotation:
    """One mark. `file` is below the repository's root, "" where no file is to blame; `line` is None in a notebook."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: int | None = None

    @property
    def command(self) -> str:
        """The line that makes the runner show it."""
        return annotation(self.level, self.message, title=self.title, file=self.file, line=self.line)


def annotations(report: GradeReport, root: str = "") -> tuple[Annotation, ...]:
    """At most ten of each level; `root` is the graded folder, relative to the repository's root.

    Errors are required criteria that failed, warnings what could not be decided, notices what was missed without harm.
    What is beyond ten is counted in the last one. A submission that can't be graded is one error.
    """
    if not report.gradable:
        return (_ungradable(report, root),)
    found = [mark for outcome in report.outcomes if (mark := _mark(outcome, root)) is not None]
    return tuple(mark for level in get_args(Level) for mark in _capped([one for one in found if one.level == level]))


def _mark(outcome: Outcome, root: str) -> Annotation | None:
    if outcome.status in (Status.PASSED, Status.SKIPPED):
        return None
    failed: Level = "error" if outcome.kind == "required" else "notice"
    level: Level = failed if outcome.status is Status.FAILED else "warning"
    state = {Status.FAILED: "", Status.INCONCLUSIVE: " (inconclusive)", Status.ERROR: " (error on our side)"}
    return _placed(level, f"{outcome.title}{state[outcome.status]}", outcome, root)


def _ungradable(report: GradeReport, root: str) -> Annotation:
    if not report.outcomes:
        return Annotation("error", "Not graded", report.summary)
    return _placed("error", "Not graded", report.outcomes[0], root)


def _placed(level: Level, title: str, outcome: Outcome, root: str) -> Annotation:
    message = "\n".join(filter(None, (outcome.message, outcome.fix)))
    if not outcome.evidence:
        return Annotation(level, title, message)
    place = outcome.evidence[0]
    file = str(PurePosixPath(root) / place.file)
    if place.cell is None:
        return Annotation(level, title, message, file, place.line)
    # The runner counts lines in the notebook's JSON, where nobody looks: the cell is told in words.
    line = "" if place.line is None else f", line {place.line}"
    return Annotation(level, f"{title}: cell {place.cell}{line}", message, file)


def _capped(marks: list[Annotation]) -> list[Annotation]:
    if len(marks) <= MOST:
        return marks
    more = len(marks) - MOST + 1
    last = Annotation(marks[0].level, f"{plural(more, 'more criterion', 'more criteria')}", "See the job summary.")
    return [*marks[: MOST - 1], last]
