"""`grader baseline`: the reference models through the student's pipeline, published beside measured."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.check import Device, SandboxName
from grader.cli.data import DataDir
from grader.cli.reference_runs import BuildSandbox, Epochs, From, Jobs, Quiet, TrainingDevice, carry_out, side_by_side

_JSON, _MARKDOWN = "baseline.json", "baseline.md"


def baseline(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Reference models; without a key all of them.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="How many seeds, from 0 on.")] = 1,
    epochs: Epochs = None,
    device: TrainingDevice = Device.AUTO,
    data_dir: DataDir = None,
    jobs: Jobs = None,
    sandbox: BuildSandbox = SandboxName.AUTO,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table and for each run's report.")] = Path(
        "grader-baseline"
    ),
    folder: From = None,
    quiet: Quiet = False,
) -> None:
    """Train the reference models as a student's are, and print published beside measured.

    Runs that have finished are kept in --out; the same command goes on where it was interrupted.
    """
    from datetime import UTC, datetime

    from grader.pipeline.request import Backends
    from grader.reference.baseline import baseline as table_of
    from grader.reference.baseline import to_markdown
    from grader.reference.catalog import choose_references, load_references
    from grader.reference.runs import Setting, Wanted
    from grader.report.write import require_writable, write_texts
    from grader.sandbox.select import select

    require_writable(out, (_JSON, _MARKDOWN))
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
    reports = carry_out(wanted, setting, quiet=quiet)
    table = table_of(references, reports, datetime.now(UTC).isoformat(timespec="seconds"))
    text = to_markdown(table)
    write_texts(out, {_JSON: table.model_dump_json(by_alias=True, indent=2) + "\n", _MARKDOWN: text})
    sys.stdout.write(text)
