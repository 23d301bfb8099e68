"""`grader doctor`: what this machine has, what is missing, and how to get it."""

from typing import Annotated

import typer

from grader.cli.data import DataDir


def doctor(
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is missing.")] = False,
) -> None:
    """Say which parts of grader work on this machine, and how to get those that do not.

    Exit code 0 when a submission can be graded and retrained here, 3 when something needed is missing.
    """
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
