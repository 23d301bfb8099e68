"""The texts of a run, in the Markdown that TensorBoard shows. What a student wrote is escaped as in the report."""

from grader.model.report import GradeReport
from grader.model.training import Training
from grader.report.escape import markdown_prose, markdown_text
from grader.report.view.origin import recipe_view
from grader.report.view.page import page


def verdict_text(report: GradeReport) -> str:
    """Verdict, points and each criterion with what was observed."""
    shown = page(report)
    rows = [
        f"| {row.word} | {markdown_text(row.title)} | {markdown_text(row.observed)} | {row.points} |"
        for row in shown.criteria.rows
    ]
    heading = ["| Status | Criterion | Observed | Points |", "| --- | --- | --- | --- |"]
    first = f"**{shown.verdict.word}, {shown.verdict.points}.** {markdown_prose(shown.verdict.summary)}"
    return "\n".join([first, "", *heading, *rows])


def recipe_text(training: Training) -> str:
    """Each setting and where it came from."""
    view = recipe_view(training)
    rows = [
        f"| {markdown_text(entry.name)} | {markdown_text(entry.value)} | {markdown_text(entry.note)} |"
        for entry in view.values.rows
    ]
    return "\n".join([markdown_text(view.sentence), "", "| Setting | Value | Origin |", "| --- | --- | --- |", *rows])
