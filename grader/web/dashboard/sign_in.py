"""Signing in and out: by an account on the forge, or by the admin token."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from grader.model.review import Role
from grader.store.audit import note
from grader.web.access import address_of, is_admin_token, refuse_after_too_many, viewer_of
from grader.web.dashboard.dashboard import Dashboard
from grader.web.dashboard.forms import Sender, SentForm, require_token
from grader.web.dashboard.oauth import Begun, SignInError, authorization_url, begin, login_of
from grader.web.dashboard.refusals import NotThere, SignInFailed
from grader.web.dashboard.rendering import page
from grader.web.dashboard.session import VISIT, WAY_BACK, Pages, form_token, new_secret
from grader.web.dashboard.session import sign_in as begin_session
from grader.web.dashboard.session import sign_out as end_session
from grader.web.services import services_of
from grader.web.viewer import ADMIN

router = APIRouter(include_in_schema=False)

_SEPARATOR = "~"  # stands in neither of the two secrets, which are base64url


@router.get("/sign-in")
def show(request: Request, dashboard: Pages, next: str = "/") -> Response:
    """The ways in."""
    if viewer_of(request):
        return RedirectResponse(_inside(next), 303)
    secret = new_secret()
    shown = page(
        request,
        "sign_in.html.j2",
        None,
        next=_inside(next),
        with_account=dashboard.oauth is not None,
        with_token=dashboard.admin_token is not None,
        form_token=form_token(secret),
    )
    VISIT.put(dashboard, shown, secret)
    return shown


@router.post("/sign-in/token")
def with_token(request: Request, dashboard: Pages, form: SentForm) -> Response:
    """The admin token, for one person's use."""
    require_token(form, form_token(VISIT.read(request) or new_secret()))
    refuse_after_too_many(request)
    if not is_admin_token(request, form.get("token", "")):
        raise SignInFailed("That is not the token. It stands in the environment of the service.")
    return _welcome(dashboard, ADMIN, "instructor", form.get("next", "/"))


@router.get("/sign-in/account")
def to_forge(request: Request, dashboard: Pages, next: str = "/") -> Response:
    """To the forge, which knows who somebody is."""
    if dashboard.oauth is None:
        raise NotThere
    refuse_after_too_many(request)
    begun = begin()
    answer = RedirectResponse(authorization_url(dashboard.oauth, begun, back=_back(dashboard)), 303)
    kept = _SEPARATOR.join((begun.state, begun.verifier, _inside(next)))
    WAY_BACK.put(dashboard, answer, kept)
    return answer


@router.get("/sign-in/account/back")
def from_forge(request: Request, dashboard: Pages, code: str = "", state: str = "") -> Response:
    """Back from the forge."""
    if dashboard.oauth is None:
        raise NotThere
    kept = WAY_BACK.read(request).split(_SEPARATOR, 2)
    if len(kept) < 3 or not state or kept[0] != state:
        services_of(request).refusals.spend(address_of(request))
        raise SignInFailed("This sign-in was not begun here, or too long ago. Begin again.")
    if not code or len(code) > 200:
        raise SignInFailed("The forge did not let you in. Begin again, and agree to what it asks.")
    try:
        login = login_of(dashboard.oauth, Begun(kept[0], kept[1]), code=code, back=_back(dashboard))
    except SignInError as problem:
        raise SignInFailed(str(problem)) from None
    answer = _welcome(dashboard, login, "instructor" if login in dashboard.instructors else "student", kept[2])
    WAY_BACK.take_back(dashboard, answer)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, dashboard: Pages, who: Sender) -> Response:
    """End the session."""
    answer = RedirectResponse("/sign-in", 303)
    end_session(dashboard, request, answer)
    return answer


def _welcome(dashboard: Dashboard, login: str, role: Role, next: str) -> RedirectResponse:
    answer = RedirectResponse(_inside(next), 303)
    begin_session(dashboard, answer, login, role)
    VISIT.take_back(dashboard, answer)
    if role == "instructor":
        dashboard.store.transact(lambda c: note(c, who=login, action="sign in", subject="the service"))
    return answer


def _inside(next: str) -> str:
    """A path of ours; the first page for anything that could lead elsewhere."""
    parts = urlsplit(next)
    safe = next.startswith("/") and not next.startswith(("//", "/\\")) and not parts.netloc and next.isprintable()
    return next if safe and next.isascii() and "\\" not in next and len(next) < 500 else "/"


def _back(dashboard: Dashboard) -> str:
    return f"{dashboard.public_url.rstrip('/')}/sign-in/account/back"
