"""From a report to a grade: the only place that decides whether there is one, and what it comes to."""

import math

from grader.model.grade import CriterionGrade, Grade
from grader.model.outcome import Outcome
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry


def grade_of(entry: RosterEntry, report: GradeReport | None, *, max_points: float) -> Grade:
    """The grade of one student; `max_points` is what the rubric gives, for those without a report.

    Only a verdict is a grade: what is inconclusive or our own error stays open for a person, and is never a zero.
    """
    if entry.excused:
        return _without(entry, "excused", "Excused.", max_points)
    if report is None:
        reason = f"Nothing to grade: {entry.missing}." if entry.missing else "Not graded yet."
        return _without(entry, "not_graded", reason, max_points)
    if report.verdict not in ("pass", "fail"):
        return _without(entry, "not_graded", report.summary, max_points)
    criteria = tuple(criterion_grade(outcome) for outcome in report.outcomes)
    return Grade(
        student=entry.student,
        name=entry.name,
        standing="graded",
        reason=report.summary,
        points=round(math.fsum(line.points for line in criteria), 6),
        max_points=report.score.max_points,
        passed=report.verdict == "pass",
        criteria=criteria,
        columns=entry.columns,
    )


def _without(entry: RosterEntry, standing: str, reason: str, max_points: float) -> Grade:
    return Grade.model_validate(
        {
            "student": entry.student,
            "name": entry.name,
            "standing": standing,
            "reason": reason,
            "points": 0.0,
            "max_points": max_points,
            "columns": entry.columns,
        }
    )


def criterion_grade(outcome: Outcome) -> CriterionGrade:
    """One line of a grade."""
    place = outcome.evidence[0] if outcome.evidence else None
    return CriterionGrade(
        id=outcome.id,
        title=outcome.title,
        bonus=outcome.kind == "bonus",
        status=outcome.status,
        points=outcome.points,
        max_points=outcome.max_points,
        message=outcome.message,
        file=place.file if place else "",
        line=place.line if place else None,
    )
