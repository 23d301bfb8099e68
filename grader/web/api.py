"""The JSON interface, for programs: with the admin token, or with the session of a browser, which may only read."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response
from sqlalchemy import Connection

from grader.model.base import Frozen
from grader.model.job import JobState
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.model.review import Grading
from grader.report.json_report import to_json
from grader.store.audit import note
from grader.store.gradings import find_grading, listed
from grader.store.jobs import regrade, revive
from grader.store.results import find_report
from grader.web.access import Instructor, Somebody
from grader.web.dashboard.class_results import class_results
from grader.web.dashboard.outdated import grade_outdated_again
from grader.web.dashboard.session import Pages
from grader.web.services import Services, Shared
from grader.web.viewer import Viewer

_LARGEST = 2**31 - 1  # number in a store
Number = Annotated[int, Path(ge=1, le=_LARGEST)]
_WHO: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is signed in"},
    429: {"description": "Too many requests"},
}
_NOT_THERE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such thing, or it is not yours to see"}
}
_BY_TOKEN: dict[int | str, dict[str, Any]] = {**_NOT_THERE, 403: {"description": "Only with the admin token"}}

router = APIRouter(prefix="/api", tags=["results"], responses=_WHO)


class ListedAssignment(Frozen):
    """An assignment, in short."""

    name: str
    title: str
    rubric: str
    rubric_digest: str
    train: bool
    deadline: str | None


class Queued(Frozen):
    """How many commits will be graded again."""

    queued: int


@router.get("/assignments", summary="All assignments")
def assignments(services: Shared, who: Somebody) -> list[ListedAssignment]:
    """In the order of the configuration."""
    return [
        ListedAssignment(
            name=name,
            title=course.assignment.shown,
            rubric=course.rubric.id,
            rubric_digest=course.rubric.digest,
            train=course.assignment.train,
            deadline=course.assignment.deadline,
        )
        for name, course in services.courses.items()
    ]


@router.get("/assignments/{name}/results", summary="A class: one line for each student", responses=_NOT_THERE)
def results(name: Annotated[str, Path(max_length=100)], dashboard: Pages, who: Instructor) -> list[ResultRow]:
    """As the exports have it: with overrides, the report that counts, and who handed in nothing."""
    assignment = dashboard.assignments.get(name)
    if assignment is None:
        raise HTTPException(404, "Not Found")
    return class_results(dashboard, assignment).rows


@router.post(
    "/assignments/{name}/regrade-outdated",
    status_code=202,
    summary="Grade again what is by another version of the rubric",
    responses=_BY_TOKEN,
)
def grade_outdated(
    name: Annotated[str, Path(max_length=100)], services: Shared, dashboard: Pages, who: Instructor
) -> Queued:
    """Of each student the commit that counts, where its report was made with another rubric than today's."""
    require_admin_token(who)
    assignment, now = dashboard.assignments.get(name), services.now()
    if assignment is None:
        raise HTTPException(404, "Not Found")
    return Queued(queued=services.store.transact(lambda c: grade_outdated_again(c, assignment, who=who.login, now=now)))


@router.get("/jobs", summary="What was, is and will be graded, the newest first")
def jobs(
    services: Shared,
    who: Somebody,
    assignment: Annotated[str | None, Query(max_length=100)] = None,
    login: Annotated[str | None, Query(max_length=100, description="On the forge, in lower case")] = None,
    state: JobState | None = None,
    before: Annotated[int | None, Query(ge=1, le=_LARGEST, description="To read on: the last number")] = None,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Grading]:
    """Students see their own."""
    if not who.is_instructor:
        if login not in (None, who.login):
            return []
        login = who.login

    def read(connection: Connection) -> list[Grading]:
        return listed(connection, assignment=assignment, login=login, state=state, before=before, most=most)

    return services.store.transact(read)


@router.get("/jobs/{number}", summary="One job", responses=_NOT_THERE)
def job(number: Number, services: Shared, who: Somebody) -> Grading:
    """With its report's verdict and points, where it has one."""
    return visible(services, who, number)


@router.get(
    "/jobs/{number}/report",
    summary="A job's report, grader/report/v1",
    response_model=GradeReport,
    responses={**_NOT_THERE, 503: {"description": "The store is away"}},
)
def report(number: Number, services: Shared, who: Somebody) -> Response:
    """The whole report."""
    key = visible(services, who, number).report_key
    found = None if key is None else services.store.transact(lambda connection: find_report(connection, key))
    if found is None:
        raise HTTPException(404, "Not Found")
    return Response(to_json(found), media_type="application/json")


@router.post(
    "/jobs/{number}/regrade",
    status_code=202,
    summary="Grade a commit again",
    responses=_BY_TOKEN,
)
def grade_again(number: Number, services: Shared, who: Instructor) -> Grading:
    """The job that will do it: a dead one that is tried again, or the commit's next generation."""
    require_admin_token(who)

    def work(connection: Connection) -> Grading | None:
        found, now = find_grading(connection, number), services.now()
        if found is None:
            return None
        note(connection, who=who.login, action="regrade", subject=found.subject, commit=found.commit)
        again = None if revive(connection, number, now) else regrade(connection, number, now)
        return find_grading(connection, again.id if again else number)

    done = services.store.transact(work)
    if done is None:
        raise HTTPException(404, "Not Found")
    return done


def require_admin_token(who: Viewer) -> None:
    """Raises HTTPException 403 for a session: another site could make a browser send its cookie, never a header."""
    if not who.by_token:
        raise HTTPException(403, "Send the admin token as `Authorization: Bearer TOKEN`.")


def visible(services: Services, who: Viewer, number: int) -> Grading:
    """The job of that number. Raises HTTPException 404 where there is none, or none that they may see."""
    found = services.store.transact(lambda connection: find_grading(connection, number))
    if found is None or not who.may_see(found.login):
        raise HTTPException(404, "Not Found")
    return found
