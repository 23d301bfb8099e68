"""`result.json` of Classroom 50 (`schemas/result-v1.schema.json` of foundation50/classroom50).

Scores are integers there, and no score may exceed its maximum. So a bonus counts into the maximum as far as it was
earned: with all of it a student has 105 of 105, without it 100 of 100.
"""

from dataclasses import dataclass
from typing import Any

from grader.batch.exports.whole_points import whole_points
from grader.model.grade import Grade


@dataclass(frozen=True)
class Classroom50Submission:
    """What the runner says of a submission, through its environment; all texts, none empty."""

    classroom: str
    assignment: str
    owner: str
    submission: str  # the tag, submit/...
    commit: str
    release: str
    review: str
    datetime: str  # of the submission, YYYY-MM-DDTHH:MM:SSZ
    graded_at: str | None = None
    assignment_type: str = "individual"


def result(grade: Grade, submission: Classroom50Submission) -> dict[str, Any]:
    """The whole file as data. Without a grade it is a result of 0 of 0 without tests, which marks it as not graded."""
    lines = grade.criteria if grade.standing == "graded" else ()
    scores = whole_points([line.points for line in lines])
    maxima = whole_points([line.points if line.bonus else line.max_points for line in lines])
    maxima = [max(pair) for pair in zip(scores, maxima, strict=True)]
    found: dict[str, Any] = {
        "schema": "classroom50/result/v1",
        "classroom": submission.classroom,
        "assignment": submission.assignment,
        "assignment_type": submission.assignment_type,
        "owner": submission.owner,
        "submission": submission.submission,
        "commit": submission.commit,
        "release": submission.release,
        "review": submission.review,
        "datetime": submission.datetime,
        "score": sum(scores),
        "max-score": sum(maxima),
        "tests": [
            {
                "test-name": line.title,
                "passed": line.status == "passed",
                "score": score,
                "max-score": maximum,
                "output": line.message,
            }
            for line, score, maximum in zip(lines, scores, maxima, strict=True)
        ],
    }
    if submission.graded_at is not None:
        found["graded_at"] = submission.graded_at
    return found
