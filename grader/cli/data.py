"""`grader data`: where the data sets lie, and how to get them."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Show or fetch the data sets that retraining needs.", no_args_is_help=True)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="GRADER_DATA_DIR", help="Folder that holds MNIST's IDX files, raw or .gz."),
]


@app.command("fetch")
def fetch(data_dir: DataDir = None) -> None:
    """Download MNIST with torchvision's downloader and verify the checksums of its content."""
    from grader.training.data import fetch as fetch_mnist

    typer.echo(str(fetch_mnist(data_dir)))


@app.command("show")
def show(data_dir: DataDir = None) -> None:
    """Say where MNIST was found and whether its content is the real one."""
    from grader.training.data import load

    dataset = load("mnist", data_dir)
    typer.echo(f"mnist: {len(dataset.train_labels):,} training and {len(dataset.test_labels):,} test images, verified")
