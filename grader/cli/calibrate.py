"""`grader calibrate`: what a rubric's accuracy rule makes of reference models, and which rule to choose."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.check import Device, SandboxName
from grader.cli.data import DataDir
from grader.cli.reference_runs import BuildSandbox, Epochs, From, Jobs, Quiet, TrainingDevice, carry_out, side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model.rubric import Rubric
    from grader.reference.catalog import Reference


class RecipeOf(StrEnum):
    """Whose recipe trains."""

    PUBLISHED = "published"
    REFERENCE = "reference"


def calibrate(
    rubric: Annotated[str, typer.Argument(help="Name of a shipped rubric, or a YAML file.")],
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=1000, help="How many seeds, from 0 on.")] = 5,
    models: Annotated[
        str | None, typer.Option("--models", metavar="KEY,...", help="Reference models; else those of the rubric.")
    ] = None,
    level: Annotated[float, typer.Option("--level", help="The rate of false fails to stay under.")] = 0.05,
    recipe: Annotated[
        RecipeOf, typer.Option("--recipe", help="Each model's published recipe, or the rubric's reference recipe.")
    ] = RecipeOf.PUBLISHED,
    epochs: Epochs = None,
    device: TrainingDevice = Device.AUTO,
    data_dir: DataDir = None,
    jobs: Jobs = None,
    sandbox: BuildSandbox = SandboxName.AUTO,
    out: Annotated[Path, typer.Option("--out", help="Folder for calibration.html and calibration.json.")] = Path(
        "grader-calibration"
    ),
    runs: Annotated[
        Path | None,
        typer.Option("--runs", metavar="DIR", help="Folder of finished runs, as `grader baseline` keeps; else --out."),
    ] = None,
    folder: From = None,
    quiet: Quiet = False,
) -> None:
    """Train reference models over many seeds; tell how often a rule fails them, and suggest one.

    Runs that have finished are kept; the same command goes on where it was interrupted.
    """
    import shlex
    import time
    from datetime import UTC, datetime

    from grader.calibration.calibrate import Asked
    from grader.calibration.calibrate import calibrate as calibration_of
    from grader.calibration.rules import find_criterion
    from grader.calibration.text import to_text
    from grader.calibration.write import HTML, JSON, write_calibration
    from grader.errors import UsageError
    from grader.intake.git_source import redact
    from grader.pipeline.request import Backends
    from grader.reference.runs import Setting, Wanted
    from grader.report.write import require_writable
    from grader.rubric.load import load_rubric
    from grader.sandbox.select import select
    from grader.training.recipe import load_recipe

    began = time.monotonic()
    if not 0 < level < 1:
        raise UsageError(f"--level is a rate between 0 and 1, for example 0.05; {level:g} is not.")
    loaded = load_rubric(rubric)
    find_criterion(loaded)
    chosen = choose_models(loaded, models, folder)
    reference_recipe = load_recipe(loaded.reference_recipe_source) if recipe is RecipeOf.REFERENCE else None
    require_writable(out, (JSON, HTML))
    kept = runs or out
    setting = Setting(
        references=chosen,
        # The two kinds of runs have the same names; apart, neither takes the other's place.
        out=kept / "reference-recipe" if reference_recipe else kept,
        backends=Backends(sandbox=select(sandbox.value)),
        rubric=loaded,
        recipe=reference_recipe,
        epochs=epochs,
        device=device.value,
        data_dir=data_dir,
        jobs=jobs or side_by_side(device),
    )
    wanted = [Wanted(one.key, seed) for seed in range(seeds) for one in chosen]
    reports = carry_out(wanted, setting, quiet=quiet)
    asked = Asked(
        rubric=loaded,
        published={reference.key: reference.published for reference in chosen},
        level=level,
        recipe=recipe.value,
        epochs=epochs,
        command=shlex.join(["grader", *(redact(argument) for argument in sys.argv[1:])]),
    )
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    calibration = calibration_of(asked, reports, created_at=created_at, seconds=time.monotonic() - began)
    write_calibration(calibration, out)
    sys.stdout.write(f"{to_text(calibration)}\n\nCalibration: {out / HTML}\n")


def choose_models(rubric: "Rubric", models: str | None, folder: Path | None) -> "Sequence[Reference]":
    """The models of these keys, else those that were written for the rubric.

    Raises ReferenceModelError for a key that is not there, UsageError where there is nothing to choose.
    """
    from grader.errors import UsageError
    from grader.reference.catalog import choose_references, load_references

    references = load_references(folder)
    if models is not None:
        keys = [key.strip() for key in models.split(",") if key.strip()]
        if not keys:
            raise UsageError("--models names no reference model.", mend="`grader reference list` shows them.")
        return choose_references(references, keys)
    chosen = tuple(reference for reference in references if reference.published.rubric == rubric.id)
    if not chosen:
        raise UsageError(
            f"No reference model was written for the rubric {rubric.id!r}.",
            mend="Name some with --models; `grader reference list` shows them.",
        )
    return chosen
