"""One grading: what came out, what changed, what was before, and what can be done about it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from markupsafe import Markup

from grader.batch.results.assignment import Assignment
from grader.errors import DamagedError
from grader.model.report import GradeReport
from grader.model.review import Grading, Override
from grader.report.escape import prose, visible
from grader.report.figures.points import points_ring
from grader.report.html import to_html
from grader.report.json_report import to_json
from grader.report.templates import content_security_policy, stylesheet
from grader.report.view.page import page as report_view
from grader.store.appeals import appeals_about
from grader.store.audit import entries
from grader.store.gradings import find_grading, history
from grader.store.overrides import overrides_of
from grader.store.progress import progress_since
from grader.store.results import find_report
from grader.web.access import Somebody
from grader.web.dashboard.comparison import Comparison, compare
from grader.web.dashboard.dashboard import Dashboard
from grader.web.dashboard.grading_view import STEPS, appeal_row, audit_rows, grading_row, override_row
from grader.web.dashboard.live import live_view
from grader.web.dashboard.outdated import is_outdated
from grader.web.dashboard.refusals import NotThere
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import Pages
from grader.web.dashboard.standing import counting
from grader.web.viewer import Viewer

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/jobs/{number}")
def show(number: Number, request: Request, dashboard: Pages, who: Somebody) -> Response:
    """The page of a grading."""
    grading = visible_grading(dashboard, who, number)
    return page(request, "grading.html.j2", who, **_context(dashboard, who, grading))


@router.get("/jobs/{number}/live")
def live(number: Number, request: Request, dashboard: Pages, who: Somebody) -> Response:
    """What is being done at the moment: a part of the page, asked for again as it goes on."""
    grading = visible_grading(dashboard, who, number)
    return page(request, "live.html.j2", who, row=grading_row(grading), live=_live(dashboard, grading), steps=STEPS)


@router.get("/jobs/{number}/report")
def report(number: Number, dashboard: Pages, who: Somebody) -> Response:
    """The whole report, under its own policy: nothing in it may run, load or be sent."""
    found = require_report(dashboard, visible_grading(dashboard, who, number))
    policy = f"{content_security_policy(stylesheet('report.css'))}; frame-ancestors 'none'; sandbox"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "private, no-store"}
    return Response(to_html(found), media_type="text/html; charset=utf-8", headers=headers)


@router.get("/jobs/{number}/report.json")
def report_as_data(number: Number, dashboard: Pages, who: Somebody) -> Response:
    """The report as data (grader/report/v1)."""
    found = require_report(dashboard, visible_grading(dashboard, who, number))
    headers = {"Content-Disposition": f'attachment; filename="report-{number}.json"'}
    return Response(to_json(found), media_type="application/json", headers=headers)


def visible_grading(dashboard: Dashboard, who: Viewer, number: int) -> Grading:
    """The grading of that number. Raises NotThere where there is none, or none that they may see."""
    found = dashboard.store.transact(lambda connection: find_grading(connection, number))
    if found is None or not who.may_see(found.login):
        raise NotThere
    return found


def require_report(dashboard: Dashboard, grading: Grading) -> GradeReport:
    """The report of a grading. Raises NotThere where there is none, DamagedError where it can't be read."""
    key = grading.report_key
    found = None if key is None else dashboard.store.transact(lambda connection: find_report(connection, key))
    if found is None:
        raise NotThere
    return found


def _context(dashboard: Dashboard, who: Viewer, grading: Grading) -> dict[str, Any]:
    name, repository = grading.assignment, grading.repository
    before, overrides, appeals, audit = dashboard.store.transact(
        lambda c: (
            [one for one in history(c, name, repository) if who.may_see(one.login)],
            overrides_of(c, name, repository),
            appeals_about(c, name, repository),
            entries(c, grading.subject, most=50) if who.is_instructor else [],
        )
    )
    known = dashboard.assignments.get(name)
    found, damaged = _report(dashboard, grading)
    counts = counting(before)
    held = next((one for one in overrides if not one.revoked_at), None)
    waiting = next((one for one in appeals if not one.answer), None)
    return {
        "row": grading_row(grading),
        "title": prose(known.title if known else name, 120),
        "assignment": name if known else "",
        "repository": visible(repository, 140),
        "forge": f"{dashboard.forge_url}/{repository}",
        "commit": grading.commit,
        "report": report_view(found) if found else None,
        "outdated": known is not None and is_outdated(grading, known.rubric),
        "ring": _ring(found, held),
        "damaged": damaged,
        "comparison": _comparison(dashboard, grading, before, found),
        "history": [grading_row(one) for one in before],
        "counts": counts.id if counts else 0,
        "newer": before[0].id if before and before[0].id > grading.id else 0,
        "override": override_row(held) if held else None,
        "overrides": [override_row(one) for one in overrides if one.revoked_at],
        "appeals": [appeal_row(one) for one in appeals if who.is_instructor or one.login == who.login],
        "appeal_waits": waiting is not None,
        "may_appeal": grading.login != "" and grading.login == who.login and not grading.is_open,
        "audit": audit_rows(audit),
        "max_points": found.score.max_points if found else None,
        "live": _live(dashboard, grading),
        "steps": STEPS,
    }


def _ring(found: GradeReport | None, held: Override | None) -> Markup | None:
    """The points that count; none where somebody is excused."""
    if found is None or (held is not None and held.points is None):
        return None
    return points_ring(found.score.points if held is None else held.points or 0.0, found.score.max_points)


def _report(dashboard: Dashboard, grading: Grading) -> tuple[GradeReport | None, str]:
    """The report, and what is wrong with it where it can't be read."""
    try:
        return require_report(dashboard, grading), ""
    except NotThere:
        return None, ""
    except DamagedError as problem:
        return None, problem.message


def _comparison(
    dashboard: Dashboard, grading: Grading, before: list[Grading], found: GradeReport | None
) -> tuple[Comparison, int] | None:
    """Against the last report before this grading, and the number of that one."""
    earlier = next((one for one in before if one.id < grading.id and one.report_key is not None), None)
    if found is None or earlier is None or earlier.report_key == grading.report_key:
        return None
    old, _ = _report(dashboard, earlier)
    return (compare(old, found), earlier.id) if old else None


def _live(dashboard: Dashboard, grading: Grading) -> object:
    if not grading.is_open:
        return None
    told = dashboard.store.transact(lambda connection: progress_since(connection, grading.id, 0))
    known = dashboard.assignments.get(grading.assignment)
    target = Assignment(known.title, known.rubric, "").target if known else None
    return live_view([text for _, text in told], target)
