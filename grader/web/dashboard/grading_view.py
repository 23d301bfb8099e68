"""One grading as its page shows it. Pure: every text that a person or a submission wrote is made visible here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grader.model.review import Appeal, AuditEntry, Grading, Override
from grader.report.escape import prose, visible
from grader.report.notation import points
from grader.web.dashboard.moments import Moment, moment

_STATES = {
    "waiting": ("Waiting", "…", "none"),
    "running": ("Being graded", "↻", "busy"),
    "failed": ("Will be tried again", "↻", "warn"),
    "dead": ("Not graded: a problem on our side", "!", "ours"),
    "gone": ("Commit is gone", "–", "none"),
}
_VERDICTS = {
    "pass": ("Passed", "✓", "pass"),
    "fail": ("Not passed", "✕", "fail"),
    "inconclusive": ("Inconclusive", "?", "warn"),
    "error": ("Error on our side", "!", "ours"),
}
_CAUSES = {
    "push": "pushed",
    "pull_request": "pull request",
    "sweep": "found by the sweep",
    "regrade": "graded again",
}
_STAGES = {
    "clone": "Fetching the commit",
    "probe": "Building the model",
    "analyse": "Measuring the graph",
    "train": "Training",
    "report": "Writing the report",
}
STEPS = tuple(_STAGES)


@dataclass(frozen=True)
class GradingRow:
    """One grading in a list."""

    id: int
    assignment: str
    repository: str
    student: str
    commit: str  # short
    when: Moment | None
    cause: str
    branch: str
    late: bool
    word: str
    icon: str
    tone: str
    points: str  # "" where there are none
    problem: str
    stage: str  # what is being done
    step: int  # 1 to 5; 0 where nothing is
    busy: bool
    attempts: int
    pull_request: int | None


def grading_row(grading: Grading) -> GradingRow:
    """A line of a history."""
    ended = grading.state == "done" and grading.verdict is not None
    word, icon, tone = (
        _VERDICTS.get(grading.verdict or "", ("Done", "", "none"))
        if ended
        else _STATES.get(grading.state, (visible(grading.state, 20), "", "none"))
    )
    running = grading.state == "running"
    graded = ended and grading.verdict in ("pass", "fail") and grading.points is not None
    return GradingRow(
        id=grading.id,
        assignment=grading.assignment,
        repository=visible(grading.repository, 140),
        student=visible(grading.student, 80),
        commit=visible(grading.commit[:10], 12),
        when=moment(grading.handed_in_at),
        cause=_CAUSES.get(grading.cause, visible(grading.cause, 20)),
        branch=visible(grading.ref.removeprefix("refs/heads/"), 60),
        late=grading.late,
        word=word,
        icon=icon,
        tone=tone,
        points=f"{points(grading.points or 0.0)} / {points(grading.max_points or 0.0)}" if graded else "",
        problem=prose(grading.problem, 400),
        stage=_STAGES.get(grading.stage, "Starting") if running else "",
        step=STEPS.index(grading.stage) + 1 if running and grading.stage in STEPS else 0,
        busy=grading.is_open,
        attempts=grading.attempts,
        pull_request=grading.pull_request,
    )


@dataclass(frozen=True)
class OverrideRow:
    """Points that a person set."""

    points: str  # "excused" or a number
    reason: str
    by: str
    when: Moment | None
    holds: bool


def override_row(override: Override) -> OverrideRow:
    """A line of the list of overrides."""
    return OverrideRow(
        points="excused" if override.points is None else points(override.points),
        reason=prose(override.reason, 600),
        by=visible(override.made_by, 80),
        when=moment(override.made_at),
        holds=not override.revoked_at,
    )


@dataclass(frozen=True)
class AppealRow:
    """An appeal with its answer; texts are parted into lines."""

    id: int
    job: int
    by: str
    when: Moment | None
    text: tuple[str, ...]
    answer: tuple[str, ...]
    answered_by: str
    answered: Moment | None


def appeal_row(appeal: Appeal) -> AppealRow:
    """One appeal."""
    return AppealRow(
        id=appeal.id,
        job=appeal.job_id,
        by=visible(appeal.login, 80),
        when=moment(appeal.made_at),
        text=lines(appeal.text),
        answer=lines(appeal.answer) if appeal.answer else (),
        answered_by=visible(appeal.answered_by, 80),
        answered=moment(appeal.answered_at),
    )


@dataclass(frozen=True)
class AuditRow:
    """Who did what."""

    when: Moment | None
    who: str
    action: str
    subject: str
    details: tuple[tuple[str, str], ...]


def audit_rows(entries: Sequence[AuditEntry]) -> list[AuditRow]:
    """The lines of the audit trail."""
    return [
        AuditRow(
            moment(entry.made_at),
            visible(entry.who, 80),
            visible(entry.action, 40),
            visible(entry.subject, 200),
            _details(entry.detail),
        )
        for entry in entries
    ]


def _details(written: str) -> tuple[tuple[str, str], ...]:
    found = json.loads(written)
    return tuple((visible(str(name), 40), prose(_said(value), 400)) for name, value in found.items() if value != "")


def _said(value: object) -> str:
    return "excused" if value is None else str(value)


def lines(text: str, most: int = 60) -> tuple[str, ...]:
    """A text of several lines as it can be shown."""
    found = [visible(line.replace("\t", "    "), 2_000) for line in text.split("\n")]
    return tuple(found[:most])
