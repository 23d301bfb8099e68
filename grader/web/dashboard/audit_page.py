"""The audit trail: who did what, and the form that deletes a student's data."""

from fastapi import APIRouter, Request, Response

from grader.errors import UsageError
from grader.model.review import pseudonym
from grader.store.audit import entries, note
from grader.store.forget import forget
from grader.web.access import Instructor
from grader.web.dashboard.forms import SendingInstructor, SentForm, text_of
from grader.web.dashboard.grading_view import audit_rows
from grader.web.dashboard.refusals import BadForm
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import Pages

router = APIRouter(include_in_schema=False)

_PAGE = 100


@router.get("/audit")
def show(request: Request, dashboard: Pages, who: Instructor, before: int | None = None) -> Response:
    """The newest lines, or those before a line."""
    number = None if before is None else min(max(before, 0), 2**31 - 1)
    found = dashboard.store.transact(lambda c: entries(c, before=number, most=_PAGE + 1))
    more = found[_PAGE - 1].id if len(found) > _PAGE else None
    return page(request, "audit.html.j2", who, rows=audit_rows(found[:_PAGE]), more=more)


@router.post("/students/forget")
def forget_student(request: Request, dashboard: Pages, form: SentForm, who: SendingInstructor) -> Response:
    """Delete all that is kept of a student, whose name has to be written twice."""
    student = text_of(form, "student", called="The student's name", most=200)
    if form.get("again", "").strip() != student:
        raise BadForm("The two names are not the same: nothing was deleted.")
    try:
        found = dashboard.store.transact(lambda c: forget(c, student))
    except UsageError as problem:
        raise BadForm(str(problem)) from None
    dashboard.store.transact(
        lambda c: note(
            c,
            who=who.login,
            action="forget",
            subject=pseudonym(student.lower()),
            gradings=found.gradings,
            reports=found.reports,
        )
    )
    dashboard.reports.clear()
    return page(request, "forgotten.html.j2", who, found=found)
