"""What `grader baseline` and `grader calibrate` have in common: their options, and carrying out the runs."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.check import Device, SandboxName

if TYPE_CHECKING:
    from grader.model.report import GradeReport
    from grader.reference.runs import Setting, Wanted

Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Train this many epochs at most.")]
TrainingDevice = Annotated[Device, typer.Option("--device", help="Where training runs.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, max=64, help="Runs side by side; else one per core, one on a GPU.")
]
BuildSandbox = Annotated[
    SandboxName, typer.Option("--sandbox", help="Where the models are built; 'process' has limits only.")
]
From = Annotated[Path | None, typer.Option("--from", metavar="DIR", help="A folder of reference models of your own.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def carry_out(wanted: "Sequence[Wanted]", setting: "Setting", *, quiet: bool) -> "Mapping[Wanted, GradeReport]":
    """The reports of all runs, with progress on stderr; an interruption says that nothing finished is lost."""
    import os

    from grader.cli.runs_progress import RunsProgress
    from grader.reference.runs import measure
    from grader.temporary_folder import temporary_folder

    with temporary_folder("workspace") as workspace:
        # Torch makes this folder when it is imported, by default one that stays in the machine's temporary folder.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(workspace)
        with RunsProgress(quiet=quiet, runs=len(wanted)) as progress:
            try:
                return measure(wanted, setting, progress.watch)
            except KeyboardInterrupt:
                print(f"Finished runs are kept in {setting.out}; the same command goes on.", file=sys.stderr)
                raise


def side_by_side(device: Device) -> int:
    """How many models train at once: one per core on a CPU, one on a GPU."""
    import os

    from grader.training.device import choose_device

    return 1 if choose_device(device.value).type == "cuda" else max(1, os.cpu_count() or 1)
