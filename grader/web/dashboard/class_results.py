"""The results of an assignment, read out of the store."""

import math
from dataclasses import dataclass

from grader.batch.results.assignment import Assignment
from grader.model.grade import Grade
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.store.batches import now
from grader.store.gradings import of_assignment
from grader.store.overrides import overrides_that_hold
from grader.web.dashboard.dashboard import Dashboard, GradedAssignment
from grader.web.dashboard.standing import Standing, grade_of_standing, row_of, standings


@dataclass(frozen=True)
class ClassResults:
    """Everybody, each with the report that counts."""

    assignment: GradedAssignment
    students: tuple[tuple[Standing, GradeReport | None], ...]
    max_points: float

    @property
    def rows(self) -> list[ResultRow]:
        """A line each, in the same order."""
        return [row_of(standing, report, max_points=self.max_points) for standing, report in self.students]

    @property
    def grades(self) -> list[Grade]:
        """What a gradebook gets, in the same order."""
        return [grade_of_standing(standing, report, max_points=self.max_points) for standing, report in self.students]

    @property
    def described(self) -> Assignment:
        """What they are results of."""
        return Assignment(self.assignment.title, self.assignment.rubric, now())


def class_results(dashboard: Dashboard, assignment: GradedAssignment) -> ClassResults:
    """The results as they stand now."""
    gradings, overrides = dashboard.store.transact(
        lambda c: (of_assignment(c, assignment.name), overrides_that_hold(c, assignment.name))
    )
    found = standings(gradings, assignment.roster, overrides, dashboard.forge_url)
    students = tuple((standing, dashboard.reports.of(standing.counts)) for standing in found)
    given = max((report.score.max_points for _, report in students if report is not None), default=None)
    whole = math.fsum(criterion.points for criterion in assignment.rubric.criteria if criterion.kind != "bonus")
    return ClassResults(assignment, students, whole if given is None else given)
