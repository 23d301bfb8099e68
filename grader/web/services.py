"""What all routes share: the configuration, the secrets and the store. Routers get it as `Shared`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from grader.store.engine import Store
from grader.web.configuration import Configuration
from grader.web.credentials import Credentials
from grader.web.metrics import Metrics
from grader.web.rate_limit import RateLimit
from grader.web.repositories import Course


@dataclass(frozen=True)
class Services:
    """One for each process. `workers_alive` tells whether this service's grading goes on."""

    configuration: Configuration
    courses: Mapping[str, Course]  # by the assignment's name
    credentials: Credentials
    store: Store
    refusals: RateLimit  # wrong signatures, by address
    metrics: Metrics = field(default_factory=Metrics)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    workers_alive: Callable[[], bool] = field(default=lambda: True)


def services_of(request: Request) -> Services:
    """The services of the application that answers a request."""
    services: Services = request.app.state.services
    return services


Shared = Annotated[Services, Depends(services_of)]
