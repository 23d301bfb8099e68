"""Exports that give each student a file: what it is called, and what stands in it. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from grader.batch.exports import classroom50, github_classroom, gradescope
from grader.batch.exports.classroom50_submission import classroom50_submission
from grader.batch.stored.collect import Collected


@dataclass(frozen=True)
class PerStudent:
    """`content` raises UsageError, in one sentence, for a student of whom there is nothing to write."""

    file: str
    content: Callable[[Collected], str]


def gradescope_files() -> PerStudent:
    """A `results.json` each."""
    return PerStudent("results.json", lambda student: _json(gradescope.results(student.grade)))


def github_classroom_files() -> PerStudent:
    """A line of base64 each."""
    return PerStudent("result.b64", lambda student: f"{github_classroom.encoded_result(student.grade)}\n")


def classroom50_files(classroom: str, assignment: str) -> PerStudent:
    """A `result.json` each."""

    def content(student: Collected) -> str:
        graded_at = student.report.provenance.created_at if student.report else None
        submission = classroom50_submission(
            student.submission, classroom=classroom, assignment=assignment, graded_at=graded_at
        )
        return _json(classroom50.result(student.grade, submission))

    return PerStudent("result.json", content)


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
