"""Where a report is posted: a repository of a forge, a commit of it, and a pull request that shows that commit."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.errors import UsageError
from grader.report.escape import visible

PUBLIC_API = "https://api.github.com"
_REPOSITORY = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<name>[A-Za-z0-9._-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Place:
    """`commit` is what the report is about; without `pull_request` only the commit itself can show it."""

    repository: str  # OWNER/NAME
    commit: str  # 40 hex digits
    pull_request: int | None = None
    api: str = PUBLIC_API

    def __post_init__(self) -> None:
        require_repository(self.repository)
        require_api(self.api)
        if not _COMMIT.fullmatch(self.commit):
            raise UsageError(
                f"{visible(self.commit)!r} is not a commit.", mend="Give its 40 hexadecimal digits, e.g. with --sha."
            )
        if self.pull_request is not None and self.pull_request < 1:
            raise UsageError(f"{self.pull_request} is not the number of a pull request.")

    @property
    def owner(self) -> str:
        """OWNER."""
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        """NAME."""
        return self.repository.partition("/")[2]

    @property
    def shown(self) -> str:
        """For messages: "course/mnist-ada, pull request 7"."""
        return f"{self.repository}, {self.local}"

    @property
    def local(self) -> str:
        """The place in its repository, for messages."""
        return f"commit {self.commit[:7]}" if self.pull_request is None else f"pull request {self.pull_request}"


def require_repository(text: str) -> str:
    """OWNER/NAME as it was given. Raises UsageError where it is something else."""
    found = _REPOSITORY.fullmatch(text)
    if found is None or found["name"] in (".", ".."):
        raise UsageError(f"{visible(text)!r} is not a repository.", mend="Write OWNER/NAME, e.g. course/mnist-ada.")
    return text


def require_api(address: str) -> str:
    """The address of an API without a slash at its end.

    Raises UsageError for an address that a token must not be sent to: without TLS on another machine, or with
    credentials in it.
    """
    parts = urlsplit(address)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    safe = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not parts.hostname or not safe or "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"{visible(parts.hostname or address.rpartition('@')[2])!r} is not the address of GitHub's API.",
            mend=f"It is {PUBLIC_API}, or https://HOST/api/v3 for an Enterprise server.",
        )
    return address.rstrip("/")
