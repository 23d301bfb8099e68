"""`POST /webhook`: a delivery is checked, kept and answered; grading comes later."""

import re
import time
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from grader.errors import StoreError
from grader.store.deliveries import Delivery
from grader.web.services import Services, Shared
from grader.web.webhook.decision import Decision, of_pull_request, of_push
from grader.web.webhook.event import PullRequestEvent, Push
from grader.web.webhook.signature import is_signed

router = APIRouter(tags=["webhook"])
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVENT = re.compile(r"[a-z0-9_]{1,64}")


class _Refused(Exception):
    """An answer other than 202."""

    def __init__(self, status: int, message: str, pause: float = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.pause = status, message, pause


@router.post(
    "/webhook",
    status_code=202,
    summary="A delivery of GitHub's",
    responses={
        400: {"description": "It can't be read"},
        403: {"description": "The signature is wrong"},
        413: {"description": "It is too large"},
        429: {"description": "Too many wrong signatures from this address"},
        503: {"description": "The store is away; GitHub shows it as failed, and the sweep finds it"},
    },
)
async def webhook(
    request: Request,
    services: Shared,
    x_github_event: Annotated[str, Header()] = "",
    x_github_delivery: Annotated[str, Header()] = "",
    x_hub_signature_256: Annotated[str, Header()] = "",
) -> JSONResponse:
    """Keeps the delivery and queues what it asks for. A delivery that came before changes nothing."""
    began = time.perf_counter()
    try:
        body = await _signed_body(request, services, x_hub_signature_256)
        said = await _keep(request, services, x_github_event, x_github_delivery, body)
        answer = JSONResponse({"outcome": said}, 202)
    except _Refused as refused:
        said = f"refused {refused.status}"
        headers = {"Retry-After": str(max(1, round(refused.pause)))} if refused.pause else None
        answer = JSONResponse({"detail": refused.message}, refused.status, headers=headers)
    services.metrics.deliveries.labels(said).inc()
    services.metrics.delivery_seconds.observe(time.perf_counter() - began)
    return answer


async def _signed_body(request: Request, services: Services, signature: str) -> bytes:
    """The whole body, once its signature is known to be right. Nothing in it is looked at before."""
    address = request.client.host if request.client else ""
    if pause := services.refusals.pause(address):
        raise _Refused(429, "Too many wrong signatures from this address.", pause)
    if not signature:
        services.refusals.spend(address)
        raise _Refused(403, "There is no X-Hub-Signature-256: give the webhook its secret.")
    body = await _body(request, services.configuration.limits.delivery_megabytes * 2**20)
    if not is_signed(services.credentials.webhook_secret, body, signature):
        services.refusals.spend(address)
        raise _Refused(403, "The signature is wrong: the webhook has another secret.")
    return body


async def _body(request: Request, most: int) -> bytes:
    too_large = _Refused(413, f"A delivery has at most {most >> 20} MB.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                raise too_large
    except ClientDisconnect:
        raise _Refused(400, "The delivery is cut off.") from None
    return bytes(body)


async def _keep(request: Request, services: Services, event: str, identifier: str, body: bytes) -> str:
    """Keep it, and what it came to."""
    if not _ID.fullmatch(identifier) or not _EVENT.fullmatch(event):
        raise _Refused(400, "X-GitHub-Delivery and X-GitHub-Event are missing or of an unknown form.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Refused(400, "Choose the content type application/json for the webhook.")
    repository, decision = _decided(services, event, body)
    delivery = Delivery(id=identifier, event=event, repository=repository, outcome=decision.outcome)
    try:
        new = await request.app.state.inbox.put(delivery, decision, services.now())
    except StoreError:
        raise _Refused(503, "The store is away. The delivery was not kept.", 60) from None
    return decision.outcome if new else "delivered before"


def _decided(services: Services, event: str, body: bytes) -> tuple[str, Decision]:
    """(owner/name, what is to be done) of an event."""
    courses, now = services.courses.values(), services.now()
    try:
        if event == "push":
            push = Push.model_validate_json(body)
            return push.repository.full_name.lower(), of_push(push, courses, now)
        if event == "pull_request":
            pull = PullRequestEvent.model_validate_json(body)
            return pull.repository.full_name.lower(), of_pull_request(pull, courses, now)
    except ValidationError as problem:
        where = ".".join(str(part) for part in problem.errors()[0]["loc"])
        raise _Refused(400, f"The {event} event is not of the known form{f' at {where}' if where else ''}.") from None
    return "", Decision.nothing("pong" if event == "ping" else "an event that is not needed")
