"""Grades as files for gradebooks: what a person set counts, and who has no grade has no points."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from grader.batch.exports import classroom50, gradescope
from grader.batch.exports.canvas import gradebook
from grader.batch.exports.classroom50_submission import classroom50_submission
from grader.batch.results.folders import report_folder
from grader.batch.results.tables import results_csv, results_jsonl
from grader.errors import UsageError
from grader.model.review import subject_of
from grader.store.audit import note
from grader.web.access import Instructor
from grader.web.dashboard.class_results import ClassResults, class_results
from grader.web.dashboard.refusals import NotThere
from grader.web.dashboard.session import Pages
from grader.web.dashboard.standing import stored_submission

router = APIRouter(include_in_schema=False)

_LONGEST_COLUMN = 200


@dataclass(frozen=True)
class Format:
    """A form of export. `column` is what the course system calls the assignment."""

    title: str
    about: str
    ending: str
    kind: str
    content: Callable[[ClassResults, str], bytes]


@router.get("/assignments/{name}/export/{form}")
def export(name: str, form: str, dashboard: Pages, who: Instructor, column: str = "") -> Response:
    """The file. It is noted who took it: it holds everybody's grades."""
    assignment, chosen = dashboard.assignments.get(name), FORMATS.get(form)
    if assignment is None or chosen is None:
        raise NotThere
    called = column.strip()[:_LONGEST_COLUMN] or assignment.title
    content = chosen.content(class_results(dashboard, assignment), called)
    dashboard.store.transact(
        lambda c: note(c, who=who.login, action="export", subject=subject_of(name, "everybody"), form=form)
    )
    file = f"{name}-{form}.{chosen.ending}"
    return Response(content, media_type=chosen.kind, headers={"Content-Disposition": f'attachment; filename="{file}"'})


def _table(results: ClassResults, _: str) -> bytes:
    identities = [criterion.id for criterion in results.assignment.rubric.criteria]
    return results_csv(results.rows, identities).encode()


def _lines(results: ClassResults, _: str) -> bytes:
    return results_jsonl(results.rows).encode()


def _canvas(results: ClassResults, column: str) -> bytes:
    """Who has no grade is left out, so that Canvas keeps what it has."""
    kept = [grade for grade in results.grades if grade.standing != "not_graded"]
    return gradebook(kept, column, max_points=results.max_points).encode()


def _gradescope(results: ClassResults, _: str) -> bytes:
    return _zip((grade.student, "results.json", gradescope.results(grade)) for grade in results.grades)


def _classroom50(results: ClassResults, _: str) -> bytes:
    """One `result.json` each; who can't have one is named with the reason."""
    name, left_out = results.assignment.name, []
    files = []
    for (standing, report), grade in zip(results.students, results.grades, strict=True):
        classroom = (standing.entry.repository or "").rstrip("/").split("/")[-2:-1] or [name]
        graded_at = report.provenance.created_at if report else None
        try:
            about = classroom50_submission(
                stored_submission(standing), classroom=classroom[0], assignment=name, graded_at=graded_at
            )
        except UsageError as problem:
            left_out.append(f"{grade.student}: {problem.message}")
            continue
        files.append((grade.student, "result.json", classroom50.result(grade, about)))
    return _zip(files, left_out)


def _zip(files: Iterable[tuple[str, str, object]], left_out: Sequence[str] = ()) -> bytes:
    """A folder for each student, as `grader store export` writes them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, file, data in files:
            text = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
            archive.writestr(f"{report_folder(student)}/{file}", f"{text}\n")
        if left_out:
            archive.writestr("LEFT_OUT.txt", "".join(f"{line}\n" for line in left_out))
    return packed.getvalue()


_ZIP = "application/zip"
FORMATS = {
    "csv": Format("Spreadsheet", "all figures, one line per student", "csv", "text/csv; charset=utf-8", _table),
    "jsonl": Format("JSON lines", "the same for programs", "jsonl", "application/x-ndjson", _lines),
    "canvas": Format("Canvas", "a gradebook file to import", "csv", "text/csv; charset=utf-8", _canvas),
    "gradescope": Format("Gradescope", "a results.json per student", "zip", _ZIP, _gradescope),
    "classroom50": Format("Classroom 50", "a result.json per student", "zip", _ZIP, _classroom50),
}
