"""Results by another version of the rubric than today's, and grading them again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from grader.model.review import Grading, subject_of
from grader.model.rubric import Rubric
from grader.store.audit import note
from grader.store.gradings import of_assignment
from grader.store.jobs import regrade_done
from grader.web.dashboard.dashboard import GradedAssignment
from grader.web.dashboard.standing import Standing, standings


def is_outdated(grading: Grading, rubric: Rubric) -> bool:
    """Whether its report was made with another rubric, or another version of it."""
    return grading.rubric_digest not in (None, rubric.digest)


def outdated(found: Iterable[Standing], rubric: Rubric) -> list[Standing]:
    """Those whose grade is by another version of the rubric."""
    return [one for one in found if one.counts is not None and is_outdated(one.counts, rubric)]


def grade_outdated_again(connection: Connection, assignment: GradedAssignment, *, who: str, now: datetime) -> int:
    """Queue the commits whose grade is by another version of the rubric; how many.

    Those that were queued again before are left alone: also where that is under way, was given up, or found no commit.
    """
    everybody = standings(of_assignment(connection, assignment.name), assignment.roster, {})
    gradings = [one.counts for one in outdated(everybody, assignment.rubric) if one.counts is not None]
    queued = sum(regrade_done(connection, grading.id, now) for grading in gradings)
    if queued:
        note(connection, who=who, action="regrade", subject=subject_of(assignment.name, "everybody"), results=queued)
    return queued
