"""What the journeys of each assignment share: its rubric, recipes and limits; workers and clones are everybody's."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.forge import Forge
from grader.batch.fetch.submission import FetchSettings
from grader.batch.run.coordinator import machine_of
from grader.batch.run.executor import Executor
from grader.batch.run.journey import Office
from grader.batch.run.settings import BatchSettings, Who
from grader.batch.run.shared_training import SharedTraining
from grader.batch.run.watch import Watch
from grader.pipeline.request import KnownRecipes, Options
from grader.sandbox.base import Limits
from grader.sandbox.select import select
from grader.training.data_folder import folder_of
from grader.training.recipe import load_recipe
from grader.web.configuration import Assignment, Configuration, Work
from grader.web.grading.job_ledger import JobLedger
from grader.web.repositories import Course

_CLONES = 8  # side by side
_CLONE_ATTEMPTS = 3  # then the whole job is tried again, later


@dataclass(frozen=True)
class Offices:
    """`usual` and, for what a person wants graded again, `again`: by the assignment's name."""

    usual: Mapping[str, Office]
    again: Mapping[str, Office]


def open_offices(
    configuration: Configuration,
    courses: Mapping[str, Course],
    executor: Executor,
    ledger: JobLedger,
    forge: Forge,
    watch: Watch,
    stopping: threading.Event,
) -> Offices:
    """The offices of all assignments.

    Raises SandboxError and DataError for what this machine lacks, GraderError for a recipe that can't be used.
    """
    sandbox = select(configuration.work.sandbox)
    fetch = FetchSettings(forge=forge, named=True, back_off=BackOff(attempts=_CLONE_ATTEMPTS, stop=stopping))
    clones = threading.Semaphore(_CLONES)
    usual = {}
    for name, course in courses.items():
        settings = settings_of(course, configuration.work, fetch)
        machine = machine_of(settings, executor)
        usual[name] = Office(
            settings=settings,
            ledger=ledger,
            executor=executor,
            trainings=SharedTraining(executor, ledger, machine),
            machine=machine,
            sandbox=sandbox,
            watch=watch,
            clones=clones,
            stopping=stopping,
            reports=None,
        )
    return Offices(usual, {name: _again(office) for name, office in usual.items()})


def settings_of(course: Course, work: Work, fetch: FetchSettings) -> BatchSettings:
    """An assignment in the words of a batch."""
    assignment, rubric = course.assignment, course.rubric
    return BatchSettings(
        title=assignment.shown,
        roster=assignment.name,
        out=Path(),  # nothing is written: see Office.reports
        rubric=rubric,
        recipes=KnownRecipes(
            reference=load_recipe(rubric.reference_recipe_source),
            option=load_recipe(assignment.recipe) if assignment.recipe else None,
        ),
        rows={entry.recipe: load_recipe(entry.recipe) for entry in course.entries if entry.recipe},
        options=Options(
            train=assignment.train,
            epochs=assignment.epochs,
            seeds=tuple(range(assignment.seeds)) if assignment.seeds else None,
            device=assignment.device,
            data_dir=folder_of(Path(work.data_dir) if work.data_dir else None),
            epoch_seconds=work.epoch_timeout,
            stop_at_target=assignment.stop_at_target,
        ),
        fetch=fetch,
        sandbox=work.sandbox,
        limits=Limits(wall_seconds=work.build_timeout),
        static_seconds=work.static_timeout,
        command=_command(assignment),
    )


def _again(office: Office) -> Office:
    """The same, where an earlier report is not used; a training that was finished is: it would come out the same."""
    return replace(office, settings=replace(office.settings, who=Who(force=True)))


def _command(assignment: Assignment) -> tuple[str, ...]:
    """What makes `grader check` grade as the service does; the report says it."""
    named = {
        "--rubric": Path(assignment.rubric).name,
        "--epochs": assignment.epochs,
        "--seeds": assignment.seeds,
        "--recipe": Path(assignment.recipe).name if assignment.recipe else None,
    }
    told = [word for option, value in named.items() if value is not None for word in (option, str(value))]
    if not assignment.train:
        return (*told, "--no-train")
    return (*told, *(("--stop-at-target",) if assignment.stop_at_target else ()))
