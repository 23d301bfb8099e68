"""YAML documents: plain data, line numbers, and what was probably meant."""

from typing import Literal

import pytest
from pydantic import BaseModel, ValidationError

from grader.yaml_source import YamlProblem, explain, load_yaml


class Optimizer(BaseModel, extra="forbid"):
    name: Literal["sgd", "adam"]
    lr: float


class Recipe(BaseModel, extra="forbid"):
    title: str = ""
    optimizer: Optimizer
    steps: tuple[Optimizer, ...] = ()


def test_scalars_follow_yaml_1_2():
    text = "a: 1e-3\nb: yes\nc: 20_000\nd: 2001-01-01\ne: 010\nf:\ng: 0.5\nh: true\ni: 12:30\nj: 0x10\nk: '1'"
    assert load_yaml(text, "x").data == {
        "a": 0.001,
        "b": "yes",
        "c": 20000,
        "d": "2001-01-01",
        "e": 10,
        "f": None,
        "g": 0.5,
        "h": True,
        "i": "12:30",
        "j": 16,
        "k": "1",
    }


def test_an_empty_document_is_none():
    assert load_yaml("# nothing\n", "x").data is None


def test_lines_of_keys_items_and_absent_parts():
    document = load_yaml("# head\ntitle: x\nsteps:\n  - name: sgd\n    lr: 1\n  - {name: adam}\n", "x")
    assert document.line_of(("steps", 0, "lr")) == 5
    assert document.line_of(("steps", 1)) == 6
    assert document.line_of(("steps", 1, "lr")) == 6
    assert document.line_of(("steps", "some union tag", 0, "lr")) == 5
    assert document.line_of(("absent",)) == 2


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: &x 1\nb: *x", 2, "aliases"),
        ("a: 1\nb: 2\na: 3", 3, "appears twice (first on line 1)"),
        ("a: 1\nb: [", 2, "not valid YAML"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", 2, "not supported"),
        ("[" * 100, 1, "nested deeper than 20"),
        ("a: 1\nb: \x01", 2, "0x1"),
        ("a: " + "9" * 6000, 1, "not a number"),
        ("? [1]\n: 2", 1, "a key must be a word"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("a: " + "x" * 300_000, 1, "larger than"),
    ],
)
def test_what_is_not_plain_data_names_its_line(text, line, part):
    with pytest.raises(YamlProblem) as caught:
        load_yaml(text, "file.yml")
    assert caught.value.line == line
    assert part in caught.value.message
    assert str(caught.value).startswith(f"file.yml:{line}: ")
    assert "\n" not in str(caught.value)


def explained(text: str) -> str:
    document = load_yaml(text, "recipe.yaml")
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(document.data)
    return explain(caught.value, document, Recipe)


def test_typos_get_their_line_and_a_suggestion():
    assert explained("titel: x\noptimizer:\n  name: sdg\n  lr: 1\nsteps:\n- name: adam\n  lrr: 2\n  lr: 1").split(
        "\n"
    ) == [
        "recipe.yaml:1: unknown key 'titel' (did you mean 'title'?)",
        "recipe.yaml:3: optimizer.name must be 'sgd' or 'adam', not 'sdg' (did you mean 'sgd'?)",
        "recipe.yaml:7: unknown key 'lrr' (did you mean 'lr'?)",
    ]


def test_missing_keys_and_wrong_types():
    assert explained("optimizer:\n  name: sgd") == "recipe.yaml:1: 'lr' is missing in optimizer"
    assert explained("title: [1]\noptimizer: {name: sgd, lr: 1}") == (
        "recipe.yaml:1: title must be a valid string, not [1]"
    )
    assert explained("just text").startswith("recipe.yaml:1: the document must be")


def test_many_errors_are_cut():
    text = "optimizer: {name: sgd, lr: 1}\n" + "".join(f"k{n}: 1\n" for n in range(9))
    assert explained(text).endswith("(and 4 more)")
