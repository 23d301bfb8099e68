"""One student's line in the results of a class: what the table, the CSV and the JSON lines are made of."""

from typing import Literal

from grader.model.base import Frozen
from grader.model.grade import CriterionGrade, Standing

Result = Literal[
    "pass",
    "fail",
    "inconclusive",  # a person decides
    "ungradable",  # the submission has no model that can be built: the student's to mend
    "error",  # grader itself failed
    "unreached",  # there is no report, for a reason of ours or of the network
    "waiting",  # not graded yet
    "nothing",  # there is nothing to grade
    "excused",
]


class ResultRow(Frozen):
    """A student, what became of the submission, and the few figures that a class is compared by."""

    student: str
    name: str = ""
    result: Result
    standing: Standing
    reason: str = ""  # one sentence: the verdict's, or why there is none
    points: float | None = None  # None where there is no grade
    max_points: float  # without bonus
    best_accuracy: float | None = None  # a fraction, of the run that decides
    parameters: int | None = None  # as the rubric counts them
    receptive_field: tuple[int, int] | None = None  # (height, width) in pixels, before the head
    criteria: tuple[CriterionGrade, ...] = ()  # also where they make no grade
    flags: tuple[str, ...] = ()  # kinds of what a person should look at
    repository: str | None = None  # without a password
    path: str | None = None
    commit: str | None = None
    received_at: str | None = None  # ISO 8601, UTC; when the forge received the commit
    late: bool = False
    report: str | None = None  # the HTML report, relative to the folder of the results
    graph: str | None = None  # digest of the graph: equal ones are the same network
