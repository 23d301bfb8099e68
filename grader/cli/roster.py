"""`grader roster check`: what is wrong with a class's table, by line, before anything runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.model.roster import Roster

app = typer.Typer(help="Check the table of a class before grading it.", no_args_is_help=True)

RepoPattern = Annotated[
    str | None,
    typer.Option(
        "--repo-pattern",
        metavar="URL",
        help="Where repositories lie, with a column in braces: https://HOST/ORG/mnist-{github_username}",
    ),
]


@app.callback()
def _roster() -> None:
    """Keep `check` a command of its own, also while it is the only one."""


@app.command()
def check(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER", help="A CSV file.")],
    repo_pattern: RepoPattern = None,
) -> None:
    """List what is wrong with a roster, by line. Nothing is fetched. Exit code 2 where an error has to be mended."""
    from grader.batch.roster.read import read_roster
    from grader.report.escape import log_text

    found = read_roster(content_of(roster), repo_pattern=repo_pattern)
    for problem in found.problems:
        typer.echo(log_text(f"{roster}:{problem.line}: {problem.severity}: {problem.message}"))
    typer.echo(_summary(found))
    if found.errors:
        raise typer.Exit(2)


def content_of(roster: Path) -> bytes:
    """The file's bytes. Raises UsageError where it can't be read."""
    from grader.errors import UsageError

    try:
        return roster.read_bytes()
    except OSError as problem:
        raise UsageError(f"The roster {roster} can't be read: {problem.strerror}.") from None


def _summary(roster: "Roster") -> str:
    kinds = {
        "grader": "grader's own form",
        "github-classroom": "GitHub Classroom's export",
        "classroom50": "Classroom 50's roster",
        "canvas": "Canvas's export",
    }
    there = sum(entry.repository is not None for entry in roster.entries)
    excused = sum(entry.excused for entry in roster.entries)
    warnings = len(roster.problems) - len(roster.errors)
    counts = [f"{len(roster.entries):,} students", f"{there:,} with a repository"]
    counts += [f"{excused:,} excused"] if excused else []
    counts += [f"errors: {len(roster.errors)}, warnings: {warnings}"]
    return f"{kinds[roster.kind]}: {', '.join(counts)}"
