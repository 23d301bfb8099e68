"""docs/files.md: every example is read, every key of every file stands in the page."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from grader.checks.registry import BUILT_IN
from grader.checks.validate import validate_checks
from grader.intake.manifest import Entry, read_manifest
from grader.model.augmentation import Augmentation
from grader.model.recipe import Optimizer, Recipe, Schedule
from grader.model.rubric import Criterion, Rubric
from grader.model.task import Task
from grader.rubric.load import parse_rubric
from grader.training.recipe import parse_recipe

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^<!-- example: (\w+) -->\n```yaml\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)
TABLES = dict(
    re.findall(r"^<!-- (?:keys|kinds): ([\w ]+) -->\n(.*?\n\|.*?)\n\n", PAGE + "\n\n", re.MULTILINE | re.DOTALL)
)
MODELS: dict[str, type[BaseModel]] = {"rubric": Rubric, "task": Task, "criterion": Criterion, "recipe": Recipe}
KINDS: dict[str, Any] = {"optimizer": Optimizer, "schedule": Schedule, "augmentation": Augmentation}


def rows(table: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", TABLES[table], flags=re.MULTILINE))


def examples(kind: str) -> list[str]:
    return [text for name, text in EXAMPLES if name == kind]


def default_of(cell: str) -> str:
    return cell.split("|")[0].strip()


def test_the_page_has_examples_of_all_three() -> None:
    assert [name for name, _ in EXAMPLES] == ["rubric", "manifest", "manifest", "recipe"]


def test_the_rubric_example_is_valid() -> None:
    (text,) = examples("rubric")
    validate_checks(parse_rubric(text, "example"))


@pytest.mark.parametrize(("index", "entries"), [(0, 1), (1, 2)])
def test_the_manifest_examples_are_valid(index: int, entries: int, tmp_path: Path) -> None:
    (tmp_path / ".grader.yml").write_text(examples("manifest")[index])
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert len(manifest.entries) == entries


def test_the_recipe_example_is_valid() -> None:
    (text,) = examples("recipe")
    assert parse_recipe(text, "example").name == "mine"


@pytest.mark.parametrize("name", MODELS)
def test_the_tables_hold_every_key_and_what_is_required(name: str) -> None:
    fields = MODELS[name].model_fields
    table = rows(name)
    assert set(table) == set(fields)
    required = {key for key, cell in table.items() if default_of(cell) == "required"}
    assert required == {key for key, field in fields.items() if field.is_required()}


def test_the_manifests_table_holds_every_key() -> None:
    assert set(rows("manifest")) == {*Entry.model_fields, "submissions"}


def test_plain_defaults_are_the_programs() -> None:
    shown = {key: default_of(cell).strip("`") for key, cell in rows("task").items()}
    defaults = Task(dataset="mnist")
    assert shown["input_shape"] == str(list(defaults.input_shape))
    assert shown["seeds"] == str(list(defaults.seeds))
    assert (shown["classes"], shown["epochs"]) == (str(defaults.classes), str(defaults.epochs))
    assert shown["evaluate_on"] == defaults.evaluate_on
    assert default_of(rows("recipe")["batch_size"]).strip("`") == str(Recipe.model_fields["batch_size"].default)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_check_and_its_parameters_are_described(name: str) -> None:
    fields = BUILT_IN[name].parameters.model_fields
    table = rows(f"check {name}")
    assert TABLES[f"check {name}"].startswith(f"**`{name}`**")
    assert set(table) == set(fields)
    required = {key for key, cell in table.items() if default_of(cell) == "required"}
    assert required == {key for key, field in fields.items() if field.is_required()}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_and_its_keys_are_described(name: str) -> None:
    models = get_args(get_args(KINDS[name])[0])
    table = rows(name)
    kinds = {get_args(model.model_fields["name"].annotation)[0]: model for model in models}
    assert set(table) == set(kinds)
    for kind, model in kinds.items():
        described = set(re.findall(r"`(\w+)`", table[kind]))
        assert set(model.model_fields) - {"name"} <= described, kind
