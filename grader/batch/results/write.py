"""`results.csv`, `results.jsonl` and `overview.html` in a folder, beside the reports that they point to."""

from collections.abc import Sequence
from pathlib import Path

from grader.batch.results.assignment import Assignment
from grader.batch.results.overview import to_html
from grader.batch.results.tables import results_csv, results_jsonl
from grader.model.result import ResultRow
from grader.report.write import require_writable, write_texts

NAMES = ("results.csv", "results.jsonl", "overview.html")


def write_results(folder: Path, rows: Sequence[ResultRow], assignment: Assignment) -> None:
    """Write the three files, all or none, each replaced whole; `rows` in the order of the roster.

    The students' reports lie below, where `folders.report_page` says; they are the caller's to write. Raises
    UsageError where the folder can't be written to, GraderError where the disk is full or fails.
    """
    criteria = [criterion.id for criterion in assignment.rubric.criteria]
    texts = (results_csv(rows, criteria), results_jsonl(rows), to_html(rows, assignment))
    write_texts(folder, dict(zip(NAMES, texts, strict=True)))


def require_room(folder: Path) -> None:
    """Find out before a run whether the files can be written; raises as `write_results` does."""
    require_writable(folder, NAMES)
