"""The result of one criterion."""

from enum import StrEnum

from grader.model.base import Frozen
from grader.model.submission import Location


class Status(StrEnum):
    """The four names of failure never mix: failed is the student's, error is ours."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    ERROR = "error"


class Finding(Frozen):
    """What a check answers; the scorer adds the points."""

    status: Status
    expected: str
    observed: str
    message: str  # one or two sentences to the student
    fix: str = ""  # how to fix it; empty when passed
    evidence: tuple[Location, ...] = ()


class Outcome(Frozen):
    """A finding with its criterion and points, as it stands in the report."""

    id: str
    title: str
    check: str
    kind: str  # required | optional | bonus
    status: Status
    points: float
    max_points: float
    expected: str
    observed: str
    message: str
    fix: str = ""
    evidence: tuple[Location, ...] = ()
