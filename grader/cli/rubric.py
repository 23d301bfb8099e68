"""`grader rubric`: list, show and validate rubrics."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.model.rubric import Criterion, Rubric

_POLICIES = {
    "submission": "the submission's; {} where it has none",
    "reference": "{}, for everybody",
    "either": "the submission's; {} where it has none, and as a second try",
}

app = typer.Typer(no_args_is_help=True, help="List, show and validate rubrics.")


@app.command("list")
def list_shipped() -> None:
    """List the shipped rubrics: name and title."""
    from grader.rubric.load import list_rubrics

    rubrics = list_rubrics()
    width = max(len(rubric.id) for rubric in rubrics)
    _print([f"{rubric.id:<{width}}  {rubric.title}" for rubric in rubrics])


@app.command()
def show(
    rubric: Annotated[str, typer.Argument(help="Name of a shipped rubric, or a YAML file.")],
    yaml: Annotated[bool, typer.Option("--yaml", help="Its file as it stands: to copy, change and use.")] = False,
) -> None:
    """Show what a rubric asks for, with points and the text for the student."""
    from grader.checks.validate import validate_checks
    from grader.rubric.load import load_rubric, rubric_text

    loaded = load_rubric(rubric)
    validate_checks(loaded)
    _print([rubric_text(rubric).rstrip("\n")] if yaml else _described(loaded))


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="RUBRIC...", help="YAML files, or names of shipped rubrics.")],
) -> None:
    """Check rubrics: schema, checks, their parameters and the recipe. Mistakes are named with file and line."""
    from grader.errors import RubricError, UsageError

    problems = []
    for file in files:
        try:
            _print([f"{file}: valid, sha256 {_validated(file).digest}"])
        except UsageError as problem:
            problems.append(str(problem))
    if problems:
        raise RubricError("\n".join(problems))


def _validated(file: str) -> "Rubric":
    from grader.checks.validate import validate_checks
    from grader.errors import RecipeError, RubricError
    from grader.rubric.load import load_rubric
    from grader.training.recipe import load_recipe

    rubric = load_rubric(file)
    validate_checks(rubric)
    try:
        load_recipe(rubric.reference_recipe_source)
    except RecipeError as problem:
        line = rubric.origin.lines[("reference_recipe",)] if rubric.origin else 1
        raise RubricError(f"{file}:{line}: reference_recipe: {problem.message}") from None
    return rubric


def _described(rubric: "Rubric") -> list[str]:
    task = rubric.task
    seeds = f"{len(task.seeds)} seeds" if len(task.seeds) > 1 else "one seed"
    parts = {"test": "the test set", "validation": "the validation split"}
    total = sum(criterion.points for criterion in rubric.criteria if criterion.kind != "bonus")
    lines = [
        f"{rubric.title} ({rubric.id})",
        *([rubric.text.strip()] if rubric.text else []),
        "",
        f"Data set  {task.dataset}, evaluated on {parts[task.evaluate_on]}",
        f"Input     {'×'.join(map(str, task.input_shape))}, {task.classes} classes",
        f"Training  at most {task.epochs} {'epoch' if task.epochs == 1 else 'epochs'}, up to {seeds}",
        f"Recipe    {_POLICIES[rubric.recipe].format(rubric.reference_recipe)}",
        f"Points    {total:g}",
        f"Digest    sha256 {rubric.digest}",
    ]
    for criterion in rubric.criteria:
        lines += ["", *_described_criterion(criterion)]
    return lines


def _described_criterion(criterion: "Criterion") -> list[str]:
    settings = ", ".join(f"{name}: {_plain(value)}" for name, value in criterion.parameters.items())
    return [
        f"{criterion.title}  [{criterion.kind}, {criterion.points:g} points]",
        f"  id {criterion.id}, check {criterion.check}{f' ({settings})' if settings else ''}",
        f"  {criterion.text.strip()}",
    ]


def _plain(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
