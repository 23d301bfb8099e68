"""`grader action`: the steps of our GitHub Action. Options come from the environment, as its action.yml sets it."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.check import Device
from grader.cli.data import DataDir

app = typer.Typer(help="Work inside a GitHub Actions job: grade, check a report before posting.", no_args_is_help=True)


class Switch(StrEnum):
    """A yes or no as workflows write it."""

    true = "true"
    false = "false"


def _variable(name: str) -> str:
    return f"GRADER_INPUT_{name.upper()}"


@app.command("grade")
def grade(
    source: Annotated[
        str, typer.Option("--source", envvar=_variable("source"), help="A folder of the workspace, or an https URL.")
    ] = ".",
    ref: Annotated[str | None, typer.Option("--ref", envvar=_variable("ref"), help="With a URL: the commit.")] = None,
    path: Annotated[
        str | None, typer.Option("--path", envvar=_variable("path"), help="Grade this subfolder of the repository.")
    ] = None,
    rubric: Annotated[
        str, typer.Option("--rubric", envvar=_variable("rubric"), help="Name of a shipped rubric, or a YAML file.")
    ] = "mnist-20k",
    model: Annotated[
        str | None, typer.Option("--model", envvar=_variable("model"), metavar="FILE:CLASS", help="The class to grade.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", envvar=_variable("recipe"), help="Name of a shipped recipe, or a file.")
    ] = None,
    train: Annotated[
        Switch, typer.Option("--train", envvar=_variable("train"), help="Whether to retrain.")
    ] = Switch.true,
    epochs: Annotated[
        int | None, typer.Option("--epochs", envvar=_variable("epochs"), min=1, help="Train this many epochs at most.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", envvar=_variable("seeds"), min=1, max=100, help="Try this many at most.")
    ] = None,
    device: Annotated[
        Device, typer.Option("--device", envvar=_variable("device"), help="Where retraining runs.")
    ] = Device.AUTO,
    data_dir: DataDir = None,
    points: Annotated[
        float | None,
        typer.Option("--points", envvar=_variable("points"), min=0.01, max=100_000, help="What the grade is out of."),
    ] = None,
    advisory: Annotated[
        Switch, typer.Option("--advisory", envvar=_variable("advisory"), help="Say that this is not the grade.")
    ] = Switch.true,
    out: Annotated[
        Path, typer.Option("--out", envvar="RUNNER_TEMP", help="Folder in which a new folder takes the report.")
    ] = Path(),
) -> None:
    """Grade one submission; tell the runner outputs, annotations and the job's summary.

    A verdict is an output, not an exit code. Exit codes: 0 there is a report, 2 wrong use, 3 our or the machine's
    fault, 4 several submissions in one. A token in GRADER_SOURCE_TOKEN fetches the source, and goes to git alone.
    """
    from grader.cli.action_job import Job, run

    job = Job(
        workspace=_workspace(),
        source=source,
        token=os.environ.pop("GRADER_SOURCE_TOKEN", ""),
        ref=ref,
        path=path,
        rubric=_in_workspace(rubric),
        model=model,
        recipe=_in_workspace(recipe) if recipe else None,
        train=train is Switch.true,
        epochs=epochs,
        seeds=seeds,
        device=device.value,
        data_dir=data_dir,
        points=points,
        advisory=advisory is Switch.true,
        out=out,
    )
    code = run(job, outputs=_runners_file("GITHUB_OUTPUT"), summary=_runners_file("GITHUB_STEP_SUMMARY"))
    if code:
        raise typer.Exit(code)


@app.command("verify")
def verify(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="report.json, a zip archive with it, or the folder of either.")
    ],
    commit: Annotated[
        str, typer.Option("--commit", envvar=_variable("commit"), help="The commit that it must be about, 40 digits.")
    ],
    rubric: Annotated[
        str, typer.Option("--rubric", envvar=_variable("rubric"), help="The rubric that it must be graded with.")
    ],
    digest: Annotated[
        str, typer.Option("--digest", envvar=_variable("digest"), help="Sha256 of report.json, told by that job.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the checked report is written.")],
    train: Annotated[
        Switch, typer.Option("--train", envvar=_variable("train"), help="Whether it must be with retraining.")
    ] = Switch.true,
) -> None:
    """Check a report of another job before it is posted: whose it is, by which rubric, and whether its points follow.

    Exit code 0: it was written to --out and may be posted; 3: it was refused, and nothing was written.
    """
    import re

    from grader.action.artifact import read_report
    from grader.action.verify import Expected, verified
    from grader.checks.validate import validate_checks
    from grader.errors import UsageError
    from grader.pipeline.measured_alike import Marking
    from grader.report.escape import log_text
    from grader.report.json_report import to_json
    from grader.report.text import summary_line
    from grader.report.write import write_texts
    from grader.rubric.load import load_rubric

    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UsageError("--commit takes all 40 hexadecimal digits of a commit.")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise UsageError("--digest takes the 64 hexadecimal digits of a sha256.")
    loaded = load_rubric(_in_workspace(rubric))
    validate_checks(loaded)
    expected = Expected(commit, Marking(loaded, None), digest, static=train is Switch.false)
    found = verified(read_report(report), expected)
    write_texts(out.parent, {out.name: to_json(found)})
    typer.echo(log_text(summary_line(found)))


def _workspace() -> Path:
    """Where the runner checks repositories out; here, outside of a runner."""
    return Path(os.environ.get("GITHUB_WORKSPACE") or ".").absolute()


def _in_workspace(name: str) -> str:
    """The path of a file that an input names: steps run elsewhere, so that no submitted file is in their folder."""
    return str(_workspace() / name) if name.endswith((".yaml", ".yml")) else name


def _runners_file(name: str) -> Path | None:
    """A file that the runner names in its environment; taken out of it, so that no child process learns of it."""
    place = os.environ.pop(name, "")
    return Path(place) if place else None
