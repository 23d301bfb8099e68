"""What a forge knows of a branch beyond its commits: when each state of it was received."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grader.batch.fetch.back_off import BackOff
from grader.intake.git_source import Remote


@dataclass(frozen=True)
class Push:
    """One change of a branch, as the forge recorded it."""

    received_at: datetime  # with its zone
    before: str | None  # the commit that the branch stood at; None where it began
    commit: str | None  # the commit that it stands at since; None where it was deleted
    forced: bool = False  # history was rewritten


class Forge(Protocol):
    """Asked when a repository received what. May be asked from several threads at once."""

    @property
    def name(self) -> str:
        """What sentences call it."""

    def holds(self, remote: Remote) -> bool:
        """Whether the repository lies on this forge."""

    def with_credentials(self, repository: str) -> str:
        """The address with what this forge wants to know of those who fetch from it; any other as it is."""

    def pushes(self, remote: Remote, branch: str, back_off: BackOff) -> Iterator[Push]:
        """All changes of the branch that are recorded, newest first; what is not drawn is not asked for.

        Raises FetchError where the forge can't be asked, after as much patience as `back_off` allows.
        """


class NoForge:
    """For repositories on hosts that record no times, or that nobody can ask."""

    name = "no forge"

    def holds(self, remote: Remote) -> bool:
        """It holds none."""
        return False

    def with_credentials(self, repository: str) -> str:
        """It has none."""
        return repository

    def pushes(self, remote: Remote, branch: str, back_off: BackOff) -> Iterator[Push]:
        """It knows of none."""
        return iter(())
