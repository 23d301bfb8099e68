"""Sessions of browsers: the cookie, who holds it, and the token that forms carry."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from grader.model.review import Role
from grader.store.sessions import LASTS, begin_session, end_session, find_session
from grader.web.dashboard.dashboard import Dashboard
from grader.web.viewer import ADMIN, Viewer


@dataclass(frozen=True)
class Cookie:
    """What a browser keeps for us."""

    what: str
    seconds: int

    def name(self, dashboard: Dashboard) -> str:
        """With the prefix that keeps other hosts of the same domain from setting it (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-grader-{self.what}" if dashboard.is_https else f"grader-{self.what}"

    def read(self, request: Request) -> str:
        """What the browser sent; "" where it sent none."""
        return request.cookies.get(self.name(dashboard_of(request)), "")

    def put(self, dashboard: Dashboard, answer: Response, value: str) -> None:
        """No script can read it, and no other site can send it along with a form."""
        answer.set_cookie(self.name(dashboard), value, max_age=self.seconds, **_rules(dashboard))

    def take_back(self, dashboard: Dashboard, answer: Response) -> None:
        """Delete it."""
        answer.delete_cookie(self.name(dashboard), **_rules(dashboard))


SESSION = Cookie("session", int(LASTS.total_seconds()))
VISIT = Cookie("visit", 3600)  # of somebody who is about to sign in
WAY_BACK = Cookie("way-back", 600)  # of somebody who is away at the forge


def dashboard_of(request: Request) -> Dashboard:
    """What the pages of this application were made with."""
    found: Dashboard = request.app.state.dashboard
    return found


Pages = Annotated[Dashboard, Depends(dashboard_of)]


def by_session(request: Request) -> Viewer | None:
    """Whoever holds a session's cookie. What instructors may do is read from the configuration each time."""
    secret = SESSION.read(request)
    if not secret:
        return None
    dashboard, digest = dashboard_of(request), digest_of(secret)
    found = dashboard.store.transact(lambda connection: find_session(connection, digest))
    if found is None:
        return None
    if found.role == "instructor" and found.login == ADMIN and dashboard.admin_token:
        return Viewer(login=ADMIN, role="instructor")
    teaches = found.role == "instructor" and found.login in dashboard.instructors
    return Viewer(login=found.login, role="instructor" if teaches else "student")


def sign_in(dashboard: Dashboard, answer: Response, login: str, role: Role) -> None:
    """Begin a session, under a secret that nobody can have planted before."""
    secret = new_secret()
    digest = digest_of(secret)
    dashboard.store.transact(lambda connection: begin_session(connection, digest=digest, login=login, role=role))
    SESSION.put(dashboard, answer, secret)


def sign_out(dashboard: Dashboard, request: Request, answer: Response) -> None:
    """End the session, here and in the browser."""
    digest = digest_of(SESSION.read(request))
    dashboard.store.transact(lambda connection: end_session(connection, digest))
    SESSION.take_back(dashboard, answer)


def new_secret() -> str:
    """256 bits that can't be guessed."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What the store knows a secret by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(secret: str) -> str:
    """What a form carries to show that it is ours: only who knows the cookie can make it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def _rules(dashboard: Dashboard) -> dict[str, Any]:
    return {"path": "/", "secure": dashboard.is_https, "httponly": True, "samesite": "lax"}
