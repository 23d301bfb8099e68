"""What the dashboard's pages are given: the store, the assignments, who is an instructor, how one signs in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from grader.model.roster import RosterEntry
from grader.model.rubric import Rubric
from grader.store.engine import Store
from grader.web.dashboard.kept_reports import KeptReports
from grader.web.dashboard.oauth import OAuthApp
from grader.web.services import Services


@dataclass(frozen=True)
class GradedAssignment:
    """An assignment as its pages need it."""

    name: str
    title: str
    rubric: Rubric
    roster: tuple[RosterEntry, ...] = ()  # who is to hand in; nobody has to be in it
    deadline: datetime | None = None


@dataclass(frozen=True)
class Dashboard:
    """Everything that the pages work with. `public_url` is how browsers reach it, without a path."""

    store: Store
    assignments: Mapping[str, GradedAssignment]
    instructors: frozenset[str]  # logins, lower case
    public_url: str
    admin_token: str = field(default="", repr=False)
    oauth: OAuthApp | None = None
    forge_url: str = "https://github.com"  # where repositories have their pages

    @cached_property
    def reports(self) -> KeptReports:
        """Reports that were looked at."""
        return KeptReports(self.store)

    @property
    def is_https(self) -> bool:
        """Whether cookies may be marked as secure."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser's Origin header gives them."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()


def dashboard_for(services: Services) -> Dashboard:
    """The dashboard of a service."""
    configuration, credentials = services.configuration, services.credentials
    app = None
    if credentials.oauth_client_id:
        app = OAuthApp(credentials.oauth_client_id, credentials.oauth_client_secret, configuration.api_url)
    return Dashboard(
        store=services.store,
        assignments={
            name: GradedAssignment(
                name=name,
                title=course.assignment.shown,
                rubric=course.rubric,
                roster=course.entries,
                deadline=course.assignment.ends,
            )
            for name, course in services.courses.items()
        },
        instructors=frozenset(configuration.instructors),
        public_url=configuration.public_url,
        admin_token=credentials.admin_token,
        oauth=app,
        forge_url=OAuthApp("", "", configuration.api_url).web_url,
    )
