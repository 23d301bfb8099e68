"""What people do about a grading: grade again, set points, appeal, answer. Each leaves a line in the audit trail."""

import math

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from grader.errors import UsageError
from grader.store.appeals import answer_appeal, file_appeal, find_appeal
from grader.store.audit import note
from grader.store.gradings import dead_letters, find_grading
from grader.store.jobs import regrade, revive
from grader.store.overrides import revoke_override, set_override
from grader.web.dashboard.class_page import assignment_of
from grader.web.dashboard.forms import Form, Sender, SendingInstructor, SentForm, text_of
from grader.web.dashboard.grading_page import Number, visible_grading
from grader.web.dashboard.outdated import grade_outdated_again
from grader.web.dashboard.refusals import BadForm, NotThere
from grader.web.dashboard.session import Pages
from grader.web.services import Shared

router = APIRouter(include_in_schema=False)

_LONGEST_REASON = 500
_LONGEST_TEXT = 4_000
_MOST_POINTS = 1e6


@router.post("/jobs/{number}/regrade")
def grade_again(number: Number, dashboard: Pages, services: Shared, who: SendingInstructor) -> RedirectResponse:
    """Grade the same commit once more; one that was given up is taken up again."""
    grading = visible_grading(dashboard, who, number)

    def work(c: Connection) -> int:
        note(c, who=who.login, action="regrade", subject=grading.subject, commit=grading.commit)
        if revive(c, number, services.now()):
            return number
        job = regrade(c, number, services.now())
        return number if job is None else job.id

    return _to(dashboard.store.transact(work))


@router.post("/assignments/{name}/regrade")
def grade_again_by_this_rubric(
    name: str, dashboard: Pages, services: Shared, who: SendingInstructor
) -> RedirectResponse:
    """Grade everybody again whose grade is by another version of the rubric."""
    assignment, now = assignment_of(dashboard, name), services.now()
    dashboard.store.transact(lambda c: grade_outdated_again(c, assignment, who=who.login, now=now))
    return RedirectResponse(f"/assignments/{name}", 303)


@router.post("/to-do/retry")
def retry_all(dashboard: Pages, services: Shared, who: SendingInstructor) -> RedirectResponse:
    """Take up everything again that was given up: the forge, or the machine, is well again."""

    def work(c: Connection) -> None:
        for grading in dead_letters(c, list(dashboard.assignments)):
            if revive(c, grading.id, services.now()):
                note(c, who=who.login, action="regrade", subject=grading.subject, commit=grading.commit)

    dashboard.store.transact(work)
    return RedirectResponse("/to-do", 303)


@router.post("/jobs/{number}/override")
def override(number: Number, dashboard: Pages, form: SentForm, who: SendingInstructor) -> RedirectResponse:
    """Set points in place of the report's, or excuse."""
    grading = visible_grading(dashboard, who, number)
    points = _points(form)
    reason = text_of(form, "reason", called="The reason", most=_LONGEST_REASON)
    place = {"assignment": grading.assignment, "repository": grading.repository}

    def work(c: Connection) -> None:
        set_override(c, **place, points=points, reason=reason, by=who.login)
        note(c, who=who.login, action="override", subject=grading.subject, points=points, reason=reason)

    dashboard.store.transact(work)
    return _to(number, "override")


@router.post("/jobs/{number}/override/revoke")
def revoke(number: Number, dashboard: Pages, who: SendingInstructor) -> RedirectResponse:
    """Let the report's points stand again."""
    grading = visible_grading(dashboard, who, number)

    def work(c: Connection) -> None:
        if revoke_override(c, grading.assignment, grading.repository):
            note(c, who=who.login, action="revoke override", subject=grading.subject)

    dashboard.store.transact(work)
    return _to(number, "override")


@router.post("/jobs/{number}/appeal")
def appeal(number: Number, dashboard: Pages, form: SentForm, who: Sender) -> RedirectResponse:
    """Object to a grading: the student whose work it is, and nobody else."""
    grading = visible_grading(dashboard, who, number)
    if grading.login != who.login:
        raise NotThere
    text = text_of(form, "text", called="What you object to", most=_LONGEST_TEXT)
    if grading.is_open:
        raise BadForm("This commit is still being graded: wait for its report.")

    def work(c: Connection) -> None:
        file_appeal(c, job=number, login=who.login, text=text)
        note(c, who=who.login, action="appeal", subject=grading.subject)

    try:
        dashboard.store.transact(work)
    except UsageError as problem:
        raise BadForm(str(problem)) from None
    return _to(number, "appeals")


@router.post("/appeals/{number}/answer")
def answer(number: Number, dashboard: Pages, form: SentForm, who: SendingInstructor) -> RedirectResponse:
    """Answer an appeal, once."""
    text = text_of(form, "text", called="The answer", most=_LONGEST_TEXT)

    def work(c: Connection) -> int:
        found = find_appeal(c, number)
        grading = None if found is None else find_grading(c, found.job_id)
        if grading is None:
            raise NotThere
        answer_appeal(c, number, text=text, by=who.login)
        note(c, who=who.login, action="answer appeal", subject=grading.subject)
        return grading.id

    try:
        return _to(dashboard.store.transact(work), "appeals")
    except UsageError as problem:
        raise BadForm(str(problem)) from None


def _points(form: Form) -> float | None:
    """The points of the form; None to excuse. Raises BadForm."""
    if form.get("standing") == "excused":
        return None
    try:
        points = float(form.get("points", "").strip().replace(",", "."))
    except ValueError:
        raise BadForm("The points are not a number.") from None
    if not math.isfinite(points) or not 0 <= points <= _MOST_POINTS:
        raise BadForm("The points have to be a number from 0 to 1,000,000.")
    return points


def _to(number: int, place: str = "") -> RedirectResponse:
    return RedirectResponse(f"/jobs/{number}{'#' if place else ''}{place}", 303)
