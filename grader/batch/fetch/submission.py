"""One student's work, fetched: tried again where that may help, and with a name for whose doing it is where not."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from grader.batch.fetch.back_off import BackOff, persist
from grader.batch.fetch.deadline import Choice, Deadline, Record, choose
from grader.batch.fetch.forge import Forge, NoForge
from grader.errors import CommitGone, FetchError, GraderError, SubmissionError
from grader.intake.git import fetch
from grader.intake.git_command import TooSlow
from grader.intake.git_refusal import NoAccess, NoFolder, NoReference, Unreachable
from grader.intake.git_tree import FetchLimits
from grader.model.roster import RosterEntry
from grader.model.submission import Submission

_PASSING = (Unreachable, TooSlow)


@dataclass(frozen=True)
class FetchSettings:
    """How a class is fetched."""

    limits: FetchLimits = field(default_factory=FetchLimits)
    back_off: BackOff = field(default_factory=BackOff)
    deadline: Deadline | None = None
    forge: Forge = field(default_factory=NoForge)  # whose token opens its repositories; asked where there is a deadline
    named: bool = False  # every ref is a commit that the forge named; a rewritten history can take it away


@dataclass(frozen=True)
class Fetched:
    """What was fetched. Everything below `submission.checkout` is files; there is no git folder in it."""

    submission: Submission
    commit: str | None  # None for a local folder outside git
    received_at: str | None = None  # ISO 8601, as the forge says; None where it was not asked or does not know
    late: bool = False  # what is graded arrived after the deadline, because nothing did before it
    notes: tuple[str, ...] = ()  # how the commit was chosen, one sentence each; not part of any report


def fetch_submission(entry: RosterEntry, settings: FetchSettings, workspace: Path) -> Fetched:
    """Fetch what a line of the roster names into `workspace`, a folder of its own.

    Raises SubmissionError where the student is at fault (an empty or oversized repository, no such branch or folder),
    FetchError where network, machine or nobody knows who is, and UsageError where the roster is wrong.
    """
    if entry.repository is None:
        raise FetchError(f"There is no repository: {entry.missing or 'none is named'}.", fault="ours")
    entry = entry.model_copy(update={"repository": settings.forge.with_credentials(entry.repository)})
    try:
        choice = persist(lambda: _choose(entry, settings, workspace), _PASSING, settings.back_off)
        submission = persist(lambda: _fetch(entry, choice, settings, workspace), _PASSING, settings.back_off)
    except (NoFolder, NoReference) as problem:
        raise SubmissionError(problem.message, mend=problem.mend) from problem
    except NoAccess as problem:
        mend = "Ask the student whether it exists, and see that the account that grades may read it."
        raise FetchError(problem.message, fault="unknown", mend=mend) from problem
    except _PASSING as problem:
        raise FetchError(problem.message, fault="network", mend="Run the batch again with --failed.") from problem
    except OSError as problem:
        raise FetchError(f"The repository cannot be kept here: {problem.strerror}.", fault="ours") from problem
    return Fetched(submission, submission.commit, choice.received_at, choice.late, choice.notes)


def _choose(entry: RosterEntry, settings: FetchSettings, workspace: Path) -> Choice:
    if settings.deadline is None:
        return Choice(entry.ref, forge=settings.forge.name if settings.named else "")
    return choose(entry, settings.deadline, Record(settings.forge, settings.back_off), workspace, settings.limits)


def _fetch(entry: RosterEntry, choice: Choice, settings: FetchSettings, workspace: Path) -> Submission:
    """One attempt, without its git folder in the end: grading does not need it."""
    assert entry.repository is not None
    _clear(workspace)
    try:
        found = fetch(entry.repository, ref=choice.ref, path=entry.path, workspace=workspace, limits=settings.limits)
    except (GraderError, OSError) as problem:
        _clear(workspace)
        if not (isinstance(problem, NoReference) and choice.forge):
            raise
        message = f"The commit {choice.ref} that counts by {choice.forge}'s record is no longer there."
        mend = "History was rewritten since (a forced push); ask the student for that commit."
        raise CommitGone(message, fault="unknown", mend=mend) from problem
    shutil.rmtree(workspace / "repository.git", ignore_errors=True)
    return found.model_copy(update={"ref": entry.ref})


def _clear(workspace: Path) -> None:
    """Remove what an attempt left, this run's or one's that was killed."""
    for name in ("checkout", "repository.git"):
        shutil.rmtree(workspace / name, ignore_errors=True)
