"""`grader doctor`: what this machine has, what is missing, and how to get it."""

from enum import StrEnum
from typing import Annotated

import typer

from grader.cli.data import DataDir
from grader.errors import UsageError


class Format(StrEnum):
    """How the answer of --sandbox is printed."""

    text = "text"
    json = "json"


def doctor(
    name: Annotated[str | None, typer.Argument(help="With --sandbox: the one to examine. Default: all.")] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Try to break out of the sandboxes: which guarantees hold here?")
    ] = False,
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="With --sandbox: text or json.")] = Format.text,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is missing.")] = False,
) -> None:
    """Say which parts of grader work on this machine, and how to get those that do not.

    Exit code 0 when a submission can be graded and retrained here, 3 when something needed is missing. With --sandbox:
    0 when all guarantees of an isolating sandbox hold, 3 when one fails or could not be tried.
    """
    if sandbox:
        from grader.cli.conformance import conformance

        conformance(name, as_json=format_ is Format.json, quiet=quiet)
        return
    if name is not None or format_ is not Format.text:
        raise UsageError("A name and --format belong to --sandbox.")
    from grader.cli.diagnosis import diagnose

    findings = diagnose(data_dir)
    for finding in findings:
        if quiet and finding.ok:
            continue
        mark = "ok     " if finding.ok else ("missing" if finding.needed else "absent ")
        typer.echo(f"{mark}  {finding.name:<12} {finding.message}")
        if not finding.ok and finding.mend:
            typer.echo(f"{'':9}{'':<12} {finding.mend}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(3)
