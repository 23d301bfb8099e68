"""A rubric: the task, and the criteria with their points."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from grader.model.base import Frozen
from grader.model.task import Task

RecipePolicy = Literal["submission", "reference", "either"]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]


class Criterion(Frozen):
    """One thing a submission is asked for. `parameters` belong to the check, which validates them."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    check: Annotated[str, Field(min_length=1, max_length=100)]
    parameters: dict[str, Any] = {}
    points: Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
    kind: Literal["required", "optional", "bonus"] = "required"
    text: Sentence  # to the student: what is asked for and why


@dataclass(frozen=True)
class Origin:
    """The file a rubric was read from, and the 1-based line of each of its parts."""

    file: str
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)


class Rubric(Frozen):
    """What a course asks for. The fields are the keys of the YAML file."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    text: str = ""
    task: Task
    # Whose recipe decides: the submission's, the rubric's, or the submission's with the rubric's as a second try.
    recipe: RecipePolicy = "either"
    reference_recipe: Annotated[str, Field(min_length=1, max_length=300)]  # a shipped recipe's name, or a YAML file
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=100)]
    _origin: Origin | None = PrivateAttr(default=None)  # None for a rubric that was built in memory

    @model_validator(mode="after")
    def _can_be_failed(self) -> Self:
        if not any(criterion.kind == "required" for criterion in self.criteria):
            raise ValueError("at least one criterion must be of kind 'required': without one nothing can fail")
        return self

    @property
    def origin(self) -> Origin | None:
        return self._origin

    def read_from(self, origin: Origin) -> Self:
        """The same rubric that knows where it was read, so that later complaints can name the line."""
        located = self.model_copy()
        located._origin = origin
        return located

    @property
    def reference_recipe_source(self) -> str:
        """What loads the recipe: its name, or the path of a file, which a rubric names relative to its own folder."""
        if self._origin and self.reference_recipe.endswith((".yaml", ".yml")):
            return str(Path(self._origin.file).parent / self.reference_recipe)
        return self.reference_recipe

    @property
    def digest(self) -> str:
        """Sha256 of the rubric as normalised JSON: layout, comments and the order of keys do not matter."""
        normalised = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(normalised.encode()).hexdigest()
