"""The application: middleware, routers, and nothing that starts by itself."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from grader import __version__
from grader.errors import StoreError
from grader.web import api, events, health
from grader.web.dashboard.pages import add_pages
from grader.web.security_headers import SecurityHeaders
from grader.web.services import Services
from grader.web.throttle import Throttle
from grader.web.webhook import route as webhook
from grader.web.webhook.inbox import Inbox

_ABOUT = "An autograder for deep-learning courses: what was handed in, how it was graded, and why."


def create_app(services: Services) -> FastAPI:
    """The whole service. `app.state.services` is what routers get as `grader.web.services.Shared`."""
    app = FastAPI(
        title="grader",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.services = services
    app.state.inbox = Inbox(services.store)
    for router in (webhook.router, health.router, api.router, events.router):
        app.include_router(router)
    add_pages(app, services)
    app.add_exception_handler(StoreError, _store_is_away)
    limit = services.configuration.limits.requests_per_minute
    app.add_middleware(Throttle, per_minute=limit, metrics=services.metrics)
    app.add_middleware(SecurityHeaders, secure=services.configuration.is_secure)
    return app


async def _store_is_away(request: Request, problem: Exception) -> JSONResponse:
    """One sentence; the store's place is for the log alone."""
    return JSONResponse({"detail": "The store can't be reached at the moment."}, 503, headers={"Retry-After": "30"})
