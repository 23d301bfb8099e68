"""What one `grader action grade` was asked to do, carried out: grade, then tell the runner."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from grader.action.annotations import annotations
from grader.action.outputs import step_outputs
from grader.action.scaled import scaled
from grader.action.step_files import append, outputs_text
from grader.action.summary import job_summary
from grader.action.workflow_commands import annotation, silence
from grader.batch.exports.grades import grade_of
from grader.cli.plan import Plan, carry_out
from grader.cli.progress import Progress
from grader.errors import GraderError, SubmissionError, UsageError
from grader.model.grade import Grade
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.report.text import to_text
from grader.rubric.load import load_rubric


@dataclass(frozen=True)
class Job:
    """The inputs of the action."""

    workspace: Path  # where the runner checked the repository out
    source: str  # a folder, relative to the workspace, or a URL
    token: str  # for a private URL; never shown
    ref: str | None
    path: str | None
    rubric: str
    model: str | None
    recipe: str | None
    train: bool
    epochs: int | None
    seeds: int | None
    device: str
    data_dir: Path | None
    points: float | None  # what the grade is out of; None: as the rubric says
    advisory: bool
    out: Path  # a folder of the runner's; the report gets a new one in it

    @property
    def is_remote(self) -> bool:
        """Whether the source is fetched, and not a folder of the workspace."""
        return "://" in self.source


def run(job: Job, *, outputs: Path | None, summary: Path | None) -> int:
    """Grade, and tell the runner what came of it; returns the exit code of the step.

    Until the last line the runner obeys nothing that is printed. Raises GraderError where there is no report.
    """
    hush, speak = silence()
    print(hush, flush=True)
    try:
        report, folder = _graded(job)
        grade = scaled(_grade(report), job.points)
        content = (folder / "report.json").read_bytes()
        append(outputs, outputs_text(step_outputs(report, grade, folder, content)))
        append(summary, job_summary(report, grade, advisory=job.advisory))
        sys.stdout.write(f"{to_text(report)}\n")
    except GraderError as problem:
        print(f"{speak}\n{annotation('error', str(problem), title='grader')}", flush=True)
        raise
    print(speak)
    for mark in annotations(report, _root(job, report)):
        print(mark.command)
    sys.stdout.flush()
    return 3 if report.verdict == "error" and report.gradable else 0


def _graded(job: Job) -> tuple[GradeReport, Path]:
    out = _new_folder(job.out)
    plan = Plan(
        source=_source(job),
        path=job.path,
        ref=job.ref,
        rubric=job.rubric,
        model=job.model,
        recipe=job.recipe,
        train=job.train,
        epochs=job.epochs,
        seeds=job.seeds,
        device=job.device,
        data_dir=job.data_dir,
        sandbox="auto",
        out=out,
        save_weights=False,
        build_timeout=90,
    )
    if job.train:
        _have_data(job)
    with Progress(quiet=False) as progress:
        reports = carry_out(plan, progress)
    if len(reports) != 1:
        raise SubmissionError(
            f"The .grader.yml hands in {len(reports)} submissions; the action grades one.",
            mend="Name one of them with the inputs `path` or `model`.",
        )
    return reports[0][1], reports[0][0]


def _have_data(job: Job) -> None:
    """MNIST where the rubric needs it and it is not here; the other data set is bundled."""
    from grader.errors import DataError
    from grader.training.data import fetch, load

    if (dataset := load_rubric(job.rubric).task.dataset) != "mnist":
        return
    try:
        load(dataset, job.data_dir)
    except DataError:
        fetch(job.data_dir)


def _source(job: Job) -> str:
    """What `grader check` would be told; a token stands in it, and leaves this process in git's environment alone."""
    if not job.is_remote:
        if job.token:
            raise UsageError("A token is for a source that is fetched; this one is a folder.")
        return str(job.workspace / job.source)
    scheme, _, place = job.source.partition("://")
    if not job.token or scheme == "file":
        return job.source
    if scheme != "https":
        raise UsageError("A token is sent over https only.")
    return f"https://x-access-token:{quote(job.token, safe='')}@{place}"


def _grade(report: GradeReport) -> Grade:
    entry = RosterEntry(student="student", line=1, repository=".")
    return grade_of(entry, report, max_points=report.score.max_points)


def _root(job: Job, report: GradeReport) -> str:
    """The graded folder below its repository's root, which is what annotations count from; "" for the root itself.

    The repository may be checked out into a folder of the workspace, or the source be a folder of a repository.
    """
    inner = report.provenance.path or ""
    if job.is_remote:
        return inner
    folder = Path(os.path.normpath(job.workspace.absolute() / job.source / inner))
    above = (one for one in (folder, *folder.parents) if (one / ".git").exists())
    repository = next(above, job.workspace.absolute())
    return str(folder.relative_to(repository)) if folder.is_relative_to(repository) else ""


def _new_folder(parent: Path) -> Path:
    """A name that is not taken: a job may grade twice."""
    names = ("grader-report", *(f"grader-report-{number}" for number in range(2, 100)))
    for name in names:
        if not (parent / name).exists():
            return parent / name
    raise UsageError(f"There are too many reports in {parent}.")
