"""The results of a batch on disk, as its store has them: every report, the tables, the overview."""

from collections import Counter
from pathlib import Path

from grader.batch.results.assignment import Assignment
from grader.batch.results.folders import report_page
from grader.batch.results.write import write_results
from grader.batch.stored.collect import collect
from grader.model.report import GradeReport
from grader.model.result import Result
from grader.report.json_report import to_json
from grader.report.write import write_report
from grader.store.batches import now
from grader.store.engine import Store


def write_outcome(store: Store, batch: int, folder: Path) -> Counter[Result]:
    """Write the results, and the reports that are not there yet or are others; how many students have which result.

    Raises UsageError where the folder can't be written to, GraderError where the disk is full, StoreError where the
    store can't be read.
    """
    collection = collect(store, batch)
    rows = []
    for student in collection.students():
        row = student.row
        if row.report is not None and student.report is not None:
            _ensure(student.report, (folder / report_page(row.student)).parent)
        rows.append(row)
    write_results(folder, rows, Assignment(collection.batch.title, collection.rubric, now()))
    return Counter(row.result for row in rows)


def _ensure(report: GradeReport, folder: Path) -> None:
    try:
        if (folder / "report.json").read_text(encoding="utf-8") == to_json(report):
            return
    except (OSError, UnicodeDecodeError):
        pass
    write_report(report, folder)
