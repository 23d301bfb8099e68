"""Results of made-up classes: a row by hand, and a class of any size that is the same every time."""

import random
from typing import Any

from grader.batch.results.assignment import Assignment
from grader.batch.results.folders import report_page
from grader.model.grade import CriterionGrade
from grader.model.result import ResultRow
from grader.model.rubric import Criterion
from grader.rubric.load import load_rubric

ASSIGNMENT = Assignment("Session 5", load_rubric("mnist-20k"), "2026-03-15T10:00:00+00:00")
CRITERIA = ASSIGNMENT.rubric.criteria
NAMES = ("Ada Lovelace", "Björn Müller", "=HYPERLINK(1)", "李 娜", "O'Brien <b>&amp;", "Zoë Ångström", "")
SHARES = {
    "pass": 60, "fail": 22, "inconclusive": 6, "ungradable": 4, "error": 1, "unreached": 2, "waiting": 1, "nothing": 2,
    "excused": 2,
}  # fmt: skip
MEASURED = ("pass", "fail", "inconclusive")


def row(student: str = "ada", result: str = "pass", missed: tuple[str, ...] = (), **more: Any) -> ResultRow:
    """A student; the criteria with the ids `missed` fail, the others pass."""
    lines = tuple(criterion(one, "failed" if one.id in missed else "passed") for one in CRITERIA)
    graded = result in ("pass", "fail")
    values: dict[str, Any] = {
        "student": student,
        "result": result,
        "standing": "graded" if graded else "excused" if result == "excused" else "not_graded",
        "reason": "The reason.",
        "points": sum(line.points for line in lines) if graded else None,
        "max_points": 100,
        "criteria": lines if result in MEASURED else (),
        "report": report_page(student) if result in (*MEASURED, "ungradable", "error") else None,
    }
    return ResultRow.model_validate(values | more)


def criterion(one: Criterion, status: str) -> CriterionGrade:
    return CriterionGrade(
        id=one.id,
        title=one.title,
        bonus=one.kind == "bonus",
        status=status,
        points=one.points if status == "passed" else 0,
        max_points=one.points,
    )


def a_class(size: int) -> list[ResultRow]:
    """Students `student-0000` and so on, with every result, name and late day that a class has."""
    chance = random.Random(size)
    return [_anybody(f"student-{number:04}", chance) for number in range(size)]


def _anybody(student: str, chance: random.Random) -> ResultRow:
    result = chance.choices(list(SHARES), list(SHARES.values()))[0]
    measured = result in MEASURED
    missed = tuple(one.id for one in CRITERIA if chance.random() < (0.3 if result == "fail" else 0.05))
    good = min(0.9968, 0.9943 + chance.gauss(0, 0.0008))
    return row(
        student,
        result,
        missed,
        name=chance.choice(NAMES),
        best_accuracy=(good if result == "pass" else 0.99 - abs(chance.gauss(0, 0.008))) if measured else None,
        parameters=int(10 ** chance.gauss(4.05, 0.12)) if measured else None,
        receptive_field=(chance.choice((20, 24, 28, 40)), 28) if measured else None,
        flags=("memory",) if chance.random() < 0.01 else (),
        commit=f"{chance.getrandbits(160):040x}",
        received_at=f"2026-03-{chance.randint(1, 14):02}T{chance.randint(0, 23):02}:12:45+00:00",
        late=chance.random() < 0.05,
        graph=str(chance.randint(0, 900)) if measured else None,
    )
