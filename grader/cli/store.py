"""`grader store`: is a store whole, what is in it in the forms that others read, and out with a student's data."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from grader.batch.stored.collect import Collection
    from grader.batch.stored.per_student import PerStudent
    from grader.store.engine import Store
    from grader.store.forget import Forgotten

app = typer.Typer(help="Check a store, export its grades, or delete a student's data.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(metavar="STORE", help="An SQLite file, or a postgresql:// URL.")]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", help="Which batch, where there are several.")]


class Format(StrEnum):
    """Who reads it."""

    RESULTS = "results"
    CANVAS = "canvas"
    GRADESCOPE = "gradescope"
    CLASSROOM50 = "classroom50"
    GITHUB_CLASSROOM = "github-classroom"


@app.command()
def check(place: Place) -> None:
    """Say what a store holds, and everything that is wrong with it. Exit code 3 where something is."""
    from grader.report.escape import log_text
    from grader.store.check import problems, sizes
    from grader.store.listing import batches

    with existing_store(place) as store:
        there = store.transact(sizes)
        typer.echo(log_text(", ".join(f"{name}: {number:,}" for name, number in there.items())))
        for batch in store.transact(batches):
            line = f"batch {batch.id}: {batch.title}, {batch.students:,} students, begun {batch.created_at}"
            typer.echo(log_text(line))
        found = store.transact(lambda connection: list(problems(connection)))
        for problem in found:
            typer.echo(log_text(problem))
    typer.echo(f"{len(found):,} problems." if found else "The store is whole.")
    if found:
        raise typer.Exit(3)


@app.command()
def export(
    place: Place,
    out: Annotated[Path, typer.Option("--out", help="A folder; for Canvas a file.")],
    format: Annotated[Format, typer.Option("--format", help="Who reads it.")] = Format.RESULTS,
    batch: Batch = None,
    assignment: Annotated[
        str | None, typer.Option("--assignment", help="Canvas: the column, 'Title (id)'. Classroom 50: the slug.")
    ] = None,
    classroom: Annotated[str | None, typer.Option("--classroom", help="Classroom 50: its short name.")] = None,
    starter: Annotated[
        Path | None, typer.Option("--starter", help="Results: folder with the code that everybody was given.")
    ] = None,
    graded_only: Annotated[
        bool, typer.Option("--graded-only", help="Leave out who has no grade, so that Canvas keeps what it has.")
    ] = False,
) -> None:
    """Write a batch's results with all reports, or its grades for a course system."""
    from grader.batch.stored.collect import collect
    from grader.batch.stored.per_student import classroom50_files, github_classroom_files, gradescope_files
    from grader.report.escape import log_text

    with existing_store(place) as store:
        collection = collect(store, batch)
        match format:
            case Format.RESULTS:
                said = _results(collection, out, starter)
            case Format.CANVAS:
                said = _canvas(collection, out, _needed(assignment, "--assignment 'Title (id)'"), graded_only)
            case Format.GRADESCOPE:
                said = _per_student(collection, out, gradescope_files())
            case Format.GITHUB_CLASSROOM:
                said = _per_student(collection, out, github_classroom_files())
            case Format.CLASSROOM50:
                names = _needed(classroom, "--classroom NAME"), _needed(assignment, "--assignment SLUG")
                said = _per_student(collection, out, classroom50_files(*names))
    typer.echo(log_text(said))


@app.command()
def forget(
    place: Place,
    student: Annotated[str | None, typer.Argument(help="The name in the roster, or the login on the forge.")] = None,
    assignment: Annotated[
        str | None, typer.Option("--assignment", metavar="NAME", help="In place of a student: all of an assignment.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all that a store holds of a student, for good: gradings, reports, points set by hand, appeals."""
    from grader.errors import UsageError
    from grader.model.review import pseudonym
    from grader.report.escape import log_text
    from grader.store.audit import note
    from grader.store.forget import forget as forget_student
    from grader.store.forget import forget_assignment

    if (student is None) == (assignment is None):
        raise UsageError("Name a student, or an assignment with --assignment.")
    with existing_store(place) as store:
        if not yes:
            whose = repr(student) if assignment is None else f"the assignment {assignment!r}"
            typer.confirm(log_text(f"Delete everything of {whose}?"), abort=True)

        def work(connection: "Connection") -> "Forgotten":
            if assignment is not None:
                found, subject = forget_assignment(connection, assignment), assignment
            else:
                found, subject = forget_student(connection, str(student)), pseudonym(str(student).lower())
            counts = {"gradings": found.gradings, "submissions": found.submissions, "reports": found.reports}
            note(connection, who="grader store forget", action="forget", subject=subject, **counts)
            return found

        found = store.transact(work)
    typer.echo(f"{found.gradings:,} gradings, {found.submissions:,} submissions, {found.reports:,} reports deleted.")
    if found.repositories:
        typer.echo(log_text(f"What was posted is still in {', '.join(found.repositories)}."))
    typer.echo("Copies of the store, and the folders of batches, still have it: delete those, too.")


@contextmanager
def existing_store(place: str) -> Iterator["Store"]:
    """An open store; none is made. Raises UsageError where there is none."""
    from grader.errors import UsageError
    from grader.store.engine import open_store

    if "://" not in place and not Path(place).exists():
        raise UsageError(f"There is no store {place}.", mend="`grader batch ROSTER --store FILE` makes one.")
    store = open_store(place)
    try:
        yield store
    finally:
        store.close()


def _results(collection: "Collection", folder: Path, starter: Path | None) -> str:
    from grader.batch.stored.export import similarity_of, write_everything
    from grader.similarity.compare import read_starter

    handed_out = None if starter is None else read_starter(starter)
    rows = write_everything(collection, folder, similarity_of(collection, handed_out))
    reports = sum(row.report is not None for row in rows)
    return f"{len(rows):,} students, {reports:,} reports: {folder / 'overview.html'}"


def _canvas(collection: "Collection", out: Path, assignment: str, graded_only: bool) -> str:
    from grader.batch.stored.export import write_canvas

    found = write_canvas(collection, out, assignment, graded_only=graded_only)
    return f"{out}: {found['graded']:,} graded, {found['excused']:,} excused, {found['not_graded']:,} without a grade"


def _per_student(collection: "Collection", folder: Path, files: "PerStudent") -> str:
    """A file for each student; those of whom there is nothing to write are named on stderr."""
    from grader.batch.stored.export import write_per_student
    from grader.report.escape import log_text

    written = write_per_student(collection, folder, files)
    for student, reason in written.left_out:
        print(log_text(f"{student} is left out: {reason}."), file=sys.stderr)
    return f"{folder}: {written.files:,} files, {len(written.left_out):,} students left out"


def _needed(value: str | None, option: str) -> str:
    from grader.errors import UsageError

    if not value:
        raise UsageError(f"This format needs {option}.")
    return value
