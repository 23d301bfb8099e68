"""A service, its class, and whoever visits it."""

from functools import cached_property

from asgi_client import Client
from classroom import Visitor

from grader.web.services import Services


class School:
    """`jobs` are the numbers of the gradings that tests speak of."""

    def __init__(self, services: Services, client: Client, jobs: dict[str, int]) -> None:
        self.services, self._client, self.jobs = services, client, jobs

    def visitor(self, login: str = "", role: str = "student") -> Visitor:
        """Somebody's browser; nobody is signed in without a login."""
        return Visitor(self.services, self._client, login, role)

    @cached_property
    def instructor(self) -> Visitor:
        return self.visitor("prof-ada", "instructor")
