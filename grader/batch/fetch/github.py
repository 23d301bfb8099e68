"""When GitHub received what: its record of activity, which unlike a commit's date is not the student's to write.

Source: GitHub REST API 2022-11-28, "List repository activities" (`GET /repos/{owner}/{repo}/activity`) and "Rate
limits for the REST API".
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from grader.batch.fetch.back_off import BackOff, persist
from grader.batch.fetch.forge import Push
from grader.errors import FetchError, UsageError
from grader.intake.git_refusal import Unreachable
from grader.intake.git_source import Remote, printable, redact
from grader.publish.rate_limit import LEAST_WAIT, pause_of

PUBLIC_API = "https://api.github.com"
_PLACE = re.compile(r"/?(?P<owner>[A-Za-z0-9_.-]+)/(?P<name>[A-Za-z0-9_.-]+?)(?:\.git)?/?")
_SECONDS = 30  # to connect, and between two packets
_MOST_PAGES = 50


class _Activity(BaseModel):
    before: str
    after: str
    ref: str
    timestamp: AwareDatetime
    activity_type: str


_ACTIVITIES = TypeAdapter(list[_Activity])


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    following: str  # the address of the next page; "" on the last


@dataclass(frozen=True)
class GitHub:
    """github.com, or an Enterprise server. `longest_wait` bounds, in seconds, what is waited for a rate limit."""

    api: str = PUBLIC_API
    token: str = field(default="", repr=False)
    longest_wait: float = 900.0
    name: str = "GitHub"

    def __post_init__(self) -> None:
        parts = urlsplit(self.api)
        local = parts.hostname in ("127.0.0.1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise UsageError(
                f"{printable(redact(self.api))!r} is not the address of GitHub's API.",
                mend=f"It is {PUBLIC_API}, or https://HOST/api/v3 for an Enterprise server.",
            )

    @property
    def host(self) -> str:
        """Where the repositories lie whose activity this API tells."""
        return str(urlsplit(self.api).hostname).removeprefix("api.")

    def holds(self, remote: Remote) -> bool:
        """Whether it is a repository of this host."""
        return _place(remote, self.host) is not None

    def with_credentials(self, repository: str) -> str:
        """The address with the token, which git sends to this host alone, over https and in a header.

        An address that is not https, not on this host or brings its own credentials stays as it is.
        """
        parts = urlsplit(repository)
        known = parts.scheme == "https" and "@" not in parts.netloc and parts.hostname == self.host
        if not (self.token and known):
            return repository
        user = f"x-access-token:{quote(self.token, safe='')}"
        return urlunsplit(("https", f"{user}@{parts.netloc}", parts.path, "", ""))

    def pushes(self, remote: Remote, branch: str, back_off: BackOff) -> Iterator[Push]:
        """The branch's changes, newest first, a hundred per request.

        Raises FetchError where GitHub does not answer, refuses, or makes one wait longer than is allowed.
        """
        place = _place(remote, self.host)
        assert place is not None
        owner, name = place
        query = f"ref={quote(f'refs/heads/{branch}', safe='')}&per_page=100&direction=desc"
        url = f"{self.api.rstrip('/')}/repos/{owner}/{name}/activity?{query}"
        for _ in range(_MOST_PAGES):
            content, following = self._page(url, f"{owner}/{name}", back_off)
            for activity in content:
                if activity.ref == f"refs/heads/{branch}":
                    yield _push(activity)
            if not following:
                return
            url = following
        raise FetchError(
            f"GitHub's record of {owner}/{name} has more than {_MOST_PAGES * 100:,} entries.", fault="ours"
        )

    def _page(self, url: str, repository: str, back_off: BackOff) -> tuple[list[_Activity], str]:
        """One page and the address of the next, or "" after the last."""
        try:
            answer = persist(lambda: self._patiently(url, back_off), (Unreachable,), back_off)
        except Unreachable as problem:
            raise FetchError(problem.message, fault="network", mend="Run the batch again with --failed.") from problem
        if answer.status != 200:
            raise _refused(answer.status, repository, bool(self.token))
        if answer.following and urlsplit(answer.following)[:2] != urlsplit(self.api)[:2]:
            raise FetchError("GitHub's API leads to another host, which is not followed.", fault="ours")
        try:
            return _ACTIVITIES.validate_json(answer.body), answer.following
        except ValidationError:
            raise FetchError(f"GitHub's record of {repository} is not of the known form.", fault="ours") from None

    def _patiently(self, url: str, back_off: BackOff) -> _Answer:
        """An answer that is not about a rate limit; those are waited out, within the bound."""
        waited, least = 0.0, LEAST_WAIT
        while True:
            answer = self._ask(url)
            pause = _pause(answer, least)
            if pause is None:
                return answer
            if waited + pause > self.longest_wait:
                mend = "" if self.token else "Set GITHUB_TOKEN: with a token the limit is far higher."
                message = f"GitHub's rate limit is used up for another {pause / 60:.0f} minutes."
                raise FetchError(message, fault="network", mend=mend or "Run the batch again later with --failed.")
            back_off.wait(pause)
            waited, least = waited + pause, 2 * least

    def _ask(self, url: str) -> _Answer:
        """Raises Unreachable for what may pass."""
        import requests

        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        try:
            # The token as `auth`, so that nothing in a ~/.netrc takes its place; another host is never sent it.
            answer = requests.get(url, headers=headers, auth=self._sign, timeout=_SECONDS)
        except requests.RequestException as problem:
            raise Unreachable(f"GitHub's API does not answer: {type(problem).__name__}.") from problem
        if answer.status_code >= 500:
            raise Unreachable(f"GitHub's API answers with error {answer.status_code}.")
        following = answer.links.get("next", {}).get("url", "")
        return _Answer(answer.status_code, answer.headers, answer.content, following)

    def _sign(self, request: Any) -> Any:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def forge_of_environment(environment: Mapping[str, str] | None = None) -> GitHub:
    """GitHub as the environment names it: GITHUB_TOKEN or GH_TOKEN, and GITHUB_API_URL for an Enterprise server.

    Raises UsageError for an address that a token must not be sent to.
    """
    given = os.environ if environment is None else environment
    return GitHub(
        api=given.get("GITHUB_API_URL") or PUBLIC_API,
        token=(given.get("GITHUB_TOKEN") or given.get("GH_TOKEN") or "").strip(),
    )


def _place(remote: Remote, host: str) -> tuple[str, str] | None:
    """(owner, name) of a repository on this host; None elsewhere."""
    if "://" in remote.url:
        parts = urlsplit(remote.url)
        where, path = parts.hostname or "", parts.path
    else:
        where, _, path = remote.url.partition("@")[2].partition(":")
    found = _PLACE.fullmatch(path)
    known = (host, f"www.{host}", f"ssh.{host}")
    return (found["owner"], found["name"]) if found and where.lower() in known else None


def _push(activity: _Activity) -> Push:
    return Push(
        received_at=activity.timestamp.astimezone(UTC),
        before=_commit(activity.before),
        commit=None if activity.activity_type == "branch_deletion" else _commit(activity.after),
        forced=activity.activity_type == "force_push",
    )


def _commit(digits: str) -> str | None:
    return digits if re.fullmatch(r"[0-9a-f]{40}", digits) and digits.strip("0") else None


def _pause(answer: _Answer, least: float) -> float | None:
    """How long a rate limit wants one to wait, in seconds; None where the answer is about something else."""
    return pause_of(answer.status, answer.headers, least, is_limit=b"rate limit" in answer.body.lower())


def _refused(status: int, repository: str, has_token: bool) -> FetchError:
    if status == 401:
        return FetchError("GitHub does not accept the token.", fault="ours", mend="Renew GITHUB_TOKEN.")
    fault: Literal["ours", "unknown"] = "unknown" if status in (403, 404, 409) else "ours"
    rights = "with a token that may read the repository's contents"
    mend = f"Ask {rights}." if has_token else f"Set GITHUB_TOKEN to ask {rights}."
    return FetchError(f"GitHub does not tell the activity of {repository} (status {status}).", fault=fault, mend=mend)
