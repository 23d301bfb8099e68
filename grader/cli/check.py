"""`grader check`: the composition root. Arguments become objects here, the pipeline does the work."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.data import DataDir
from grader.cli.hopeless import CalibrationRuns, StopHopeless
from grader.cli.stop_at_target import StopAtTarget

if TYPE_CHECKING:
    from grader.model.report import GradeReport


class Device(StrEnum):
    """Where retraining runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class SandboxName(StrEnum):
    """Where the student's code runs."""

    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    CONTAINER = "container"
    PROCESS = "process"


class Format(StrEnum):
    """What stdout carries."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, or a git URL (https, ssh, file).")],
    path: Annotated[str | None, typer.Option("--path", help="Grade this subfolder of the repository.")] = None,
    ref: Annotated[str | None, typer.Option("--ref", help="Branch, tag or commit to grade.")] = None,
    rubric: Annotated[str, typer.Option("--rubric", help="Name of a shipped rubric, or a YAML file.")] = "mnist-20k",
    model: Annotated[
        str | None, typer.Option("--model", metavar="FILE[:CELL]:CLASS[@LINE]", help="The class to grade.")
    ] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Name of a shipped recipe, or a YAML file.")] = None,
    no_train: Annotated[
        bool, typer.Option("--no-train", help="Static checks only; drop the training criteria.")
    ] = False,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Train this many epochs at most.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, max=100, help="Try this many seeds at most.")] = None,
    stop_at_target: StopAtTarget = False,
    stop_hopeless: StopHopeless = None,
    calibration: CalibrationRuns = None,
    device: Annotated[Device, typer.Option("--device", help="Where retraining runs.")] = Device.AUTO,
    data_dir: DataDir = None,
    sandbox: Annotated[
        SandboxName, typer.Option("--sandbox", help="Where the student's code runs; 'process' has limits only.")
    ] = SandboxName.AUTO,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.json, report.md and report.html.")] = Path(
        "grader-report"
    ),
    save_weights: Annotated[
        bool, typer.Option("--save-weights", help="Keep the best epoch's weights (safetensors) in --out.")
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard", metavar="DIR", help="Write TensorBoard event files of the training into this folder."
        ),
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option("--publish", metavar="OWNER/NAME[#N]", help="Post the report there, as `grader publish` does."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What stdout carries.")] = Format.TEXT,
    build_timeout: Annotated[
        float, typer.Option("--build-timeout", min=1, help="Seconds that importing and building the model may take.")
    ] = 90,
    epoch_timeout: Annotated[
        float, typer.Option("--epoch-timeout", min=1, help="Seconds that one epoch of retraining may take.")
    ] = 1800,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Grade one repository: find the model, check it against a rubric, retrain it, write a report.

    Exit codes: 0 pass, 1 fail, 2 wrong use, 3 our or the machine's fault, 4 the submission can't be graded,
    5 inconclusive.
    """
    from grader.cli.plan import Plan, carry_out
    from grader.cli.progress import Progress
    from grader.cli.publish import after_checking

    after = after_checking(publish) if publish else None
    plan = Plan(
        source=source,
        path=path,
        ref=ref,
        rubric=rubric,
        model=model,
        recipe=recipe,
        train=not no_train,
        epochs=epochs,
        seeds=seeds,
        stop_at_target=stop_at_target,
        stop_hopeless=stop_hopeless,
        calibration=calibration,
        device=device.value,
        data_dir=data_dir,
        sandbox=sandbox.value,
        out=out,
        save_weights=save_weights,
        build_timeout=build_timeout,
        epoch_timeout=epoch_timeout,
        tensorboard=tensorboard,
    )
    with Progress(quiet=quiet) as progress:
        reports = carry_out(plan, progress)
    for folder, report in reports:
        _print(report, folder, format)
    codes = [exit_code(report) for _, report in reports]
    if after is not None:
        codes += [0 if after.post(report, "" if folder == out else folder.name) else 3 for folder, report in reports]
    code = max(codes, key=_SEVERITY.index)
    if code:
        raise typer.Exit(code)


_SEVERITY = (0, 5, 1, 4, 3)  # with several submissions, the worst decides


def exit_code(report: "GradeReport") -> int:
    """0 pass, 1 fail, 3 error, 4 not gradable, 5 inconclusive."""
    if not report.gradable:
        return 4
    return {"pass": 0, "fail": 1, "error": 3, "inconclusive": 5}[report.verdict]


def _print(report: "GradeReport", folder: Path, format: Format) -> None:
    from grader.report.escape import log_text
    from grader.report.json_report import to_json
    from grader.report.markdown import to_markdown
    from grader.report.text import to_text

    if format is Format.JSON:
        text = to_json(report)
    elif format is Format.MARKDOWN:
        text = to_markdown(report)
    else:
        place = log_text(f"Report: {folder / 'report.html'}")
        text = f"{to_text(report)}\n{place}"
    sys.stdout.write(text.rstrip("\n") + "\n")
