"""What one `grader check` was asked to do, carried out: fetch, choose, grade, write."""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.checks.validate import validate_checks
from grader.cli.progress import Progress
from grader.errors import RecipeError, SubmissionError
from grader.intake.git import fetch
from grader.intake.git_source import redact
from grader.intake.links import is_folder, is_regular_file, leads_into, without_links
from grader.intake.manifest import Entry, read_manifest
from grader.model.recipe import Recipe
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.submission import Submission
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
from grader.training.recipe import load_recipe, parse_recipe, shipped_recipe
from grader.yaml_source import MAX_CHARACTERS


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


def carry_out(plan: Plan, progress: Progress) -> list[tuple[Path, GradeReport]]:
    """Grade every submission that the source holds; returns each report and the folder it was written to.

    What is wrong with a submission is in its report. Raises GraderError for wrong use and for what is not the
    student's fault.
    """
    rubric = load_rubric(plan.rubric)
    validate_checks(rubric)
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
        for request, folder in _requests(plan, rubric, workspace, progress):
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
    plan: Plan, rubric: Rubric, workspace: Path, progress: Progress
) -> Iterator[tuple[Request | _Refused, Path]]:
    """One request, or the reason why there is none, for each submission; with the folder its report belongs in."""
    recipes = KnownRecipes(
        reference=load_recipe(rubric.reference_recipe_source),
        option=load_recipe(plan.recipe) if plan.recipe else None,
    )
    source, options = redact(plan.source), _options(plan, Entry(), plan.out)
    progress.stage(f"fetching {source}")
    unknown = Submission(source=source, checkout=workspace, root=workspace, path=plan.path, ref=plan.ref)
    blank = Request(submission=unknown, rubric=rubric, recipes=recipes, options=options)
    try:
        whole = fetch(plan.source, ref=plan.ref, path=plan.path, workspace=workspace)
    except SubmissionError as problem:
        yield (blank, problem), plan.out
        return
    try:
        manifest = read_manifest(whole.root)
    except SubmissionError as problem:
        yield (replace(blank, submission=whole), problem), plan.out
        return
    entries = manifest.entries if manifest else (Entry(),)
    for index, entry in enumerate(entries):
        folder = plan.out if len(entries) == 1 else plan.out / (entry.name or f"submission-{index + 1}")
        request = Request(
            submission=whole,
            rubric=rubric,
            recipes=recipes,
            options=_options(plan, entry, folder),
            readme=entry.readme,
            selected_by="--model" if plan.model else ".grader.yml",
        )
        try:
            if recipes.option is None and rubric.recipe != "reference":  # else what .grader.yml names is not used
                request = replace(request, recipes=replace(recipes, manifest=_students_recipe(whole.root, entry)))
            yield replace(request, submission=_narrowed(whole, entry)), folder
        except SubmissionError as problem:
            yield (request, problem), folder


def _options(plan: Plan, entry: Entry, folder: Path) -> Options:
    return Options(
        model=plan.model or entry.model,
        train=plan.train,
        epochs=plan.epochs,
        seeds=tuple(range(plan.seeds)) if plan.seeds else None,
        device=plan.device,
        data_dir=plan.data_dir,
        save_weights=folder if plan.save_weights else None,
        epoch_seconds=plan.epoch_timeout,
        command=shlex.join(["grader", *(redact(argument) for argument in sys.argv[1:])]),
    )


def _narrowed(whole: Submission, entry: Entry) -> Submission:
    """The folder of one of several submissions; `entry.path` is checked to lie inside."""
    if entry.path is None:
        return whole
    folder = without_links(whole.root / entry.path)
    if not is_folder(folder) or not leads_into(folder, whole.root):
        raise SubmissionError(f".grader.yml names the folder {entry.path!r}, which is not there.")
    path = entry.path if whole.path is None else f"{whole.path}/{entry.path}"
    return whole.model_copy(update={"root": folder, "path": path})


def _students_recipe(root: Path, entry: Entry) -> Recipe | None:
    """The recipe that .grader.yml names: a file of the submission, or a shipped one."""
    if entry.recipe is None:
        return None
    file = root / (entry.path or ".") / entry.recipe
    inside = leads_into(file, root) and is_regular_file(file)
    try:
        return parse_recipe(_text(file), entry.recipe) if inside else shipped_recipe(entry.recipe)
    except RecipeError as problem:
        message = f"The recipe that .grader.yml names can't be used: {problem.message}"
        raise SubmissionError(message, mend=problem.mend) from None


def _text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8", errors="replace")
