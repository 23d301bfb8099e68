"""Whose recipe: --recipe before everything, then the rubric's policy."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.model.recipe import Recipe, Sgd
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Candidate, Submission
from grader.model.task import Task
from grader.pipeline import recipes
from grader.pipeline.recipes import choose
from grader.pipeline.request import KnownRecipes, RecipeChoice, Request

CANDIDATE = Candidate(file="model.py", cell=None, name="Net", line=1)
HOUSE, OPTION, MANIFEST, CODE = (
    Recipe(name=name, optimizer=Sgd(lr=lr)) for name, lr in (("house", 0.1), ("o", 0.2), ("m", 0.3), ("c", 0.4))
)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`asked(policy, code=…, option=…, manifest=…)`: (source, name) of each attempt."""

    def ask(policy: str, code: Recipe | None = None, **known: Recipe) -> list[tuple[str, str]]:
        read = RecipeChoice(code, "code") if code else None
        monkeypatch.setattr(recipes, "_from_code", lambda request, candidate: read)
        monkeypatch.setattr(recipes, "find_spec", lambda name: True)
        criterion = Criterion(id="one", title="One", check="parameters", points=1, text="T.")
        rubric = Rubric.model_validate(
            {"id": "r", "title": "R", "task": Task(dataset="digits"), "recipe": policy, "reference_recipe": "house"}
            | {"criteria": (criterion,)}
        )
        submission = Submission(source="s", checkout=tmp_path, root=tmp_path)
        request = Request(submission=submission, rubric=rubric, recipes=KnownRecipes(reference=HOUSE))
        request = replace(request, recipes=replace(request.recipes, **known))
        return [(choice.source, choice.recipe.name) for choice in choose(request, CANDIDATE)]

    return ask


@pytest.mark.parametrize(
    ("policy", "given", "expected"),
    [
        ("either", {}, [("rubric", "house")]),
        ("either", {"code": CODE}, [("code", "c"), ("rubric", "house")]),
        ("either", {"manifest": MANIFEST, "code": CODE}, [("manifest", "m"), ("rubric", "house")]),
        ("either", {"option": OPTION, "manifest": MANIFEST, "code": CODE}, [("option", "o")]),
        ("submission", {"code": CODE}, [("code", "c")]),
        ("submission", {"manifest": MANIFEST}, [("manifest", "m")]),
        ("submission", {}, [("rubric", "house")]),
        ("reference", {"manifest": MANIFEST, "code": CODE}, [("rubric", "house")]),
        ("reference", {"option": OPTION, "manifest": MANIFEST}, [("option", "o")]),
    ],
)
def test_attempts(policy: str, given: dict[str, Recipe], expected: list[tuple[str, str]], asked: Any) -> None:
    assert asked(policy, **given) == expected


def test_the_same_recipe_is_not_tried_twice(asked: Any) -> None:
    same = HOUSE.model_copy(update={"name": "mine", "text": "House by another name."})
    assert asked("either", manifest=same) == [("manifest", "mine")]
