"""The history of a branch by its commits' own dates, fetched as deep as the question needs: commits alone, no files.

A commit's date is what its author's machine wrote, or whoever set GIT_COMMITTER_DATE: a claim, not a record.
"""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.errors import SubmissionError
from grader.intake import git_command
from grader.intake.git_refusal import refusal
from grader.intake.git_remote import require_reference
from grader.intake.git_source import Remote
from grader.intake.git_transfer import environment_for, new_repository, succeed, transfer
from grader.intake.git_tree import FetchLimits

_DEPTHS = (1, 8, 64, 512, 4096)  # most branches end before the moment that is asked for: one commit tells
_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_BRANCH = re.compile(r"ref: refs/heads/(?P<name>[^\t\n]+)\tHEAD")


@dataclass(frozen=True)
class Dated:
    """A commit and the time that it claims, by its committer's date."""

    commit: str
    date: datetime


@dataclass(frozen=True)
class History:
    """A branch along its first parents: its newest commit, and the newest that is dated no later than a moment."""

    newest: Dated
    in_time: Dated | None  # None: the whole branch is dated later
    later: int  # commits that are dated after the moment, above the one in time


def default_branch(remote: Remote, limits: FetchLimits) -> str | None:
    """The branch that the repository's HEAD names; None where there is none, as in an empty repository.

    Raises as `git.fetch` does where the host cannot be reached.
    """
    found = _BRANCH.search(_listed(remote, ("HEAD",), limits))
    return found["name"] if found else None


def has_reference(remote: Remote, name: str, limits: FetchLimits) -> bool:
    """Whether there is a branch or tag of that name.

    Raises as `git.fetch` does where the host cannot be reached.
    """
    require_reference(name)
    short = name.removeprefix("refs/heads/")
    return bool(_listed(remote, (f"refs/heads/{short}", f"refs/tags/{short}"), limits))


def _listed(remote: Remote, patterns: tuple[str, ...], limits: FetchLimits) -> str:
    """What the other side says of references, see git-ls-remote(1)."""
    arguments = ("ls-remote", "--symref", "--", remote.url, *patterns)
    done = git_command.run(arguments, environment_for(remote), seconds=limits.seconds)
    if done.code != 0:
        raise refusal(remote, None, done.errors)
    return done.output.decode("utf-8", errors="replace")


def history_until(remote: Remote, ref: str | None, moment: datetime, workspace: Path, limits: FetchLimits) -> History:
    """The history of `ref` (None: the default branch) back to the newest commit that is dated no later than `moment`.

    Raises as `git.fetch` does, and SubmissionError for more later commits than are looked at.
    """
    require_reference(ref)
    for depth in _DEPTHS:
        commits, is_whole = _commits(remote, ref, depth, workspace / "history.git", limits)
        later = next((index for index, commit in enumerate(commits) if commit.date <= moment), None)
        if later is not None:
            return History(commits[0], commits[later], later)
        if is_whole:
            return History(commits[0], None, len(commits))
    raise SubmissionError(f"The repository {remote.shown} has more than {_DEPTHS[-1]:,} commits after the deadline.")


def _commits(
    remote: Remote, ref: str | None, depth: int, repository: Path, limits: FetchLimits
) -> tuple[list[Dated], bool]:
    """The newest commits of a branch, newest first, and whether there are no more."""
    try:
        new_repository(repository, limits)
        done = transfer(remote, (f"--depth={depth}", "--filter=tree:0"), (ref or "HEAD",), repository, limits)
        if done.code != 0:
            raise refusal(remote, ref, done.errors)
        told = git_command.environment(GIT_DIR=str(repository))
        lines = succeed(("log", "--first-parent", "--format=%H %ct", "FETCH_HEAD"), told, limits).decode().splitlines()
        is_whole = succeed(("rev-parse", "--is-shallow-repository"), told, limits).strip() == b"false"
    finally:
        shutil.rmtree(repository, ignore_errors=True)
    return [_dated(line) for line in lines], is_whole


def _dated(line: str) -> Dated:
    commit, _, digits = line.partition(" ")
    seconds = int(digits) if digits.isdecimal() else _LAST_SECOND  # what has no date that can be read is not in time
    return Dated(commit, datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC))
