"""The dashboard's routes, and how a refusal looks to a person."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from grader.errors import DamagedError
from grader.web.dashboard import (
    audit_page,
    class_page,
    exports,
    grading_page,
    home_page,
    reviewing,
    sign_in,
    static_files,
    to_do_page,
)
from grader.web.dashboard.dashboard import dashboard_for
from grader.web.dashboard.refusals import NotThere, Refusal
from grader.web.dashboard.rendering import refusal_page
from grader.web.services import Services

_PARTS = (sign_in, home_page, class_page, exports, grading_page, reviewing, to_do_page, audit_page, static_files)
_FOR_PROGRAMS = ("/api", "/webhook", "/events", "/healthz", "/readyz", "/metrics")
_TITLES = {404: "Not found", 405: "Not found", 429: "Too many attempts"}


def add_pages(app: FastAPI, services: Services) -> None:
    """Serve the dashboard. `app.state.dashboard` is what its pages work with."""
    app.state.dashboard = dashboard_for(services)
    for part in _PARTS:
        app.include_router(part.router)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(DamagedError, _damaged)
    app.add_exception_handler(HTTPException, _not_answered)
    app.add_exception_handler(RequestValidationError, _not_valid)


async def _refused(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, Refusal):
        raise problem
    if _is_for_programs(request):
        return JSONResponse({"detail": problem.message}, problem.status)
    return await _page(request, problem.status, problem.title, problem.message)


async def _damaged(request: Request, problem: Exception) -> Response:
    message = f"{problem} An instructor can let it be graded again."
    if _is_for_programs(request):
        return JSONResponse({"detail": message}, 500)
    return await _page(request, 500, "This report can't be read", message)


async def _not_answered(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        raise problem
    if _is_for_programs(request):
        return await http_exception_handler(request, problem)
    if problem.status_code == 401:
        if request.method != "GET":
            return await _page(request, 401, "Please sign in", "Your session has ended. Nothing was changed.")
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(here, safe='/')}", 303)
    if problem.status_code in (404, 405):
        return await _refused(request, NotThere())
    title = _TITLES.get(problem.status_code, "That did not work")
    return await _page(request, problem.status_code, title, str(problem.detail), problem.headers)


async def _not_valid(request: Request, problem: Exception) -> Response:
    """A number in an address that is none names nothing."""
    if not isinstance(problem, RequestValidationError):
        raise problem
    if _is_for_programs(request):
        return await request_validation_exception_handler(request, problem)
    return await _refused(request, NotThere())


async def _page(
    request: Request, status: int, title: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    answer = await run_in_threadpool(refusal_page, request, status=status, title=title, message=message)
    answer.headers.update(headers or {})
    return answer


def _is_for_programs(request: Request) -> bool:
    return request.url.path.startswith(_FOR_PROGRAMS)
