"""Writing what a store holds of a batch: results with their reports, a Canvas file, a file per student."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from grader.batch.exports.canvas import gradebook
from grader.batch.results.assignment import Assignment
from grader.batch.results.folders import report_folder, report_page
from grader.batch.results.write import require_room, write_results
from grader.batch.stored.collect import Collection
from grader.batch.stored.per_student import PerStudent
from grader.errors import UsageError
from grader.model.grade import Standing
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.model.similarity import Fingerprint, Similarity
from grader.report.json_report import to_json
from grader.report.write import write_report, write_texts
from grader.similarity.compare import compare
from grader.store.batches import now
from grader.store.fingerprints import fingerprints


@dataclass(frozen=True)
class Written:
    """How many files were written, and who was left out with why: (student, a clause)."""

    files: int
    left_out: tuple[tuple[str, str], ...]


def similarity_of(collection: Collection, starter: Fingerprint | None = None) -> Similarity | None:
    """The comparison of the class, without what it has of the starter code; None where there are no two to compare.

    It takes up to a minute for 1,000 students. Raises StoreError for a fingerprint that can't be read back.
    """
    found = collection.store.transact(lambda connection: fingerprints(connection, collection.batch.id))
    return compare(found, students=collection.batch.students, starter=starter) if len(found) > 1 else None


def write_everything(collection: Collection, folder: Path, similarity: Similarity | None = None) -> list[ResultRow]:
    """Write every report and then the results into a folder; returns the rows. Reports that stand there are left.

    Raises UsageError where the folder can't be written to, GraderError where the disk is full or fails.
    """
    require_room(folder)
    rows = []
    for student in collection.students():
        row = student.row
        if row.report is not None and student.report is not None:
            ensure_report(student.report, (folder / report_page(row.student)).parent)
        rows.append(row)
    write_results(folder, rows, Assignment(collection.batch.title, collection.rubric, now()), similarity)
    return rows


def ensure_report(report: GradeReport, folder: Path) -> None:
    """Write a report unless it stands there, whole. Raises as `write_report` does."""
    first, *others = (folder / name for name in ("report.json", "report.md", "report.html"))
    with contextlib.suppress(OSError, UnicodeDecodeError):
        # It is put in its place before the others: a writer that was killed in between left older ones.
        whole = all(other.stat().st_mtime_ns >= first.stat().st_mtime_ns for other in others)
        if whole and first.read_text(encoding="utf-8") == to_json(report):
            return
    write_report(report, folder)


def write_canvas(collection: Collection, file: Path, assignment: str, *, graded_only: bool) -> dict[Standing, int]:
    """Write a gradebook file; returns how many have which standing. `graded_only` leaves out who has no grade.

    Raises as `write_everything` does.
    """
    grades = [student.grade for student in collection.students()]
    kept = [grade for grade in grades if grade.standing != "not_graded"] if graded_only else grades
    write_texts(file.parent, {file.name: gradebook(kept, assignment, max_points=collection.max_points)})
    standings: tuple[Standing, ...] = ("graded", "excused", "not_graded")
    return {standing: sum(grade.standing == standing for grade in grades) for standing in standings}


def write_per_student(collection: Collection, folder: Path, files: PerStudent) -> Written:
    """Write a file into a folder for each student. Raises as `write_everything` does."""
    written, left_out = 0, []
    for student in collection.students():
        name = student.submission.entry.student
        try:
            text = files.content(student)
        except UsageError as problem:
            left_out.append((name, problem.message))
            continue
        write_texts(folder / report_folder(name), {files.file: text})
        written += 1
    return Written(written, tuple(left_out))
