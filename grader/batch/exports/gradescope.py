"""`results.json` of a Gradescope autograder (Gradescope, "Autograder Specifications", output format)."""

from typing import Any

from grader.model.grade import CriterionGrade, Grade
from grader.model.outcome import Status


def results(grade: Grade, *, seconds: float | None = None, text: str = "") -> dict[str, Any]:
    """The whole file as data. A score stands at each criterion and at the top, and they agree.

    Where there is no grade there is no score: Gradescope shows the reason and no points.
    """
    found: dict[str, Any] = {
        "output": text or grade.reason,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(line, number) for number, line in enumerate(grade.criteria, 1)],
        "extra_data": {"grader": "grader/report/v1", "standing": grade.standing},
    }
    if seconds is not None:
        found["execution_time"] = round(seconds)
    if grade.standing == "graded":
        found["score"] = grade.points
    return found


def _test(line: CriterionGrade, number: int) -> dict[str, Any]:
    test: dict[str, Any] = {
        "score": line.points,
        "max_score": 0.0 if line.bonus else line.max_points,
        "name": f"{line.title} (bonus)" if line.bonus else line.title,
        "name_format": "text",
        "number": str(number),
        "output": line.message,
        "output_format": "text",
        "tags": [line.id],
        "visibility": "visible",
        "extra_data": {"status": str(line.status)},
    }
    if line.status in (Status.PASSED, Status.FAILED):
        test["status"] = str(line.status)
    return test
