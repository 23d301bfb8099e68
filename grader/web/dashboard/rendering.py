"""Pages out of templates/web."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from grader.report.templates import environment
from grader.web.access import viewer_of
from grader.web.dashboard.session import SESSION, form_token
from grader.web.dashboard.static_files import address_of
from grader.web.viewer import Viewer

PRIVATE = {"Cache-Control": "private, no-store"}


def page(request: Request, template: str, viewer: Viewer | None, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page. `viewer` is who is signed in."""
    text = (
        environment()
        .get_template(f"web/{template}")
        .render(
            viewer=viewer,
            form_token=context.pop("form_token", form_token(SESSION.read(request))),
            address_of=address_of,
            here=request.url.path,
            **context,
        )
    )
    return HTMLResponse(text, status, headers=PRIVATE)


def refusal_page(request: Request, *, status: int, title: str, message: str) -> HTMLResponse:
    """A page that says why there is none."""
    return page(request, "refusal.html.j2", viewer_of(request), status=status, title=title, message=message)
