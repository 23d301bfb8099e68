"""What later steps and jobs learn of a grading. Pure."""

import hashlib
from pathlib import Path

from grader.batch.exports.github_classroom import encoded_result
from grader.model.grade import Grade
from grader.model.report import GradeReport
from grader.report.notation import points


def step_outputs(report: GradeReport, grade: Grade, folder: Path, report_json: bytes) -> dict[str, str]:
    """The action's outputs by name; `points` is empty where there is no grade.

    `report-digest` is the sha256 of report.json: a later job of the same run knows by it which report was meant.
    """
    graded = grade.standing == "graded"
    return {
        "verdict": report.verdict if report.gradable else "not gradable",
        "points": points(grade.points) if graded else "",
        "max-points": points(grade.max_points),
        "report": str(folder),
        "report-digest": hashlib.sha256(report_json).hexdigest(),
        "classroom-result": encoded_result(grade),
    }
