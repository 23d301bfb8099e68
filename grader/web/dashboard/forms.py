"""Reading a form: bounded, strict, and only from pages of ours."""

import hmac
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from grader.web.access import Instructor, Somebody
from grader.web.dashboard.refusals import BadForm, FormRefused, TooLarge
from grader.web.dashboard.session import SESSION, dashboard_of, form_token
from grader.web.viewer import Viewer

_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 16
TOKEN = "form_token"  # noqa: S105  the field's name

Form = dict[str, str]


async def read_form(request: Request) -> Form:
    """The fields of a urlencoded form. Raises BadForm, TooLarge, and FormRefused for one that another site sent."""
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() != dashboard_of(request).origin:
        raise FormRefused
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadForm("A form of another kind was expected.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise TooLarge("A form can't hold more than 64 KB.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadForm("The form can't be read.") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


SentForm = Annotated[Form, Depends(read_form)]


def require_token(form: Form, expected: str) -> None:
    """Raises FormRefused unless the form carries this token. Compares in constant time."""
    if not hmac.compare_digest(form.get(TOKEN, "").encode(), expected.encode()):
        raise FormRefused


def sender(request: Request, form: SentForm, who: Somebody) -> Viewer:
    """Who sent a form of ours. Raises FormRefused for a form of another page than ours."""
    _require_session_token(request, form, who)
    return who


def sending_instructor(request: Request, form: SentForm, who: Instructor) -> Viewer:
    """The instructor who sent a form of ours; for anybody else there is nothing."""
    _require_session_token(request, form, who)
    return who


def _require_session_token(request: Request, form: Form, who: Viewer) -> None:
    if not who.by_token:  # a token in a header is sent by nobody's browser without being asked
        require_token(form, form_token(SESSION.read(request)))


Sender = Annotated[Viewer, Depends(sender)]
SendingInstructor = Annotated[Viewer, Depends(sending_instructor)]


def text_of(form: Form, name: str, *, called: str, most: int) -> str:
    """A text that has to be there. Raises BadForm, in one sentence."""
    text = form.get(name, "").strip()
    if not text:
        raise BadForm(f"{called} is missing.")
    if len(text) > most:
        raise BadForm(f"{called} is longer than {most:,} characters.")
    return text
