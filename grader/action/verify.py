"""Whether a report that another job handed over may be posted as the grade: by what it says of itself, and by scoring
again what it says was measured. Pure.

It shows a mistake, a mix-up or a forgery of the points. What the other job measured can't be seen from here: that
this job and no other made the report is known by the run that it is fetched from, and by the digest it told.
"""

import hashlib
import hmac
from dataclasses import dataclass

from grader.errors import GraderError, PublishError
from grader.model.outcome import Status
from grader.model.report import GradeReport
from grader.pipeline.measured_alike import Marking
from grader.pipeline.rescore import rescore
from grader.report.escape import visible
from grader.report.json_report import from_json


@dataclass(frozen=True)
class Expected:
    """What the posting job knows from a source that the submission has no hand in."""

    commit: str  # 40 hex digits: the pull request's head when the run began
    marking: Marking  # the instructor's rubric
    digest: str  # sha256 of report.json, as the grading job told it
    static: bool = False  # whether a report without retraining is meant


def verified(content: bytes, expected: Expected) -> GradeReport:
    """The report, if it is the expected one. Raises PublishError with the first thing that is not as it should be."""
    told = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(told, expected.digest):
        raise PublishError(f"The report is not the one that the grading job made: its digest is {told[:12]}….")
    try:
        report = from_json(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise PublishError("The report is not UTF-8 text.") from None
    except GraderError as problem:
        raise PublishError(problem.message) from None
    _require_origin(report, expected)
    _require_rubric(report, expected)
    _require_score(report, expected.marking)
    return report


def _require_origin(report: GradeReport, expected: Expected) -> None:
    told = report.provenance
    if told.commit != expected.commit:
        graded = f"commit {visible(told.commit, 40)}" if told.commit else "files outside git"
        raise PublishError(f"The report is about {graded}, not about commit {expected.commit}.")
    if told.dirty:
        raise PublishError("The report is about a checkout with changes that are in no commit.")
    if told.sandbox_strength != "isolated":
        raise PublishError(f"The submission ran in the sandbox {visible(told.sandbox, 40)}, which isolates nothing.")
    if any(flag.kind == "rescored" for flag in report.flags):
        raise PublishError("The report was scored again after it was made.")


def _require_rubric(report: GradeReport, expected: Expected) -> None:
    rubric = expected.marking.rubric
    if report.rubric.digest != rubric.digest:
        other = f"the digest {visible(report.rubric.digest, 12)}, not {rubric.digest[:12]}"
        raise PublishError(f"The report was graded with another rubric than {rubric.id}: it has {other}.")
    wanted = "static" if expected.static else "full"
    if report.scope != wanted:
        without = "without" if report.scope == "static" else "with"
        raise PublishError(f"The report was made {without} retraining, which is not what was asked for.")


def _require_score(report: GradeReport, marking: Marking) -> None:
    """Raise PublishError where the rubric's checks, run again on what was measured, give other points."""
    if report.verdict == "error":  # no grade follows from it, and none is posted
        return
    earned = report.verdict in ("pass", "fail") or any(one.status is Status.PASSED for one in report.outcomes)
    if earned and (report.facts is None or not report.gradable):
        raise PublishError("The report gives a grade although nothing could be measured.")
    try:
        again = rescore(report, marking, marking)
    except GraderError as problem:
        raise PublishError(f"The report can't be scored again: {problem.message}") from None
    if [(one.id, one.max_points) for one in report.outcomes] != [(one.id, one.max_points) for one in again.outcomes]:
        raise PublishError("The report's criteria are not those of the rubric.")
    if [one.points for one in report.outcomes] != [one.points for one in again.outcomes] or report.score != again.score:
        claimed, found = report.score.points, again.score.points
        raise PublishError(f"The report's points do not follow from what it measured: {claimed:g}, not {found:g}.")
    if report.verdict != again.verdict:
        raise PublishError(f"The report's verdict does not follow from what it measured: it is {again.verdict}.")
