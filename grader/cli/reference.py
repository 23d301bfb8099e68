"""`grader reference`: list, show and export the reference models."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.reference_runs import From

if TYPE_CHECKING:
    from grader.reference.catalog import Reference

app = typer.Typer(no_args_is_help=True, help="List, show and export the reference models.")


@app.command("list")
def list_references(folder: From = None) -> None:
    """List the reference models: key, parameters, receptive field, what was published."""
    from grader.reference.catalog import load_references
    from grader.reference.export import describe_accuracy

    rows = [("key", "parameters", "field", "published")]
    for reference in load_references(folder):
        published = reference.published
        accuracy = "; ".join(describe_accuracy(one) for one in published.accuracies) or "nothing"
        rows.append((reference.key, f"{published.parameters:,}", str(published.receptive_field or "-"), accuracy))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    _print(f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}" for a, b, c, d in rows)


@app.command()
def show(key: Annotated[str, typer.Argument(help="The reference model's key.")], folder: From = None) -> None:
    """Show one reference model: what was published, what contradicts it, its recipe, where its code lies."""
    _print(_described(_find(key, folder)))


@app.command()
def export(
    key: Annotated[str, typer.Argument(help="The reference model's key.")],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    folder: From = None,
) -> None:
    """Write a reference model as a student's repository: model, training script, recipe, README."""
    from grader.reference.export import export_reference

    _print([str(file) for file in export_reference(_find(key, folder), target)])


def _find(key: str, folder: Path | None) -> "Reference":
    from grader.reference.catalog import choose_references, load_references

    return choose_references(load_references(folder), [key])[0]


def _described(reference: "Reference") -> list[str]:
    from grader.reference.export import describe_accuracy

    published = reference.published
    fails = ", ".join(published.fails) or "nothing without training"
    lines = [
        f"{reference.key}: {published.title}",
        "",
        f"Parameters       {published.parameters:,}",
        f"Receptive field  {published.receptive_field or '-'}",
        f"Rubric           {published.rubric}; it misses: {fails}",
        f"Recipe           {reference.recipe.text or reference.recipe.name}",
        f"Code             {reference.folder / 'model.py'}",
        "",
        "Published:",
    ]
    for accuracy in published.accuracies:
        lines.append(f"- {describe_accuracy(accuracy)}. {accuracy.text}".rstrip())
    for statement in published.readme:
        wrong = f"  Measured: {statement.measured}" if statement.measured else ""
        lines.append(f'- "{statement.says}"{wrong}')
    return lines


def _print(lines: Iterable[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
