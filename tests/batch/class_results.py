"""Whether the results of the class of 200 are what each student's must be."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from class_of_200 import REQUIRED, Student

from grader.model.outcome import Status
from grader.model.result import ResultRow


def rows_of(out: Path) -> list[ResultRow]:
    """What `grader batch` wrote about each student."""
    lines = (out / "results.jsonl").read_text(encoding="ascii").splitlines()
    return [ResultRow.model_validate(json.loads(line)) for line in lines]


def counts(students: Mapping[str, Student], rows: list[ResultRow]) -> Iterator[tuple[str, int, int]]:
    """(result, how many must have it, how many have it)."""
    expected = Counter(student.result for student in students.values())
    found = Counter(row.result for row in rows)
    for result in sorted({*expected, *found}, key=lambda name: -expected[name]):
        yield result, expected[result], found[result]


def disagreements(students: Mapping[str, Student], rows: list[ResultRow], out: Path) -> Iterator[str]:
    """A sentence for everything that is not as it must be."""
    if [row.student for row in rows] != list(students):
        yield f"{len(rows)} rows are not the roster's {len(students)} students in their order"
    for row in rows:
        student = students[row.student]
        where = f"{row.student} ({student.kind})"
        if row.result != student.result:
            yield f"{where} is {row.result}, not {student.result}: {row.reason}"
        failed = {line.id for line in row.criteria if line.status is Status.FAILED} & set(REQUIRED)
        if student.failed is not None and failed != student.failed:
            yield f"{where} fails {sorted(failed)}, not {sorted(student.failed)}"
        if row.late is not student.late:
            yield f"{where} is {'' if row.late else 'not '}marked as late"
        graded = row.result in ("pass", "fail", "inconclusive", "ungradable", "error")
        if graded != (row.report is not None and (out / row.report).is_file()):
            yield f"{where} has {'no' if graded else 'a'} report"
        if (row.result in ("pass", "fail")) != (row.points is not None):
            yield f"{where} is {row.result} with {row.points} points"
        original = rows[student.copy_of] if student.copy_of is not None else None
        if original is not None and (row.graph is None or row.graph != original.graph):
            yield f"{where} copied {original.student}, and their graphs have different digests"
