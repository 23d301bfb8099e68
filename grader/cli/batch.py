"""`grader batch`: a whole class, from its roster to its results; the same command again goes on where it ended."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.check import Device, SandboxName
from grader.cli.data import DataDir
from grader.cli.hopeless import CalibrationRuns, StopHopeless
from grader.cli.roster import RepoPattern, content_of
from grader.cli.stop_at_target import StopAtTarget

if TYPE_CHECKING:
    from collections import Counter

    from grader.model.result import Result


class ExecutorName(StrEnum):
    """Where the heavy work of a batch runs."""

    LOCAL = "local"
    RAY = "ray"


def batch(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER", help="A CSV file: see `grader roster check`.")],
    repo_pattern: RepoPattern = None,
    rubric: Annotated[str, typer.Option("--rubric", help="Name of a shipped rubric, or a YAML file.")] = "mnist-20k",
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
        SandboxName, typer.Option("--sandbox", help="Where the students' code runs; 'process' has limits only.")
    ] = SandboxName.AUTO,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results and all reports.")] = Path(
        "grader-results"
    ),
    store: Annotated[
        str | None,
        typer.Option("--store", help="SQLite file or postgresql:// URL; else store.sqlite in --out."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Submissions worked on side by side; else one per CPU.")
    ] = None,
    executor: Annotated[
        ExecutorName, typer.Option("--executor", help="Work on this machine, or on a Ray cluster.")
    ] = ExecutorName.LOCAL,
    address: Annotated[
        str | None,
        typer.Option("--address", help="The Ray cluster: auto, or HOST:PORT; else one of this machine alone."),
    ] = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="ISO8601", help="Grade what the forge had received by then.")
    ] = None,
    trust_commit_dates: Annotated[
        bool, typer.Option("--trust-commit-dates", help="Where no forge says it, believe the commits' own dates.")
    ] = False,
    starter: Annotated[
        str | None,
        typer.Option("--starter", metavar="SOURCE", help="Code that everybody was given: no sign of similarity."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what was begun: it is the default, and never done twice.")
    ] = True,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="STUDENT", help="Grade this student; may be repeated.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Also try again what failed for a reason that is not the student's.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Also look for new commits of those who have a result.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade again, and use nothing that was done before.")] = False,
    build_timeout: Annotated[
        float, typer.Option("--build-timeout", min=1, help="Seconds that importing and building a model may take.")
    ] = 90,
    static_timeout: Annotated[
        float, typer.Option("--static-timeout", min=1, help="Seconds that all of a submission but training may take.")
    ] = 300,
    epoch_timeout: Annotated[
        float, typer.Option("--epoch-timeout", min=1, help="Seconds that one epoch of retraining may take.")
    ] = 1800,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Grade a class from its roster; the same command again goes on where it ended.

    Finished work is never done twice: every step is in the store, whatever ended the last run.

    Exit codes: 0 everybody is accounted for, 2 wrong use, 3 some could not be graded for a reason of ours or the
    network, 130 interrupted.
    """
    from grader.cli.batch_display import display
    from grader.cli.batch_plan import BatchPlan, carry_out

    plan = BatchPlan(
        roster=roster,
        content=content_of(roster),
        repo_pattern=repo_pattern,
        rubric=rubric,
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
        store=store,
        jobs=jobs,
        executor=executor.value,
        address=address,
        deadline=deadline,
        trust_commit_dates=trust_commit_dates,
        starter=starter,
        only=tuple(only or ()),
        failed=failed,
        update=update,
        force=force,
        build_timeout=build_timeout,
        static_timeout=static_timeout,
        epoch_timeout=epoch_timeout,
    )
    try:
        with display(quiet=quiet) as watch:
            counts = carry_out(plan, watch)
    except KeyboardInterrupt:
        print("grader: interrupted. The same command goes on from here.", file=sys.stderr)
        raise typer.Exit(130) from None
    sys.stdout.write(_table(counts, out))
    if counts["unreached"] or counts["error"]:
        raise typer.Exit(3)


def _table(counts: "Counter[Result]", out: Path) -> str:
    """How many students have which result, and where to look."""
    from grader.batch.results.words import WORDS
    from grader.report.escape import log_text

    lines = [f"{number:>7,}  {WORDS[result].text.lower()}" for result in WORDS if (number := counts[result])]
    lines.append(f"{counts.total():>7,}  students")
    return log_text("\n".join([*lines, f"Results: {out / 'overview.html'}"])) + "\n"
