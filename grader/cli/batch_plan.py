"""What one `grader batch` was asked to do, carried out: words become objects, then the coordinator has it."""

import contextlib
import fcntl
import os
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.batch.fetch.deadline import Deadline, parse_deadline
from grader.batch.fetch.github import forge_of_environment
from grader.batch.fetch.submission import FetchSettings
from grader.batch.results.write import require_room
from grader.batch.roster.read import read_roster
from grader.batch.run.coordinator import run_batch
from grader.batch.run.executor import Executor
from grader.batch.run.local_executor import LocalExecutor
from grader.batch.run.settings import BatchSettings, Who
from grader.batch.run.watch import Watch
from grader.checks.validate import validate_checks
from grader.cli.hopeless import hopeless_rules
from grader.cli.stop_at_target import require_stop_allowed
from grader.errors import GraderError, RecipeError, UsageError
from grader.intake.git import fetch
from grader.model.recipe import Recipe
from grader.model.result import Result
from grader.model.roster import Roster
from grader.model.rubric import Rubric
from grader.model.similarity import Fingerprint
from grader.pipeline.request import KnownRecipes, Options
from grader.rubric.load import load_rubric
from grader.sandbox.base import Limits
from grader.similarity.compare import read_starter
from grader.store.engine import open_store
from grader.temporary_folder import temporary_folder
from grader.training.data_folder import folder_of
from grader.training.recipe import load_recipe

_SHOWN = 5  # errors of a roster in the message


@dataclass(frozen=True)
class BatchPlan:
    """The arguments of `grader batch`, parsed but not yet looked up."""

    roster: Path
    content: bytes
    repo_pattern: str | None
    rubric: str
    recipe: str | None
    train: bool
    epochs: int | None
    seeds: int | None
    device: str
    data_dir: Path | None
    sandbox: str
    out: Path
    store: str | None
    jobs: int | None
    executor: str
    address: str | None  # of a Ray cluster
    deadline: str | None
    trust_commit_dates: bool
    starter: str | None
    only: tuple[str, ...]
    failed: bool
    update: bool
    force: bool
    build_timeout: float  # seconds, as the other two
    static_timeout: float
    epoch_timeout: float
    stop_hopeless: float | None = None
    calibration: Path | None = None
    stop_at_target: bool = False


def carry_out(plan: BatchPlan, watch: Watch) -> "Counter[Result]":
    """Grade the class; how many students have which result.

    Raises GraderError for wrong use and for what ends a batch, KeyboardInterrupt after Ctrl-C.
    """
    roster = _roster(plan)
    settings = _settings(plan, roster)
    require_room(plan.out)
    with _alone_in(plan.out):
        store = open_store(plan.store or plan.out / "store.sqlite")
        try:
            executor = _executor(plan)
            try:
                return run_batch(roster, settings, store, executor, watch)
            finally:
                executor.close()
        finally:
            store.close()


def _executor(plan: BatchPlan) -> Executor:
    container = plan.sandbox == "container"
    if plan.executor == "ray":
        from grader.batch.run.ray_executor import RayExecutor

        return RayExecutor(plan.address, jobs=plan.jobs, device=plan.device, container=container)
    if plan.address is not None:
        raise UsageError("--address names a Ray cluster.", mend="Add --executor ray.")
    return LocalExecutor(plan.jobs or len(os.sched_getaffinity(0)), container=container)


def _roster(plan: BatchPlan) -> Roster:
    roster = read_roster(plan.content, repo_pattern=plan.repo_pattern)
    if not roster.errors:
        return roster
    shown = " ".join(f"{str(problem).removesuffix('.')}." for problem in roster.errors[:_SHOWN])
    raise UsageError(
        f"The roster has {len(roster.errors)} error{'s' if len(roster.errors) > 1 else ''}: {shown}",
        mend=f"`grader roster check {shlex.quote(str(plan.roster))}` lists everything that is wrong.",
    )


def _settings(plan: BatchPlan, roster: Roster) -> BatchSettings:
    rubric = load_rubric(plan.rubric)
    validate_checks(rubric)
    if plan.train and plan.stop_at_target:
        require_stop_allowed(rubric)
    return BatchSettings(
        title=plan.roster.stem,
        roster=str(plan.roster.resolve()),
        out=plan.out,
        rubric=rubric,
        recipes=KnownRecipes(
            reference=load_recipe(rubric.reference_recipe_source),
            option=load_recipe(plan.recipe) if plan.recipe else None,
        ),
        rows=_recipes_of_rows(roster),
        options=Options(
            train=plan.train,
            epochs=plan.epochs,
            seeds=tuple(range(plan.seeds)) if plan.seeds else None,
            device=plan.device,
            data_dir=folder_of(plan.data_dir),
            epoch_seconds=plan.epoch_timeout,
            hopeless=hopeless_rules(plan.stop_hopeless, plan.calibration, rubric, plan.epochs) if plan.train else (),
            stop_at_target=plan.stop_at_target,
        ),
        who=Who(only=plan.only, failed=plan.failed, update=plan.update, force=plan.force),
        fetch=_fetch_settings(plan),
        sandbox=plan.sandbox,
        limits=Limits(wall_seconds=plan.build_timeout),
        starter=_starter(plan.starter),
        static_seconds=plan.static_timeout,
        command=_command(plan, rubric),
    )


def _recipes_of_rows(roster: Roster) -> dict[str, Recipe]:
    """The recipes that the roster names. Raises RecipeError, with the first line that names one in vain."""
    found: dict[str, Recipe] = {}
    for entry in roster.entries:
        if entry.recipe and entry.recipe not in found:
            try:
                found[entry.recipe] = load_recipe(entry.recipe)
            except RecipeError as problem:
                raise RecipeError(f"Line {entry.line} of the roster: {problem.message}", mend=problem.mend) from None
    return found


def _fetch_settings(plan: BatchPlan) -> FetchSettings:
    if plan.deadline is None:
        if plan.trust_commit_dates:
            raise UsageError("--trust-commit-dates says how a deadline is applied: name one with --deadline.")
        return FetchSettings(forge=forge_of_environment())
    deadline = Deadline(parse_deadline(plan.deadline), trust_commit_dates=plan.trust_commit_dates)
    return FetchSettings(deadline=deadline, forge=forge_of_environment())


def _starter(source: str | None) -> Fingerprint | None:
    """What the course handed out, from a folder or a repository. Raises GraderError where it can't be had."""
    if source is None:
        return None
    with temporary_folder("workspace") as workspace:
        return read_starter(fetch(source, workspace=workspace).root)


def _command(plan: BatchPlan, rubric: Rubric) -> tuple[str, ...]:
    """What makes `grader check` grade as this batch does; the report says it."""
    named: dict[str, object] = {"--rubric": plan.rubric, "--epochs": plan.epochs, "--seeds": plan.seeds}
    if plan.train:
        named |= {"--stop-hopeless": plan.stop_hopeless, "--calibration": plan.calibration}
    told = [word for option, value in named.items() if value is not None for word in (option, str(value))]
    if plan.recipe:
        told += ["--recipe", plan.recipe]
    if not plan.train:
        return (*told, "--no-train")
    return (*told, *(("--stop-at-target",) if plan.stop_at_target else ()))


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: two batches at a time would do each other's work twice."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".grader-batch", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise GraderError(f"The folder {folder} can't be written to: {problem.strerror}.") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "Wait for it, or use another --out."
            raise UsageError(f"Another `grader batch` is at work in {folder}.", mend=mend) from None
        yield
    finally:
        os.close(lock)
