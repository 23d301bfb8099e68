"""The short form for a terminal: verdict, criteria, fixes. Plain text, no colour, nothing that a log obeys."""

import textwrap

from grader.model.report import GradeReport
from grader.report.escape import log_text, shorten
from grader.report.view.criteria import ChangeView, Criterion
from grader.report.view.page import Page, page
from grader.report.view.training import RunView, TryView

_WIDTH = 96
_MOST_CANDIDATES = 20


def summary_line(report: GradeReport) -> str:
    """One line: "Passed, 100 of 100 points: every required criterion is met."."""
    return log_text(_summary(page(report)))


def to_text(report: GradeReport) -> str:
    """The report for `--format text`; ends without a newline."""
    shown = page(report)
    lines = [*_wrap(_summary(shown))]
    if shown.verdict.stamps:
        lines.append(f"[{'] ['.join(shown.verdict.stamps)}]")
    for notice in shown.verdict.notices:
        lines += _wrap(notice.text, "! ")
        lines += [f"  {notice.mend}"] if notice.mend else []
    lines += ["", *_model(shown)]
    if shown.blocked:
        lines += _wrap(shown.blocked.fix, "To do: ")
        lines += _wrap(", ".join(shown.blocked.places), "  at ")
        lines += _candidates(shown)
    lines += ["", *(line for criterion in shown.criteria.rows for line in _criterion(criterion))]
    runs = [line for one in shown.training.tries for line in _try(one, several=len(shown.training.tries) > 1)]
    lines += ["", *runs] if runs else []
    lines += _claims(shown)
    if shown.flags:
        lines += ["", "A person should look at:"]
        lines += [line for flag in shown.flags.rows for line in _wrap(flag.message, "- ")]
    return log_text("\n".join(lines).rstrip())


def _summary(shown: Page) -> str:
    return f"{shown.verdict.word}, {shown.verdict.points}: {shown.verdict.summary}"


def _model(shown: Page) -> list[str]:
    if not shown.model.name:
        return [f"Rubric: {shown.rubric}"]
    return [f"Model: {shown.model.name} in {shown.model.place} ({shown.model.selected_by})", f"Rubric: {shown.rubric}"]


def _candidates(shown: Page) -> list[str]:
    rows = shown.model.candidates.rows[:_MOST_CANDIDATES]
    if len(rows) < 2:
        return []
    more = len(shown.model.candidates.rows) + shown.model.candidates.left_out - len(rows)
    lines = ["Candidates:"]
    for row in rows:
        lines.append(f"  {row.option}")
        lines += [line for sentence in row.evidence[:2] for line in _wrap(sentence, "      ")]
    return lines + ([f"  and {more} more, in the report"] if more > 0 else [])


def _criterion(row: Criterion) -> list[str]:
    kind = "" if row.kind == "required" else f" ({row.kind})"
    observed = f": {row.observed}" if row.tone == "pass" and row.observed else ""
    first = f"{row.icon} {row.word:<12} {row.points:>8}  "
    lines = _wrap(f"{row.title}{kind}{observed}", first)
    if row.open:
        lines += _wrap(f"Expected {row.expected}; observed {row.observed}.", "    ")
        lines += _wrap(row.message, "    ")
        lines += [shorten(f"    {line.place} | {line.text}", _WIDTH) for line in row.lines]
        lines += _wrap(", ".join(row.places), "    at ")
        lines += _wrap(row.fix, "    Fix: ")
        lines += _wrap(row.why, "    Why: ")
        lines += [f"    {row.changes_heading}:"] if row.changes else []
        lines += [line for change in row.changes for line in _change(change)]
    return lines


def _change(change: ChangeView) -> list[str]:
    lines = _wrap(change.what, "    - ")
    lines += [f"        {code}" for code in change.code]
    basis = f" ({change.basis})" if change.basis else ""
    return lines + _wrap(f"{change.effect}{basis} {change.hinders}".strip(), "      ")


def _try(shown: TryView, *, several: bool) -> list[str]:
    """The runs; under a heading where there is a second try."""
    first = [] if not several else _wrap(f"{shown.heading}:")
    if several and not shown.runs:
        first += _wrap(shown.status)
    return first + [line for run in shown.runs.rows for line in _run(run)]


def _run(run: RunView) -> list[str]:
    reached = {"": "", "never": ", target not reached"}.get(run.reached, f", target reached at {run.reached}")
    lines = _wrap(f"Seed {run.seed}: best {run.best} ({run.set_name}), last {run.final}{reached}; {run.ending}.")
    return lines + _wrap(run.pace, "  ")


def _claims(shown: Page) -> list[str]:
    """One line that counts them, and the contradicted ones."""
    if shown.claims is None:
        return []
    lines = ["", f"Claims: {shown.claims.summary}"]
    for row in shown.claims.open.rows:
        if row.tone == "fail":
            lines += _wrap(f"{', '.join(row.places)}: {row.explanation}", f"{row.icon} ")
    return lines


def _wrap(text: str, first: str = "") -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
