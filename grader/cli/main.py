"""The `grader` command. Heavy imports live inside the commands, so that `grader --help` answers at once."""

import io
import signal
import sys
from typing import Annotated

import typer

from grader import __version__
from grader.cli.action import app as action
from grader.cli.baseline import baseline
from grader.cli.batch import batch
from grader.cli.calibrate import calibrate
from grader.cli.check import check
from grader.cli.data import app as data
from grader.cli.doctor import doctor
from grader.cli.gradescope import gradescope
from grader.cli.publish import publish
from grader.cli.reference import app as reference
from grader.cli.rescore import rescore
from grader.cli.roster import app as roster
from grader.cli.rubric import app as rubric
from grader.cli.serve import serve
from grader.cli.store import app as store
from grader.errors import GraderError
from grader.report.escape import log_text

app = typer.Typer(
    name="grader",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(check)
app.command()(batch)
app.command()(doctor)
app.command()(baseline)
app.command()(calibrate)
app.command()(rescore)
app.command()(serve)
app.command()(gradescope)
app.command()(publish)
app.add_typer(reference, name="reference")
app.add_typer(rubric, name="rubric")
app.add_typer(roster, name="roster")
app.add_typer(store, name="store")
app.add_typer(data, name="data")
app.add_typer(action, name="action")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"grader {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Grade deep-learning submissions: find the model, measure its graph, retrain it, report."""


def main() -> None:
    """Run the command line; expected errors become one sentence on stderr and an exit code."""
    # A terminated grader must clean up like an interrupted one: stop its children, remove its folders.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character must not cost the report
            stream.reconfigure(errors="replace")
    try:
        app()
    except GraderError as problem:
        print(log_text(f"grader: {problem}"), file=sys.stderr)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        print("grader: interrupted.", file=sys.stderr)
        sys.exit(130)
