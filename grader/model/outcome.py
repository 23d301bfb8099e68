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


class SourceLine(Frozen):
    """A line as the submission has it, so that a report can be read without the files. At most 200 characters."""

    location: Location
    text: str


class Change(Frozen):
    """One change that would mend a criterion, or that the measurements speak for.

    `measured`: the graph was rebuilt with the change and measured again, so `effect` holds exactly; else `effect` says
    what speaks for it.
    """

    what: str  # one or two sentences: what to change, and where
    effect: str = ""  # what it would come to
    measured: bool = False
    code: tuple[str, ...] = ()  # what to write, a line each
    location: Location | None = None  # the line to change
    hinders: tuple[str, ...] = ()  # titles of other criteria that would not be met with it, or be missed by more


class Finding(Frozen):
    """What a check answers; the scorer adds the points."""

    status: Status
    expected: str
    observed: str
    message: str  # one or two sentences to the student
    fix: str = ""  # how to fix it; empty when passed
    evidence: tuple[Location, ...] = ()
    changes: tuple[Change, ...] = ()  # the smallest first


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
    changes: tuple[Change, ...] = ()
    why: str = ""  # what the criterion is good for; empty when passed
    lines: tuple[SourceLine, ...] = ()  # of the places in `evidence` and `changes`, as far as they could be read
