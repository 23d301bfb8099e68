"""Who asks, and what they may see. What is not theirs looks like what is not there.

Routes take `Somebody` or `Instructor`. A program may send the admin token as `Authorization: Bearer TOKEN`; browsers
send the cookie of a session.
"""

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from grader.web.dashboard.session import by_session
from grader.web.services import services_of
from grader.web.viewer import ADMIN, Viewer


def is_admin_token(request: Request, said: str) -> bool:
    """Compares in constant time. A wrong token counts as a refusal of its address."""
    services = services_of(request)
    token = services.credentials.admin_token
    if token and hmac.compare_digest(said.strip().encode(), token.encode()):
        return True
    services.refusals.spend(address_of(request))
    return False


def address_of(request: Request) -> str:
    """Whose request it is, for counting."""
    return request.client.host if request.client else ""


def viewer_of(request: Request) -> Viewer | None:
    """Who asks; None for nobody. The same answer during one request.

    Raises HTTPException 429 for an address that sent too many wrong tokens.
    """
    if not hasattr(request.state, "viewer"):
        word, _, said = request.headers.get("authorization", "").partition(" ")
        if word.lower() == "bearer":
            refuse_after_too_many(request)
            known = Viewer(ADMIN, "instructor", by_token=True) if is_admin_token(request, said) else None
        else:
            known = by_session(request)
        request.state.viewer = known
    found: Viewer | None = request.state.viewer
    return found


def refuse_after_too_many(request: Request) -> None:
    """Raises HTTPException 429 for an address that sent too many wrong tokens."""
    pause = services_of(request).refusals.pause(address_of(request))
    if pause > 0:
        raise HTTPException(429, "Too many attempts. Wait a moment.", {"Retry-After": str(max(1, round(pause)))})


def somebody(request: Request) -> Viewer:
    """Who asks. Raises HTTPException 401 for nobody."""
    found = viewer_of(request)
    if found is None:
        raise HTTPException(401, "Sign in first.", {"WWW-Authenticate": "Bearer"})
    return found


Somebody = Annotated[Viewer, Depends(somebody)]


def instructor(who: Somebody) -> Viewer:
    """Who asks, if they are an instructor; for others there is nothing (404)."""
    if not who.is_instructor:
        raise HTTPException(404, "Not Found")
    return who


Instructor = Annotated[Viewer, Depends(instructor)]
