"""The stylesheet and the scripts: a few files of ours, known by their digest."""

import hashlib
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter, Request, Response

from grader.report.templates import script, stylesheet
from grader.web.dashboard.refusals import NotThere

router = APIRouter(include_in_schema=False)

_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """What is sent, and what names it."""

    content: bytes
    kind: str
    digest: str


@cache
def files() -> dict[str, StaticFile]:
    """All of them, by name."""
    texts = {
        "dashboard.css": (stylesheet("report.css", "overview.css", "web/dashboard.css"), "text/css; charset=utf-8"),
        "students.js": (script("overview.js"), "text/javascript; charset=utf-8"),
        "live.js": (script("web/live.js"), "text/javascript; charset=utf-8"),
        "icon.svg": (script("web/icon.svg"), "image/svg+xml"),
    }
    return {name: _file(text.encode(), kind) for name, (text, kind) in texts.items()}


def address_of(name: str) -> str:
    """Its address, which changes with its content."""
    return f"/static/{name}?v={files()[name].digest[:16]}"


@router.get("/static/{name}")
def static_file(name: str, request: Request, v: str = "") -> Response:
    """One of the files; 304 where the browser has it."""
    found = files().get(name)
    if found is None:
        raise NotThere
    tag = f'"{found.digest[:32]}"'
    named = v == found.digest[:16]
    headers = {"ETag": tag, "Cache-Control": _FOREVER if named else "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.kind, headers=headers)


def _file(content: bytes, kind: str) -> StaticFile:
    return StaticFile(content, kind, hashlib.sha256(content).hexdigest())
