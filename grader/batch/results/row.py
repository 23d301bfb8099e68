"""From a submission in the store and its report to a line of the results. Pure."""

from grader.batch.exports.grades import criterion_grade, grade_of
from grader.batch.results.folders import report_page
from grader.intake.git_source import redact
from grader.model.facts import PerAxis
from grader.model.report import GradeReport
from grader.model.result import Result, ResultRow
from grader.model.work import State, StoredSubmission
from grader.report.view.tries import deciding_run


def result_row(submission: StoredSubmission, report: GradeReport | None, *, max_points: float) -> ResultRow:
    """The line of one student; `max_points` is what the rubric gives, for those without a report.

    An excused student's report is not shown: there may be one from before.
    """
    entry = submission.entry
    shown = None if entry.excused else report
    grade = grade_of(entry, shown, max_points=max_points)
    result = _result(submission, shown)
    reason = submission.problem if result == "unreached" else grade.reason
    if result == "nothing" and submission.problem:  # who left the roster has an entry that names something
        reason = f"Nothing to grade: {submission.problem.removesuffix('.')}."
    run = deciding_run(shown.training) if shown else None
    facts = shown.facts if shown else None
    return ResultRow(
        student=entry.student,
        name=entry.name,
        result=result,
        standing=grade.standing,
        reason=reason,
        points=grade.points if grade.standing == "graded" else None,
        max_points=grade.max_points,
        best_accuracy=run.best_accuracy if run else None,
        parameters=facts.parameters.counted if facts else None,
        receptive_field=_both(facts.receptive_field.before_head) if facts else None,
        criteria=tuple(map(criterion_grade, shown.outcomes)) if shown and shown.gradable else (),
        flags=tuple(dict.fromkeys(flag.kind for flag in shown.flags)) if shown else (),
        repository=None if entry.repository is None else redact(entry.repository),
        path=entry.path,
        commit=submission.commit,
        received_at=submission.received_at,
        late=submission.late,
        report=report_page(entry.student) if shown else None,
        graph=shown.provenance.graph_digest if shown else None,
    )


def _result(submission: StoredSubmission, report: GradeReport | None) -> Result:
    if submission.entry.excused:
        return "excused"
    if report is not None:
        return report.verdict if report.gradable else "ungradable"
    if submission.state is State.FAILED:
        return "unreached"
    return "nothing" if submission.state is State.NOTHING else "waiting"


def _both(field: PerAxis | None) -> tuple[int, int] | None:
    return (field, field) if isinstance(field, int) else field
