"""The folder of reference models: one folder each, with model.py, recipe.yaml and published.yaml."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.assets import folder as asset_folder
from grader.errors import ReferenceModelError
from grader.model.published import Published
from grader.model.recipe import Recipe
from grader.training.recipe import load_recipe
from grader.yaml_source import MAX_CHARACTERS, YamlDocument, YamlProblem, did_you_mean, explain, load_yaml

MODEL, RECIPE, PUBLISHED = "model.py", "recipe.yaml", "published.yaml"
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Reference:
    """A reference model; `key` is its folder's name."""

    key: str
    folder: Path
    published: Published
    recipe: Recipe
    document: YamlDocument  # of published.yaml, so that complaints can name a line

    def line(self, *path: str | int) -> str:
        """`minimal/published.yaml:5`, the place of a value."""
        return f"{self.document.name}:{self.document.line_of(path)}"


def load_references(folder: Path | None = None) -> tuple[Reference, ...]:
    """All reference models of a folder (default: the shipped ones), in their `order`.

    Folders without published.yaml are not reference models. Raises ReferenceModelError for an unreadable or wrong
    published.yaml, for a missing model.py, and where there is none at all; RecipeError for a wrong recipe.yaml.
    """
    root = asset_folder("reference_models") if folder is None else folder
    try:
        names = sorted(entry.name for entry in root.iterdir() if (entry / PUBLISHED).is_file())
    except OSError as problem:
        raise ReferenceModelError(f"The folder {root} can't be read: {problem.strerror}.") from None
    if not names:
        mend = f"A reference model is a folder that holds {MODEL}, {RECIPE} and {PUBLISHED}."
        raise ReferenceModelError(f"There are no reference models in {root}.", mend=mend)
    found = [_load(root / name) for name in names]
    return tuple(sorted(found, key=lambda reference: (reference.published.order, reference.key)))


def choose_references(references: Sequence[Reference], keys: Iterable[str]) -> tuple[Reference, ...]:
    """Those of these keys, in the order of the list; all of them where no key is given. Raises ReferenceModelError."""
    wanted = list(keys)
    known = {reference.key: reference for reference in references}
    for key in wanted:
        if key not in known:
            raise ReferenceModelError(f"There is no reference model {key!r}{did_you_mean(key, list(known))}.")
    return tuple(reference for reference in references if not wanted or reference.key in wanted)


def _load(folder: Path) -> Reference:
    name = f"{folder.name}/{PUBLISHED}"
    if not _KEY.fullmatch(folder.name):
        raise ReferenceModelError(f"{folder.name!r} can't be a key: use lower-case letters, digits, '_' and '-'.")
    for part in (MODEL, RECIPE):
        if not (folder / part).is_file():
            raise ReferenceModelError(f"The reference model {folder.name!r} has no {part}.")
    try:
        document = load_yaml(_read(folder / PUBLISHED, name), name)
        published = Published.model_validate(document.data)
    except YamlProblem as problem:
        raise ReferenceModelError(str(problem)) from None
    except ValidationError as error:
        raise ReferenceModelError(explain(error, document, Published)) from None
    return Reference(folder.name, folder, published, load_recipe(folder / RECIPE), document)


def _read(file: Path, name: str) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReferenceModelError(f"{name} is not UTF-8 text.") from None
    except OSError as problem:
        raise ReferenceModelError(f"{name} can't be read: {problem.strerror}.") from None
