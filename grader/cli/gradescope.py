"""`grader gradescope`: what `run_autograder` calls inside Gradescope's container."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.check import Device, SandboxName
from grader.cli.data import DataDir

if TYPE_CHECKING:
    from grader.batch.exports.gradescope_submission import GradescopeSubmission
    from grader.cli.plan import Plan
    from grader.model.report import GradeReport

# Gradescope, "Autograder Specifications", "File hierarchy".
_SUBMISSION = Path("/autograder/submission")
_RESULTS = Path("/autograder/results/results.json")
_METADATA = Path("/autograder/submission_metadata.json")
_MOST_BYTES = 64 * 2**20  # of the metadata, which holds earlier results
_UNFINISHED = "Grading did not come to its end: it was stopped, or ran out of time or memory. This is no grade."


def gradescope(
    rubric: Annotated[str, typer.Option("--rubric", help="Name of a shipped rubric, or a YAML file.")],
    submission: Annotated[Path, typer.Option("--submission", help="Folder with what was handed in.")] = _SUBMISSION,
    results: Annotated[Path, typer.Option("--results", help="The file that Gradescope reads.")] = _RESULTS,
    metadata: Annotated[Path, typer.Option("--metadata", help="What Gradescope says of the submission.")] = _METADATA,
    path: Annotated[str | None, typer.Option("--path", help="Grade this subfolder.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="FILE[:CELL]:CLASS[@LINE]", help="The class to grade.")
    ] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Name of a shipped recipe, or a YAML file.")] = None,
    no_train: Annotated[
        bool, typer.Option("--no-train", help="Static checks only; drop the training criteria.")
    ] = False,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Train this many epochs at most.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, max=100, help="Try this many seeds at most.")] = None,
    device: Annotated[Device, typer.Option("--device", help="Where retraining runs.")] = Device.AUTO,
    data_dir: DataDir = None,
    sandbox: Annotated[
        SandboxName, typer.Option("--sandbox", help="Where the student's code runs; 'process' has limits only.")
    ] = SandboxName.AUTO,
    build_timeout: Annotated[
        float, typer.Option("--build-timeout", min=1, help="Seconds that importing and building the model may take.")
    ] = 90,
    epoch_timeout: Annotated[
        float, typer.Option("--epoch-timeout", min=1, help="Seconds that one epoch of retraining may take.")
    ] = 1800,
) -> None:
    """Grade a submission inside a Gradescope autograder and write its results.json.

    Without a verdict there is no score, and the reason is shown. Exit codes: 0 the results stand, 2 wrong use,
    3 our or the machine's fault, 4 several submissions in one; results.json says so, too.
    """
    from grader.cli.plan import Plan
    from grader.errors import GraderError, SubmissionError
    from grader.temporary_folder import temporary_folder

    known = _metadata(metadata)
    page = _Results(results, known)
    page.write(None, _UNFINISHED)  # stands if this process is killed, and shows now that it can be written
    try:
        with temporary_folder("workspace") as folder:
            plan = Plan(
                source=str(submission),
                path=path,
                ref=None,
                rubric=rubric,
                model=model,
                recipe=recipe,
                train=not no_train,
                epochs=epochs,
                seeds=seeds,
                device=device.value,
                data_dir=data_dir,
                sandbox=sandbox.value,
                out=folder / "report",
                save_weights=False,
                build_timeout=build_timeout,
                epoch_timeout=epoch_timeout,
            )
            report = _graded(plan)
    except SubmissionError as problem:
        page.write(None, f"Not graded: {problem}")
        raise
    except GraderError as problem:
        page.write(None, f"Not graded, for a reason that is not yours: {problem.message} Tell your instructor.")
        raise
    page.write(report, "")
    _say_points(report, known)


class _Results:
    """The file that Gradescope reads; each writing replaces it whole."""

    def __init__(self, file: Path, known: "GradescopeSubmission") -> None:
        self._file, self._known, self._began = file, known, time.monotonic()

    def write(self, report: "GradeReport | None", reason: str) -> None:
        """The report's grade and text, or why there is none. Raises as `write_texts` does."""
        import json

        from grader.batch.exports.grades import grade_of
        from grader.batch.exports.gradescope import results
        from grader.report.text import to_text
        from grader.report.write import write_texts

        grade = grade_of(self._known.entry, report, max_points=report.score.max_points if report else 0.0)
        text = to_text(report) if report else reason
        data = results(grade, seconds=time.monotonic() - self._began, text=text)
        content = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
        write_texts(self._file.parent, {self._file.name: f"{content}\n"})


def _graded(plan: "Plan") -> "GradeReport":
    from grader.cli.plan import carry_out
    from grader.cli.progress import Progress
    from grader.errors import SubmissionError

    with Progress(quiet=False) as progress:
        reports = [report for _, report in carry_out(plan, progress)]
    if len(reports) != 1:
        raise SubmissionError(f"The .grader.yml hands in {len(reports)} submissions; Gradescope takes one grade.")
    return reports[0]


def _metadata(file: Path) -> "GradescopeSubmission":
    from grader.batch.exports.gradescope_submission import gradescope_submission

    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES)
    except OSError:
        content = b""
    return gradescope_submission(content.decode("utf-8", errors="replace"))


def _say_points(report: "GradeReport", known: "GradescopeSubmission") -> None:
    """To the instructor, who alone sees what is printed."""
    most, total = report.score.max_points, known.total_points
    typer.echo(f"{report.verdict}: {report.score.points:g} of {most:g} points")
    if total is not None and total != most:
        typer.echo(f"The assignment gives {total:g} points on Gradescope, the rubric {most:g}.", err=True)
