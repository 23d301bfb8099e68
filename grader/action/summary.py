"""The job's summary: the report's Markdown, and above it what it counts for. Pure."""

from grader.model.grade import Grade
from grader.model.report import GradeReport
from grader.report.markdown import to_markdown
from grader.report.notation import points

_ADVISORY = (
    "> **Feedback, not the grade.** This run follows a workflow that whoever opened the pull request could edit. "
    "The grade is posted by a run that they can't."
)


def job_summary(report: GradeReport, grade: Grade, *, advisory: bool) -> str:
    """Markdown for one step. The runner takes 1 MiB; `to_markdown` keeps to 48,000 characters."""
    parts = [_ADVISORY] if advisory else []
    if grade.standing == "graded" and grade.max_points != report.score.max_points:
        parts.append(f"**{points(grade.points)} of {points(grade.max_points)} points** for this assignment.")
    return "\n\n".join([*parts, to_markdown(report)])
