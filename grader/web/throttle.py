"""Bounds how often one address, and one session, may ask. Deliveries are not counted: their signature is."""

from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.web.metrics import Metrics
from grader.web.rate_limit import RateLimit

SESSION_COOKIES = ("__Host-grader-session", "grader-session")  # over https, and on this machine
_UNCOUNTED = ("/webhook", "/healthz", "/readyz")


class Throttle:
    """Answers 429 with Retry-After to whoever asks too often, and counts all answers."""

    def __init__(self, app: ASGIApp, *, per_minute: int, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._limit = RateLimit(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(f"{message['status'] // 100}xx").inc()
            await send(message)

        await self._limited(scope, receive, counted)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in _UNCOUNTED:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        callers = [f"address {request.client.host if request.client else ''}"]
        if session := _session(request):
            callers.append(f"session {session}")
        refused = [caller for caller in callers if not self._limit.spend(caller)]
        if refused:
            seconds = max(1, round(max(self._limit.pause(caller) for caller in refused)))
            answer = PlainTextResponse(
                "Too many requests. Wait a moment.\n", 429, headers={"Retry-After": str(seconds)}
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _session(request: Request) -> str:
    try:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return next((cookies[name].value for name in SESSION_COOKIES if name in cookies), "")
