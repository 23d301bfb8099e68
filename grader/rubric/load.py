"""Reading rubrics: a shipped one by name, or a YAML file. Every complaint names the file and the line."""

from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from grader.assets import folder
from grader.errors import RubricError
from grader.model.rubric import Criterion, Origin, RecipePolicy, Rubric
from grader.yaml_source import MAX_CHARACTERS, YamlDocument, YamlProblem, did_you_mean, explain, load_yaml


def load_rubric(name_or_path: str | Path) -> Rubric:
    """The rubric of that name, or the one in that file.

    Whether its checks exist is not this function's business: see `grader.checks.validate`.
    Raises RubricError: no such rubric, unreadable, not YAML, or not a rubric; with file, line and a suggestion.
    """
    file, shown = _locate(str(name_or_path))
    return parse_rubric(_read(file, shown), shown)


def parse_rubric(text: str, name: str) -> Rubric:
    """The rubric that a YAML text holds; `name` is what messages call the file. Raises RubricError."""
    try:
        document = load_yaml(text, name)
    except YamlProblem as problem:
        raise RubricError(str(problem)) from None
    _refuse_the_old_form(document)
    try:
        rubric = Rubric.model_validate(document.data)
    except ValidationError as error:
        raise RubricError(explain(error, document, Rubric)) from None
    _require_distinct_ids(rubric.criteria, document)
    return rubric.read_from(Origin(name, document.lines))


def rubric_text(name_or_path: str) -> str:
    """The YAML of the rubric of that name, or of the one in that file, as it stands there. Raises RubricError."""
    return _read(*_locate(name_or_path))


def list_rubrics() -> tuple[Rubric, ...]:
    """The shipped rubrics, by id."""
    return tuple(load_rubric(name) for name in _shipped())


def _shipped() -> dict[str, Path]:
    try:
        files = folder("rubrics").glob("*.yaml")
    except FileNotFoundError as error:
        raise RubricError(f"{error}.") from None
    return {file.stem: file for file in sorted(files)}


def _locate(name_or_path: str) -> tuple[Path, str]:
    """The file and what messages call it."""
    shipped = _shipped()
    if name_or_path in shipped:
        return shipped[name_or_path], f"rubrics/{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.is_file():
        return path, name_or_path
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        raise RubricError(f"The rubric {name_or_path!r} can't be read: {reason}.")
    suggestion = did_you_mean(name_or_path, list(shipped))
    raise RubricError(
        f"There is no rubric {name_or_path!r}{suggestion}.", mend="`grader rubric list` shows the shipped ones."
    )


def _read(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8-sig")
    except OSError as error:
        raise RubricError(f"The rubric {shown!r} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RubricError(f"The rubric {shown!r} is not UTF-8 text.") from None


def _refuse_the_old_form(document: YamlDocument) -> None:
    """`recipe` once held the name of the rubric's recipe: say what it means now, not that a word is unknown."""
    data = document.data
    named = data.get("recipe") if isinstance(data, dict) and "reference_recipe" not in data else None
    if isinstance(named, str) and named not in get_args(RecipePolicy):
        raise RubricError(
            f"{document.name}:{document.line_of(('recipe',))}: recipe says whose recipe decides (submission, reference"
            f" or either); the rubric's own goes into reference_recipe: write `reference_recipe: {named[:60]}`"
        )


def _require_distinct_ids(criteria: tuple[Criterion, ...], document: YamlDocument) -> None:
    first: dict[str, int] = {}
    for index, criterion in enumerate(criteria):
        line = document.line_of(("criteria", index, "id"))
        if criterion.id in first:
            raise RubricError(
                f"{document.name}:{line}: the criterion id {criterion.id!r} appears twice"
                f" (first on line {first[criterion.id]})"
            )
        first[criterion.id] = line
