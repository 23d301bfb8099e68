"""The table of students: a line each, with what it is sorted, searched and filtered by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.batch.results.words import WORDS
from grader.model.outcome import Status
from grader.model.result import ResultRow
from grader.report.escape import prose, visible
from grader.report.notation import NOTHING, count, percent, points

MOST_STUDENTS = 10_000
LOOK = frozenset({"memory", "mode_difference"})  # the flags that may cost a grade its worth
_LATE, _LOOK = "late", "look"


@dataclass(frozen=True)
class Cell:
    """A text, and the number it is sorted by; empty where there is none: those stand last."""

    text: str
    key: str


@dataclass(frozen=True)
class Student:
    """One line. `tags` are what buttons filter by."""

    identity: str
    name: str
    report: str
    tags: str
    tone: str
    icon: str
    word: str
    points: Cell
    accuracy: Cell
    parameters: Cell
    field: Cell
    unmet: tuple[str, ...]  # ids of criteria that are not met
    undecided: tuple[str, ...]
    reason: str  # where there is no grade
    look: bool
    late: bool
    received: str
    commit: str


def students(rows: Sequence[ResultRow], tags_of: Mapping[str, str]) -> tuple[Student, ...]:
    """The first 10,000 lines; `tags_of` gives each criterion's tag by its id."""
    return tuple(_student(row, tags_of) for row in rows[:MOST_STUDENTS])


def needs_a_look(row: ResultRow) -> bool:
    """Whether a flag says that the accuracy may not be what it seems."""
    return not LOOK.isdisjoint(row.flags)


def _student(row: ResultRow, tags_of: Mapping[str, str]) -> Student:
    word = WORDS[row.result]
    unmet = [line.id for line in row.criteria if line.status is Status.FAILED]
    undecided = [line.id for line in row.criteria if line.status in (Status.INCONCLUSIVE, Status.ERROR)]
    look = needs_a_look(row)
    tags = [row.result, *(tags_of[identity] for identity in unmet if identity in tags_of)]
    tags += [tag for tag, there in ((_LATE, row.late), (_LOOK, look)) if there]
    field = row.receptive_field
    return Student(
        identity=visible(row.student, 80),
        name=visible(row.name, 120),
        report=row.report or "",
        tags=" ".join(tags),
        tone=word.tone,
        icon=word.icon,
        word=word.text,
        points=_cell(None if row.points is None else points(row.points), row.points),
        accuracy=_cell(percent(row.best_accuracy), row.best_accuracy),
        parameters=_cell(count(row.parameters), row.parameters),
        field=_cell(None if field is None else _field(field), None if field is None else min(field)),
        unmet=tuple(visible(identity, 64) for identity in unmet),
        undecided=tuple(visible(identity, 64) for identity in undecided),
        reason="" if row.standing == "graded" else prose(row.reason, 200),
        look=look,
        late=row.late,
        received=visible((row.received_at or "")[:16].replace("T", " "), 20),
        commit=visible((row.commit or "")[:10], 12),
    )


def _cell(text: str | None, key: float | None) -> Cell:
    return Cell(NOTHING, "") if text is None or key is None else Cell(text, repr(key))


def _field(field: tuple[int, int]) -> str:
    return str(field[0]) if field[0] == field[1] else f"{field[0]}×{field[1]}"
