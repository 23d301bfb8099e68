"""The result that GitHub Classroom's reporting action decodes: JSON in base64, in an environment variable.

Source: `src/main.js` and `src/notify-classroom.js` of autograding-grading-reporter. What it reports is the sum of
the tests' `score` out of `max_score`.
"""

import base64
import json
from typing import Any

from grader.model.grade import CriterionGrade, Grade
from grader.model.outcome import Status


def encoded_result(grade: Grade) -> str:
    """The base64 text of `result`, in one line."""
    return base64.b64encode(json.dumps(result(grade), ensure_ascii=True).encode()).decode()


def result(grade: Grade) -> dict[str, Any]:
    """Version 1 of the action's data; `error` where there is no grade, so that the workflow does not look passed."""
    if grade.standing != "graded":
        nothing = {"name": "grade", "status": "error", "score": 0, "message": grade.reason}
        return {"version": 1, "status": "error", "max_score": grade.max_points, "tests": [nothing]}
    return {
        "version": 1,
        "status": "pass" if grade.passed else "fail",
        "max_score": grade.max_points,
        "tests": [_test(line) for line in grade.criteria],
    }


def _test(line: CriterionGrade) -> dict[str, Any]:
    return {
        "name": f"{line.title} (bonus)" if line.bonus else line.title,
        "status": "pass" if line.status is Status.PASSED else "fail",
        "score": line.points,
        "max_score": 0 if line.bonus else line.max_points,
        "message": line.message,
        "filename": line.file,
        "line_no": line.line or 0,
    }
