"""Which commit counts at a deadline: the last one that was received before it, as far as anybody can tell.

When a commit was received is the forge's record. What a commit says of its own date is used only where that was
asked for, and said so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.forge import Forge, Push
from grader.errors import FetchError, SubmissionError, UsageError
from grader.intake.git_history import default_branch, has_reference, history_until
from grader.intake.git_refusal import NoReference
from grader.intake.git_remote import require_reference
from grader.intake.git_source import Remote, parse, printable
from grader.intake.git_tree import FetchLimits
from grader.model.roster import RosterEntry

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Deadline:
    """A moment, and who is believed about what was there by then. What came in that very second is in time."""

    moment: datetime  # with its zone
    trust_commit_dates: bool = False


@dataclass(frozen=True)
class Record:
    """Who is asked what was received when, and how patiently."""

    forge: Forge
    back_off: BackOff


@dataclass(frozen=True)
class Choice:
    """What to fetch, and what is known about it."""

    ref: str | None
    received_at: str | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    forge: str = ""  # whose record named `ref`; then it is a commit that a forced push may have taken away


def parse_deadline(text: str) -> datetime:
    """The moment that an ISO 8601 text names.

    Raises UsageError for another form, and for a time without its zone, which would be another one elsewhere.
    """
    example = "Write it with its zone, as 2026-03-01T23:59:00+01:00 or 2026-03-01T22:59:00Z."
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"The deadline {printable(text)!r} is not a time in ISO 8601.", mend=example) from None
    if moment.tzinfo is None:
        raise UsageError(f"The deadline {printable(text)!r} names no time zone.", mend=example)
    return moment


def choose(entry: RosterEntry, deadline: Deadline, record: Record, workspace: Path, limits: FetchLimits) -> Choice:
    """What of an entry's repository counts.

    Raises FetchError where that cannot be found out, and as `git.fetch` does.
    """
    require_reference(entry.ref)
    source = parse(entry.repository or "")
    if isinstance(source, Path):
        return Choice(entry.ref, notes=("A local folder does not say when it was handed in; it was graded as it is.",))
    if entry.ref is not None and _COMMIT.fullmatch(entry.ref):
        return Choice(entry.ref, notes=("The roster names the commit; the deadline was not applied to it.",))
    if record.forge.holds(source):
        try:
            return _as_received(source, entry.ref, deadline.moment, record, limits)
        except FetchError as problem:
            if not deadline.trust_commit_dates or problem.fault == "network":
                raise
            why = problem.message
    else:
        why = f"Nobody records when {source.shown} received its commits."
        if not deadline.trust_commit_dates:
            mend = "Leave out the deadline, or use the dates that commits claim, with --trust-commit-dates."
            raise FetchError(f"{why.removesuffix('.')}, so the deadline cannot be applied.", fault="ours", mend=mend)
    dated = _as_dated(source, entry.ref, deadline.moment, workspace, limits)
    return Choice(dated.ref, late=dated.late, notes=(why, *dated.notes))


def _as_received(remote: Remote, ref: str | None, moment: datetime, record: Record, limits: FetchLimits) -> Choice:
    branch = ref.removeprefix("refs/heads/") if ref else default_branch(remote, limits)
    if branch is None:
        raise SubmissionError(f"The repository {remote.shown} is empty.")
    in_time, later = _split(record.forge.pushes(remote, branch, record.back_off), moment)
    if in_time is not None:
        return Choice(in_time.commit, _written(in_time.received_at), notes=_left_out(later), forge=record.forge.name)
    if not later and not has_reference(remote, branch, limits):
        raise NoReference(f"The repository {remote.shown} has no branch or tag {printable(branch)}.")
    if not later or later[-1].before is not None:
        began = f" begins on {_written(later[-1].received_at)}" if later else f" of {printable(branch)} is empty"
        raise FetchError(
            f"What {remote.shown} held at the deadline is not known: {record.forge.name}'s record{began}.",
            fault="unknown",
            mend="Grade this student by hand, or use the dates that commits claim, with --trust-commit-dates.",
        )
    newest = next((push for push in later if push.commit is not None), None)
    if newest is None:
        raise SubmissionError(f"The branch {printable(branch)} of {remote.shown} was deleted.")
    first = f"Nothing was received before the deadline; the first push came on {_written(later[-1].received_at)}."
    return Choice(newest.commit, _written(newest.received_at), late=True, notes=(first,), forge=record.forge.name)


def _split(pushes: Iterable[Push], moment: datetime) -> tuple[Push | None, list[Push]]:
    """The last push in time, and those after the moment, newest first. The record is read no further than that."""
    later: list[Push] = []
    for push in pushes:
        if push.received_at > moment:
            later.append(push)
        elif push.commit is not None:  # a branch that was deleted in time still had been received before
            return push, later
    return None, later


def _left_out(later: list[Push]) -> tuple[str, ...]:
    if not later:
        return ()
    many = f"{len(later)} pushes" if len(later) > 1 else "A push"
    forced = " and rewrote history" if any(push.forced for push in later) else ""
    last = (
        f", the last on {_written(later[0].received_at)}" if len(later) > 1 else f" on {_written(later[0].received_at)}"
    )
    was = "were" if len(later) > 1 else "was"
    return (f"{many} came after the deadline{last}{forced}, and {was} not graded.",)


def _as_dated(remote: Remote, ref: str | None, moment: datetime, workspace: Path, limits: FetchLimits) -> Choice:
    history = history_until(remote, ref, moment, workspace, limits)
    claim = "which is the student's claim (--trust-commit-dates)"
    if history.in_time is None:
        note = f"All commits are dated after the deadline, the newest {_written(history.newest.date)}, {claim}."
        return Choice(history.newest.commit, late=True, notes=(note,))
    note = f"The commit is dated {_written(history.in_time.date)}, {claim}."
    more = f"{history.later} later commit{'s' if history.later > 1 else ''} left out." if history.later else ""
    return Choice(history.in_time.commit, notes=(note, more) if more else (note,))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
