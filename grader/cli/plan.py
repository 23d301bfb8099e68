"""What one `grader check` was asked to do, carried out: fetch, choose, grade, write."""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.checks.validate import validate_checks
from grader.cli.hopeless import hopeless_rules
from grader.cli.progress import Progress
from grader.cli.stop_at_target import require_stop_allowed
from grader.errors import SubmissionError
from grader.intake.git import fetch
from grader.intake.git_source import redact
from grader.model.hopeless import HopelessRule
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.pipeline.entries import described, entries_of, narrowed
from grader.pipeline.grade import grade, refusal
from grader.pipeline.request import Backends, KnownRecipes, Options, Request
from grader.report.write import require_writable, write_report
from grader.rubric.load import load_rubric
from grader.sandbox.base import Limits
from grader.sandbox.select import select
from grader.temporary_folder import temporary_folder
from grader.tensorboard.board import Board
from grader.tensorboard.folder import submission_name
from grader.training.launch import ProgressEvent
from grader.training.recipe import load_recipe


@dataclass(frozen=True)
class Plan:
    """The arguments of `grader check`, parsed but not yet looked up."""

    source: str
    path: str | None
    ref: str | None
    rubric: str
    model: str | None
    recipe: str | None
    train: bool
    epochs: int | None
    seeds: int | None
    device: str
    data_dir: Path | None
    sandbox: str
    out: Path
    save_weights: bool
    build_timeout: float  # seconds
    epoch_timeout: float = 1800  # seconds
    tensorboard: Path | None = None
    stop_hopeless: float | None = None
    calibration: Path | None = None
    stop_at_target: bool = False


def carry_out(plan: Plan, progress: Progress) -> list[tuple[Path, GradeReport]]:
    """Grade every submission that the source holds; returns each report and the folder it was written to.

    What is wrong with a submission is in its report. Raises GraderError for wrong use and for what is not the
    student's fault.
    """
    rubric = load_rubric(plan.rubric)
    validate_checks(rubric)
    if plan.train and plan.stop_at_target:
        require_stop_allowed(rubric)
    hopeless = hopeless_rules(plan.stop_hopeless, plan.calibration, rubric, plan.epochs) if plan.train else ()
    board = Board(plan.tensorboard)

    def on_training(event: ProgressEvent) -> None:
        progress.training(event)
        board.training(event)

    backends = Backends(
        sandbox=select(plan.sandbox),
        on_stage=progress.stage,
        on_training=on_training,
        limits=Limits(wall_seconds=plan.build_timeout),
    )
    require_writable(plan.out)
    with board, temporary_folder("workspace") as workspace:
        # Torch makes this folder when it is imported, by default one that stays in the machine's temporary folder.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(workspace)
        reports = []
        for request, folder in _requests(plan, rubric, hopeless, workspace, progress):
            submission = request[0].submission if isinstance(request, tuple) else request.submission
            entry = "" if folder == plan.out else folder.name
            board.begin(submission_name(submission.source, submission.path, entry))
            report = refusal(*request, backends) if isinstance(request, tuple) else grade(request, backends)
            write_report(report, folder)
            board.finish(report)
            reports.append((folder, report))
            if report.training.was_interrupted:  # interrupted: the person wants an end of all of them
                break
    if board.problem:
        progress.warn(board.problem)
    return reports


_Refused = tuple[Request, SubmissionError]


def _requests(
    plan: Plan, rubric: Rubric, hopeless: tuple[HopelessRule, ...], workspace: Path, progress: Progress
) -> Iterator[tuple[Request | _Refused, Path]]:
    """One request, or the reason why there is none, for each submission; with the folder its report belongs in."""
    recipes = KnownRecipes(
        reference=load_recipe(rubric.reference_recipe_source),
        option=load_recipe(plan.recipe) if plan.recipe else None,
    )
    source = redact(plan.source)
    progress.stage(f"fetching {source}")
    unknown = Submission(source=source, checkout=workspace, root=workspace, path=plan.path, ref=plan.ref)
    blank = Request(submission=unknown, rubric=rubric, recipes=recipes, options=_options(plan, plan.out, hopeless))
    try:
        whole = fetch(plan.source, ref=plan.ref, path=plan.path, workspace=workspace)
    except SubmissionError as problem:
        yield (blank, problem), plan.out
        return
    fetched = replace(blank, submission=whole)
    try:
        entries = entries_of(whole.root)
    except SubmissionError as problem:
        yield (fetched, problem), plan.out
        return
    for index, entry in enumerate(entries):
        folder = plan.out if len(entries) == 1 else plan.out / (entry.name or f"submission-{index + 1}")
        request = described(replace(fetched, options=_options(plan, folder, hopeless)), entry)
        try:
            yield narrowed(request, entry), folder
        except SubmissionError as problem:
            yield (request, problem), folder


def _options(plan: Plan, folder: Path, hopeless: tuple[HopelessRule, ...]) -> Options:
    return Options(
        model=plan.model,
        train=plan.train,
        epochs=plan.epochs,
        seeds=tuple(range(plan.seeds)) if plan.seeds else None,
        device=plan.device,
        data_dir=plan.data_dir,
        save_weights=folder if plan.save_weights else None,
        epoch_seconds=plan.epoch_timeout,
        hopeless=hopeless,
        stop_at_target=plan.stop_at_target,
        command=shlex.join(["grader", *(redact(argument) for argument in sys.argv[1:])]),
    )
