"""Finished runs on disk: a report, and what it is the result of."""

import contextlib
import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError

from grader import __version__
from grader.errors import GraderError
from grader.model.base import Frozen
from grader.model.report import GradeReport
from grader.model.task import Task
from grader.report.json_report import from_json
from grader.report.write import write_report

_NAME = "run.json"


class RunIdentity(Frozen):
    """Everything a run depends on; two runs of the same identity on one machine give the same curve."""

    schema_name: Literal["grader/reference-run/v1"] = Field("grader/reference-run/v1", alias="schema")
    model: str  # sha256 of model.py
    recipe: str  # the recipe's digest
    task: Task
    seed: int
    epochs: int | None  # the cap that replaced the task's
    device: str  # as it was asked for
    grader: str
    torch: str

    @classmethod
    def of(cls, *, model: bytes, recipe: str, task: Task, seed: int, epochs: int | None, device: str) -> Self:
        """The identity under the versions that are installed here. The task's own seeds do not count."""
        return cls(
            model=hashlib.sha256(model).hexdigest(),
            recipe=recipe,
            task=task.model_copy(update={"seeds": (seed,)}),
            seed=seed,
            epochs=epochs,
            device=device,
            grader=__version__,
            torch=version("torch"),
        )


def find_kept(folder: Path, identity: RunIdentity) -> GradeReport | None:
    """The report of a finished run of that identity; None where there is none, or none that can be read."""
    try:
        if RunIdentity.model_validate_json((folder / _NAME).read_bytes()) != identity:
            return None
        return from_json((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError, GraderError):
        return None


def kept_runs(folder: Path) -> Iterator[tuple[RunIdentity, GradeReport]]:
    """Every finished run that `grader baseline` or `grader calibrate` has kept there, whoever's recipe trained it.

    What can't be read is passed over, as `find_kept` does; runs of other versions of grader and torch are not.
    """
    for note in sorted([*folder.glob(f"runs/*/*/{_NAME}"), *folder.glob(f"reference-recipe/runs/*/*/{_NAME}")]):
        try:
            identity = RunIdentity.model_validate_json(note.read_bytes())
        except (OSError, ValidationError):
            continue
        report = find_kept(note.parent, identity)
        if report is not None:
            yield identity, report


def keep(report: GradeReport, folder: Path, identity: RunIdentity) -> None:
    """Write a finished run; `run.json` goes first and comes last, so that half a run is never found.

    Raises GraderError where the folder can't be written to.
    """
    note = folder / _NAME
    with contextlib.suppress(OSError):
        note.unlink(missing_ok=True)
    write_report(report, folder)
    staging = folder / f".{_NAME}.partial"
    try:
        staging.write_text(identity.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
        staging.replace(note)
    except OSError as problem:
        raise GraderError(f"The run can't be kept in {folder}: {problem.strerror}.") from None
