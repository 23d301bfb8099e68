"""`results.csv`, `results.jsonl` and `overview.html` in a folder, beside the reports that they point to."""

from collections.abc import Sequence
from pathlib import Path

from grader.batch.results.assignment import Assignment
from grader.batch.results.overview import to_html
from grader.batch.results.tables import results_csv, results_jsonl
from grader.model.result import ResultRow
from grader.model.similarity import Similarity
from grader.report.write import require_writable, write_texts
from grader.similarity.json_form import to_json

NAMES = ("results.csv", "results.jsonl", "overview.html")
SIMILARITY = "similarity.json"


def write_results(
    folder: Path, rows: Sequence[ResultRow], assignment: Assignment, similarity: Similarity | None = None
) -> None:
    """Write the files, all or none, each replaced whole; `rows` in the order of the roster.

    With `similarity` there is a `similarity.json`, too, and a section of the overview.

    The students' reports lie below, where `folders.report_page` says; they are the caller's to write. Raises
    UsageError where the folder can't be written to, GraderError where the disk is full or fails.
    """
    criteria = [criterion.id for criterion in assignment.rubric.criteria]
    texts = (results_csv(rows, criteria), results_jsonl(rows), to_html(rows, assignment, similarity))
    also = {} if similarity is None else {SIMILARITY: to_json(similarity)}
    write_texts(folder, {**dict(zip(NAMES, texts, strict=True)), **also})


def require_room(folder: Path) -> None:
    """Find out before a run whether the files can be written; raises as `write_results` does."""
    require_writable(folder, (*NAMES, SIMILARITY))
