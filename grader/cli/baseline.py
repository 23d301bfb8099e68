"""`grader baseline`: the reference models through the student's pipeline, published beside measured."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.check import Device, SandboxName
from grader.cli.data import DataDir
from grader.cli.reference import From


def baseline(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Reference models; without a key all of them.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="How many seeds, from 0 on.")] = 1,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Train this many epochs at most.")] = None,
    device: Annotated[Device, typer.Option("--device", help="Where training runs.")] = Device.AUTO,
    data_dir: DataDir = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, max=64, help="Runs side by side; else one per core, one on a GPU."),
    ] = None,
    sandbox: Annotated[
        SandboxName, typer.Option("--sandbox", help="Where the models are built; 'process' has limits only.")
    ] = SandboxName.AUTO,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table and for each run's report.")] = Path(
        "grader-baseline"
    ),
    folder: From = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Train the reference models as a student's are, and print published beside measured.

    Runs that have finished are kept in --out; the same command goes on where it was interrupted.
    """
    import os
    import tempfile
    from datetime import UTC, datetime

    from grader.cli.runs_progress import RunsProgress
    from grader.errors import UsageError
    from grader.pipeline.request import Backends
    from grader.reference.baseline import baseline as table_of
    from grader.reference.baseline import to_markdown
    from grader.reference.catalog import choose_references, load_references
    from grader.reference.runs import Setting, Wanted, measure
    from grader.report.write import require_writable
    from grader.sandbox.select import select

    require_writable(out)
    references = choose_references(load_references(folder), keys or ())
    wanted = [Wanted(reference.key, seed) for seed in range(seeds) for reference in references]
    setting = Setting(
        references=references,
        out=out,
        backends=Backends(sandbox=select(sandbox.value)),
        epochs=epochs,
        device=device.value,
        data_dir=data_dir,
        jobs=jobs or side_by_side(device),
    )
    with tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as workspace:
        # Torch makes this folder when it is imported, by default one that stays in the machine's temporary folder.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = workspace
        with RunsProgress(quiet=quiet, runs=len(wanted)) as progress:
            try:
                reports = measure(wanted, setting, progress.watch)
            except KeyboardInterrupt:
                print(f"Finished runs are kept in {out}; the same command goes on.", file=sys.stderr)
                raise
    table = table_of(references, reports, datetime.now(UTC).isoformat(timespec="seconds"))
    text = to_markdown(table)
    try:
        (out / "baseline.json").write_text(table.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
        (out / "baseline.md").write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"The table can't be written to {out}: {problem.strerror}.") from None
    sys.stdout.write(text)


def side_by_side(device: Device) -> int:
    """How many models train at once: one per core on a CPU, one on a GPU."""
    import os

    from grader.training.device import choose_device

    return 1 if choose_device(device.value).type == "cuda" else max(1, os.cpu_count() or 1)
