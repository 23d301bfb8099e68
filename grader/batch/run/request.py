"""From a line of the roster and what was fetched for it to what the pipeline is asked."""

import shlex
from dataclasses import replace
from pathlib import Path

from grader.batch.run.settings import BatchSettings
from grader.intake.git_source import redact
from grader.model.roster import RosterEntry
from grader.model.submission import Submission
from grader.pipeline.request import Request

_NOWHERE = Path("nowhere")


def request_of(entry: RosterEntry, submission: Submission, settings: BatchSettings) -> Request:
    """The request for one student; what its .grader.yml says is for the worker to read."""
    command = (
        *("grader", "check", submission.source),
        *_named("--path", entry.path),
        *_named("--ref", submission.commit if "://" in submission.source else None),
        *_named("--model", entry.model),
        *_named("--recipe", entry.recipe),
        *settings.command,
    )
    return Request(
        submission=submission,
        rubric=settings.rubric,
        recipes=settings.recipes_of(entry),
        options=replace(settings.options, model=entry.model, command=shlex.join(command)),
        selected_by="the roster",
    )


def unfetched(entry: RosterEntry, settings: BatchSettings) -> Request:
    """The request for a repository that held nothing to fetch."""
    source = redact(entry.repository or "")
    nothing = Submission(source=source, checkout=_NOWHERE, root=_NOWHERE, path=entry.path, ref=entry.ref)
    return request_of(entry, nothing, settings)


def _named(option: str, value: str | None) -> tuple[str, ...]:
    return () if value is None else (option, value)
