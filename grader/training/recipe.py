"""Reading recipes: a shipped one by name, or a YAML file. Every complaint names the file and the line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from grader.assets import folder
from grader.errors import RecipeError
from grader.model.recipe import Recipe
from grader.yaml_source import MAX_CHARACTERS, YamlDocument, YamlProblem, did_you_mean, explain, load_yaml


def load_recipe(name_or_path: str | Path) -> Recipe:
    """The shipped recipe of that name, or the one in that YAML file; `origins` says where each value came from.

    Raises RecipeError: no such recipe, unreadable, not YAML, or not a recipe; with file, line and a suggestion.
    """
    file, shown = _locate(str(name_or_path))
    return parse_recipe(_read(file, shown), shown)


def shipped_recipe(name: str) -> Recipe:
    """The shipped recipe of that name; never a file, for a name that a submission chose. Raises RecipeError."""
    file, shown = _named(name)
    return parse_recipe(_read(file, shown), shown)


def parse_recipe(text: str, name: str) -> Recipe:
    """The recipe that a YAML text holds; `name` is what messages call the file. Raises RecipeError."""
    try:
        document = load_yaml(text, name)
        recipe = Recipe.model_validate(document.data)
    except YamlProblem as problem:
        raise RecipeError(str(problem)) from None
    except ValidationError as error:
        raise RecipeError(explain(error, document, Recipe)) from None
    return recipe.with_origins(dict(_origins(recipe.model_dump(mode="json"), document.data, document, ())))


def list_recipes() -> tuple[Recipe, ...]:
    """The shipped recipes, by name: those of rubrics, and the published ones of the reference models."""
    return tuple(parse_recipe(_read(file, shown), shown) for file, shown in _shipped().values())


def _shipped() -> dict[str, tuple[Path, str]]:
    """Name -> the file, and what messages call it."""
    found = {file.stem: (file, f"recipes/{file.name}") for file in (folder("rubrics") / "recipes").glob("*.yaml")}
    for file in folder("reference_models").glob("*/recipe.yaml"):
        found.setdefault(file.parent.name, (file, f"{file.parent.name}/recipe.yaml"))
    return dict(sorted(found.items()))


def _locate(name: str) -> tuple[Path, str]:
    """The file, and what messages call it."""
    if "/" in name or "\\" in name or name.endswith((".yaml", ".yml")):
        return Path(name), name
    return _named(name)


def _named(name: str) -> tuple[Path, str]:
    """The shipped file of that name."""
    known = _shipped()
    lowered = name.lower()
    for spelling in (lowered, lowered.replace("_", "-"), lowered.replace("-", "_")):
        if spelling in known:
            return known[spelling]
    mend = "A file is named by its path, for example ./recipe.yaml."
    raise RecipeError(f"There is no recipe {name!r}{did_you_mean(lowered, list(known))}.", mend=mend)


def _read(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_CHARACTERS * 4 + 1)
        return content.decode("utf-8")
    except FileNotFoundError:
        raise RecipeError(f"The recipe {shown} does not exist.") from None
    except UnicodeDecodeError:
        raise RecipeError(f"The recipe {shown} is not UTF-8 text.") from None
    except OSError as problem:
        raise RecipeError(f"The recipe {shown} can't be read: {problem.strerror}.") from None


def _origins(value: Any, given: Any, document: YamlDocument, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Dotted field and origin of each leaf: "recipes/minimal.yaml:7" or "default"."""
    if isinstance(value, dict):
        for key, item in value.items():
            written = given.get(key) if isinstance(given, dict) else None
            yield from _origins(item, written, document, (*path, key))
    elif isinstance(value, list) and isinstance(given, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _origins(item, given[index], document, (*path, index))
    else:
        place = "default" if given is None else f"{document.name}:{document.line_of(path)}"
        yield ".".join(map(str, path)), place
