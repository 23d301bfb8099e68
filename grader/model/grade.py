"""What a gradebook gets of a student: points, or why there are none."""

from typing import Literal

from grader.model.base import Frozen
from grader.model.outcome import Status

Standing = Literal["graded", "not_graded", "excused"]


class CriterionGrade(Frozen):
    """One line of a grade. `max_points` of a bonus comes on top of the grade's."""

    id: str
    title: str
    bonus: bool
    status: Status
    points: float
    max_points: float
    message: str = ""
    file: str = ""  # where the first evidence lies
    line: int | None = None


class Grade(Frozen):
    """A student's grade. `points` is the sum of the criteria's, the same in every export; 0 where not graded."""

    student: str
    name: str
    standing: Standing
    reason: str  # one sentence: the verdict's, or why there is no grade
    points: float
    max_points: float  # without bonus
    passed: bool = False  # the verdict: all that is required is met
    criteria: tuple[CriterionGrade, ...] = ()
    columns: dict[str, str] = {}  # the student's row in the roster, by plain column names
