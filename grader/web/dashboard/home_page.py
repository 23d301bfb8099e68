"""The first page: an instructor's assignments, or a student's own work."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from grader.report.escape import prose
from grader.store.appeals import open_appeals
from grader.store.gradings import counts, dead_letters, gradings_of
from grader.web.access import Somebody
from grader.web.dashboard.dashboard import Dashboard, GradedAssignment
from grader.web.dashboard.grading_view import grading_row
from grader.web.dashboard.moments import Moment, moment
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import Pages

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class AssignmentCard:
    """An assignment in the list."""

    name: str
    title: str
    rubric: str
    deadline: Moment | None
    repositories: int
    busy: int
    dead: int
    appeals: int


@router.get("/")
def home(request: Request, dashboard: Pages, who: Somebody) -> Response:
    """Where everybody begins."""
    if who.is_instructor:
        return page(request, "assignments.html.j2", who, cards=_cards(dashboard))
    found = dashboard.store.transact(lambda connection: gradings_of(connection, who.login))
    rows = [(_title(dashboard, grading.assignment), grading_row(grading)) for grading in found]
    return page(request, "own_work.html.j2", who, rows=rows)


def _cards(dashboard: Dashboard) -> list[AssignmentCard]:
    return [_card(dashboard, one) for one in dashboard.assignments.values()]


def _card(dashboard: Dashboard, assignment: GradedAssignment) -> AssignmentCard:
    names = [assignment.name]
    found, dead, appeals = dashboard.store.transact(
        lambda c: (counts(c, assignment.name), dead_letters(c, names), open_appeals(c, names))
    )
    return AssignmentCard(
        name=assignment.name,
        title=prose(assignment.title, 120),
        rubric=prose(assignment.rubric.title, 160),
        deadline=moment(assignment.deadline.isoformat()) if assignment.deadline else None,
        repositories=found["repositories"],
        busy=found["busy"],
        dead=len(dead),
        appeals=len(appeals),
    )


def _title(dashboard: Dashboard, name: str) -> str:
    known = dashboard.assignments.get(name)
    return prose(known.title if known else name, 120)
