"""`grader rescore`: another rubric on what was measured before. Nothing is fetched, run or trained."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.store import Batch

if TYPE_CHECKING:
    from grader.model.report import GradeReport
    from grader.pipeline.measured_alike import Marking

_SQLITE = b"SQLite format 3\0"


def rescore(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A batch's store, or a report.json or its folder.")],
    rubric: Annotated[str, typer.Option("--rubric", help="Name of a shipped rubric, or a YAML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the new results, or the new report.")],
    was: Annotated[
        str | None, typer.Option("--was", metavar="RUBRIC", help="What a report was graded with, if not a shipped one.")
    ] = None,
    batch: Batch = None,
) -> None:
    """Score stored reports again with another rubric, without running or training anything.

    What the rubric needs and nobody measured is not guessed: it is named, and the exit code is 5. Else the exit code is
    0; of a single report it is that of `grader check`.
    """
    from grader.batch.stored.rescore import marking_of
    from grader.checks.validate import validate_checks
    from grader.rubric.load import load_rubric
    from grader.training.recipe import load_recipe

    loaded = load_rubric(rubric)
    validate_checks(loaded)
    load_recipe(loaded.reference_recipe_source)  # says what is wrong with it
    after = marking_of(loaded)
    code = _batch(source, out, after, batch) if _is_store(source) else _report(source, out, after, was)
    if code:
        raise typer.Exit(code)


def _is_store(source: str) -> bool:
    if "://" in source:
        return True
    try:
        with Path(source).open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _batch(place: str, out: Path, after: "Marking", number: int | None) -> int:
    from grader.batch.results.write import require_room
    from grader.batch.stored.collect import collect
    from grader.batch.stored.export import similarity_of, write_everything
    from grader.batch.stored.rescore import rescore_batch
    from grader.cli.store import existing_store
    from grader.report.escape import log_text

    with existing_store(place) as store:
        collection = collect(store, number)
        require_room(out)
        done = rescore_batch(collection, after)
        fresh = collect(store, done.batch)
        write_everything(fresh, out, similarity_of(fresh))
    for student, reason in done.refused:
        print(log_text(f"{student} is not scored again: {reason}"), file=sys.stderr)
    said = f"batch {done.batch}: {done.reports:,} scored again, {len(done.refused):,} not: {out / 'overview.html'}"
    typer.echo(log_text(said))
    return 5 if done.refused else 0


def _report(source: str, out: Path, after: "Marking", was: str | None) -> int:
    from grader.cli.check import exit_code
    from grader.pipeline.rescore import rescore as score_again
    from grader.report.escape import log_text
    from grader.report.text import to_text
    from grader.report.write import require_writable, write_report

    report = _read(Path(source))
    before = _graded_with(report, was)
    require_writable(out)
    found = score_again(report, before, after)
    write_report(found, out)
    place = log_text(f"Report: {out / 'report.html'}")
    sys.stdout.write(f"{to_text(found)}\n{place}\n")
    return exit_code(found)


def _read(source: Path) -> "GradeReport":
    from grader.errors import UsageError
    from grader.report.json_report import from_json

    file = source / "report.json" if source.is_dir() else source
    try:
        return from_json(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"The report {file} can't be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is neither a report nor a store.") from None


def _graded_with(report: "GradeReport", was: str | None) -> "Marking | None":
    """The rubric that the report was graded with: the one that is named, else the shipped one of that digest."""
    from grader.batch.stored.rescore import marking_of
    from grader.errors import UsageError
    from grader.rubric.load import list_rubrics, load_rubric

    if was is None:
        return next((marking_of(one) for one in list_rubrics() if one.digest == report.rubric.digest), None)
    named = load_rubric(was)
    if named.digest != report.rubric.digest:
        raise UsageError(f"The report was not graded with {was}: its digest is {report.rubric.digest[:12]}….")
    return marking_of(named)
