"""The whole overview as the template prints it."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.batch.results.assignment import Assignment
from grader.batch.results.view.criteria import CriterionShare, criterion_shares, tags_of
from grader.batch.results.view.students import MOST_STUDENTS, Student, students
from grader.batch.results.view.tasks import Task, tasks
from grader.batch.results.words import WORDS, Word
from grader.model.result import Result, ResultRow
from grader.report.escape import prose, visible
from grader.report.notation import NOTHING, count, percent, plural, points
from grader.report.view.table import Entry


@dataclass(frozen=True)
class Share:
    """How many have one result; a button shows them."""

    tag: Result
    word: Word
    number: int


@dataclass(frozen=True)
class Page:
    """Everything that the overview says."""

    title: str
    rubric: str
    heading: str
    sentence: str
    shares: tuple[Share, ...]
    highlights: tuple[Entry, ...]
    tasks: tuple[Task, ...]
    criteria: tuple[CriterionShare, ...]
    students: tuple[Student, ...]
    total: int
    left_out: int
    max_points: str
    origin: tuple[Entry, ...]


def page(rows: Sequence[ResultRow], assignment: Assignment) -> Page:
    """The view of a class. Pure: no clock, no files."""
    tags = tags_of(assignment)
    found = Counter(row.result for row in rows)
    shares = tuple(Share(result, word, found[result]) for result, word in WORDS.items() if found[result])
    return Page(
        title=f"Results: {prose(assignment.title, 120)}",
        rubric=prose(assignment.rubric.title, 160),
        heading=prose(assignment.title, 120),
        sentence=_sentence(rows, found),
        shares=shares,
        highlights=_highlights(rows),
        tasks=tasks(rows),
        criteria=criterion_shares(rows, assignment, tags),
        students=students(rows, tags),
        total=len(rows),
        left_out=max(len(rows) - MOST_STUDENTS, 0),
        max_points=points(max((row.max_points for row in rows), default=0)),
        origin=(
            Entry("Rubric", visible(assignment.rubric.id)),
            Entry("Rubric digest", visible(assignment.rubric.digest), code=True),
            Entry("Written", visible(assignment.made_at)),
        ),
    )


def _sentence(rows: Sequence[ResultRow], found: Counter[Result]) -> str:
    graded = sum(row.standing == "graded" for row in rows)
    excused = f", {count(found['excused'])} excused" if found["excused"] else ""
    open_ones = len(rows) - graded - found["excused"]
    rest = f", {count(open_ones)} without a grade" if open_ones else ""
    return f"{plural(len(rows), 'student')}: {count(graded)} graded, {count(found['pass'])} passed{rest}{excused}."


def _highlights(rows: Sequence[ResultRow]) -> tuple[Entry, ...]:
    earned = [row.points for row in rows if row.points is not None]
    accuracies = [row.best_accuracy for row in rows if row.best_accuracy is not None]
    sizes = [row.parameters for row in rows if row.parameters is not None]
    graphs = Counter(row.graph for row in rows if row.graph)
    alike = sum(number for number in graphs.values() if number > 1)
    return (
        Entry("Median points", points(statistics.median(earned)) if earned else NOTHING, _range(earned, points)),
        Entry(
            "Median best accuracy",
            percent(statistics.median(accuracies)) if accuracies else NOTHING,
            _range(accuracies, percent) or "nobody was trained",
        ),
        Entry("Median parameters", count(round(statistics.median(sizes))) if sizes else NOTHING, _range(sizes, count)),
        Entry(
            "Different networks",
            count(len(graphs)) if graphs else NOTHING,
            f"{plural(alike, 'student')} share one with others" if alike else "",
        ),
    )


def _range(values: Sequence[float], written: Callable[..., str]) -> str:
    if not values:
        return ""
    low, high = written(min(values)), written(max(values))
    return f"all {low}" if low == high else f"{low} to {high}"
