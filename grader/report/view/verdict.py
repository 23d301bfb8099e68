"""The first screen: verdict, points, stamps, notices, key figures."""

from dataclasses import dataclass

from grader.model.report import GradeReport
from grader.model.training import Training, TrainingRun
from grader.report.escape import prose, visible
from grader.report.notation import count, operations, per_axis, percent, points
from grader.report.view.table import Entry
from grader.report.view.tries import deciding_run, deciding_try, tries

_SET_NAMES = {"test": "test set", "validation": "validation split"}


@dataclass(frozen=True)
class Notice:
    """A sentence above everything else, with the command that mends it."""

    text: str
    mend: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the student reads first. `tone` is pass, fail, warn or ours."""

    word: str
    icon: str
    tone: str
    summary: str
    points: str  # "100 of 100 points"
    stamps: tuple[str, ...]
    notices: tuple[Notice, ...]
    highlights: tuple[Entry, ...]


_VERDICTS = {
    "pass": ("Passed", "✓", "pass"),
    "fail": ("Not passed", "✕", "fail"),
    "inconclusive": ("Inconclusive", "?", "warn"),
    "error": ("Not graded: an error on our side", "!", "ours"),
}


def verdict(report: GradeReport, summary: str) -> Verdict:
    """The banner. `summary` is given, because a submission that can't be graded tells the rest elsewhere."""
    word, icon, tone = _VERDICTS[report.verdict]
    if not report.gradable:
        word, icon, tone = "Could not be graded", "?", "warn"
    return Verdict(
        word=word,
        icon=icon,
        tone=tone,
        summary=prose(summary),
        points=f"{points(report.score.points)} of {points(report.score.max_points)} points",
        stamps=_stamps(report),
        notices=_notices(report),
        highlights=_highlights(report) if report.facts else (),
    )


def set_name(run: TrainingRun) -> str:
    """The set that the run is judged by, in words."""
    return _SET_NAMES[run.evaluated_on]


def _stamps(report: GradeReport) -> tuple[str, ...]:
    stamps = []
    if report.scope == "static":
        stamps.append("Static check")
    if report.training.was_interrupted:
        stamps.append("Interrupted")
    if report.provenance.sandbox_strength != "isolated":
        stamps.append("Sandbox: limits only")
    if report.provenance.dirty:
        stamps.append("Uncommitted changes")
    return tuple(stamps)


def _notices(report: GradeReport) -> tuple[Notice, ...]:
    notices = [notice for training in tries(report.training) for notice in _notices_of(training)]
    if report.scope == "static" and report.gradable:
        notices.append(Notice("This was a static check: the model was not trained and its accuracy was not tested."))
    return tuple(notices)


def _notices_of(training: Training) -> list[Notice]:
    notices = []
    if training.status == "partial":
        reason = prose(training.reason) or "Training stopped before its end."
        notices.append(
            Notice(f"Interrupted: {reason} This report covers what had run by then.", visible(training.mend))
        )
    elif training.status == "skipped":
        reason = prose(training.reason) or "Training could not start."
        told = f"{'Not trained to the end' if training.runs else 'Not trained'}: {reason}"
        if training.second_try and training.second_try.runs:
            told = f"{reason} It was trained with {prose(training.second_try.recipe_called, 200)} instead."
        notices.append(Notice(told, visible(training.mend)))
    elif training.status == "error":
        reason = prose(training.reason) or "The training process failed."
        notices.append(Notice(f"Training failed on our side: {reason}", visible(training.mend)))
    return notices


def _highlights(report: GradeReport) -> tuple[Entry, ...]:
    facts = report.facts
    if facts is None:
        return ()
    field = facts.receptive_field.before_head
    height, width = facts.input_shape[-2:]
    entries = []
    run = deciding_run(report.training)
    if run is not None:
        again = ", second try" if deciding_try(report.training) is report.training.second_try else ""
        where = f"seed {run.seed}, epoch {run.best_epoch}, {set_name(run)}{again}"
        entries.append(Entry("Best accuracy", percent(run.best_accuracy), where))
    entries.append(Entry("Parameters", count(facts.parameters.counted), "as the rubric counts them"))
    if field is None:
        entries.append(Entry("Receptive field", "none", "no spatial path to the head"))
    else:
        entries.append(Entry("Receptive field", f"{per_axis(field)} px", f"of an image of {height}×{width}"))
    entries.append(Entry("Cost", operations(facts.macs), "multiply-accumulates per image"))
    return tuple(entries)
