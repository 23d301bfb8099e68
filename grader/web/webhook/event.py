"""The parts of GitHub's `push` and `pull_request` events that are read; everything else in them is ignored.

Source: GitHub Docs, "Webhook events and payloads"; the schemas of `@octokit/webhooks-schemas`.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FullName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=240)]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EventRepository(_Part):
    """`pushed_at` is seconds since 1970 in a push, ISO 8601 elsewhere."""

    full_name: FullName
    default_branch: str = Field(max_length=250)
    pushed_at: int | str | None = None

    @property
    def received_at(self) -> datetime | None:
        """When GitHub had the newest push; None where it does not say."""
        try:
            if isinstance(self.pushed_at, int):
                return datetime.fromtimestamp(self.pushed_at, UTC)
            found = datetime.fromisoformat(self.pushed_at) if self.pushed_at else None
        except (ValueError, OverflowError, OSError):
            return None
        return found if found is not None and found.tzinfo is not None else None


class Account(_Part):
    """Who did something."""

    login: str = Field(max_length=100)


class Push(_Part):
    """The event `push`. `after` is forty zeros where the branch was deleted."""

    ref: str = Field(max_length=500)
    after: Commit
    deleted: bool
    repository: EventRepository


class Head(_Part):
    """What a pull request proposes. `repo` is None where the fork was deleted."""

    ref: str = Field(max_length=250)
    sha: Commit
    repo: EventRepository | None


class Base(_Part):
    """Where a pull request leads."""

    repo: EventRepository


class PullRequest(_Part):
    """A pull request as it was at the event."""

    number: int = Field(gt=0, lt=2**31)
    state: str
    user: Account | None
    head: Head
    base: Base


class PullRequestEvent(_Part):
    """The event `pull_request`."""

    action: str
    pull_request: PullRequest
    repository: EventRepository
