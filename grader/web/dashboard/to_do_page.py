"""What waits for a person: appeals without an answer, and what grading gave up."""

from fastapi import APIRouter, Request, Response

from grader.store.appeals import open_appeals
from grader.store.gradings import dead_letters, find_grading
from grader.web.access import Instructor
from grader.web.dashboard.grading_view import appeal_row, grading_row
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import Pages

router = APIRouter(include_in_schema=False)


@router.get("/to-do")
def show(request: Request, dashboard: Pages, who: Instructor) -> Response:
    """The list."""
    names = list(dashboard.assignments)
    appeals, dead = dashboard.store.transact(
        lambda c: (
            [(one, find_grading(c, one.job_id)) for one in open_appeals(c, names)],
            dead_letters(c, names),
        )
    )
    return page(
        request,
        "to_do.html.j2",
        who,
        appeals=[(appeal_row(one), grading_row(grading)) for one, grading in appeals if grading],
        dead=[grading_row(one) for one in dead],
    )
