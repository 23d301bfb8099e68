"""An assignment's class: results, distribution, criteria, and the table of students."""

from collections import Counter

from fastapi import APIRouter, Request, Response

from grader.batch.results.overview import draw
from grader.batch.results.view.page import page as class_view
from grader.store.appeals import open_appeals
from grader.store.gradings import find_grading
from grader.web.access import Instructor
from grader.web.dashboard.class_results import ClassResults, class_results
from grader.web.dashboard.dashboard import Dashboard, GradedAssignment
from grader.web.dashboard.exports import FORMATS
from grader.web.dashboard.moments import moment
from grader.web.dashboard.outdated import outdated
from grader.web.dashboard.refusals import NotThere
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import Pages
from grader.web.dashboard.standing import Standing

router = APIRouter(include_in_schema=False)


@router.get("/assignments/{name}")
def show(name: str, request: Request, dashboard: Pages, who: Instructor) -> Response:
    """Everybody, as it stands now."""
    assignment = assignment_of(dashboard, name)
    results = class_results(dashboard, assignment)
    rows = results.rows
    view = class_view(rows, results.described)
    old = outdated((standing for standing, _ in results.students), assignment.rubric)
    appealed = _appealed(dashboard, name)
    return page(
        request,
        "class.html.j2",
        who,
        page=view,
        drawings=draw(rows, results.described, view),
        marks=_marks(results, appealed),
        appeals=len(appealed),
        outdated=Counter(_regrading(one) for one in old),
        dead=sum(one.newest is not None and one.newest.state == "dead" for one, _ in results.students),
        name=assignment.name,
        deadline=moment(assignment.deadline.isoformat()) if assignment.deadline else None,
        formats=FORMATS,
    )


def assignment_of(dashboard: Dashboard, name: str) -> GradedAssignment:
    """The assignment of that name. Raises NotThere."""
    found = dashboard.assignments.get(name)
    if found is None:
        raise NotThere
    return found


def _regrading(standing: Standing) -> str:
    """How far grading a result again is: `done` where nobody asked for it, `busy` while it goes on, else `stopped`."""
    again = standing.again
    return "busy" if again is not None and again.is_open else "done" if again == standing.counts else "stopped"


def _appealed(dashboard: Dashboard, name: str) -> set[str]:
    """Repositories about which an appeal waits for its answer."""
    return dashboard.store.transact(
        lambda c: {found.repository for one in open_appeals(c, [name]) if (found := find_grading(c, one.job_id))}
    )


def _marks(results: ClassResults, appealed: set[str]) -> dict[str, tuple[str, ...]]:
    """What a line of the table says beside its result, by the address that it leads to."""
    marks: dict[str, tuple[str, ...]] = {}
    for standing, _ in results.students:
        shown, newest = standing.counts or standing.newest, standing.newest
        if shown is None or newest is None:
            continue
        said = (
            ("points set by a person", standing.override is not None),
            ("appeal", shown.repository in appealed),
            ("being graded", newest.state == "running"),
            ("in the queue", newest.is_open and newest.state != "running"),
            ("given up", newest.state == "dead"),
        )
        marks[f"/jobs/{shown.id}"] = tuple(text for text, holds in said if holds)
    return marks
