"""Reading rubrics: shipped ones, files, mistakes with their line."""

from pathlib import Path

import pytest

from grader.errors import RubricError
from grader.rubric.load import list_rubrics, load_rubric, parse_rubric

RUBRIC = """\
# A comment
id: mine
title: Mine
task:
  dataset: mnist
  epochs: 5
reference_recipe: plain
criteria:
  - id: few
    title: Few parameters
    check: parameters
    points: 10
    kind: required
    text: Few.
  - id: steady
    title: Dropout
    check: dropout
    points: 5
    kind: optional
    text: Some.
"""


def complaint(text: str) -> str:
    with pytest.raises(RubricError) as caught:
        parse_rubric(text, "mine.yaml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert RUBRIC.count(old) == 1
    return RUBRIC.replace(old, new)


def test_reads_what_the_file_says() -> None:
    rubric = parse_rubric(RUBRIC, "mine.yaml")
    assert (rubric.id, rubric.task.epochs, rubric.task.seeds) == ("mine", 5, (0, 1, 2))
    assert [(one.id, one.kind, one.points) for one in rubric.criteria] == [
        ("few", "required", 10.0),
        ("steady", "optional", 5.0),
    ]
    assert rubric.origin is not None
    assert rubric.origin.lines["criteria", 1, "check"] == 17


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed("title: Mine", "titel: Mine"), "mine.yaml:3: unknown key 'titel' (did you mean 'title'?)"),
        (changed("dataset: mnist", "dataset: minst"), "mine.yaml:5: task.dataset must be 'mnist' or 'digits'"),
        (changed("epochs: 5", "epochs: 0"), "mine.yaml:6: task.epochs must be greater than or equal to 1, not 0"),
        (changed("    points: 10\n", ""), "mine.yaml:9: 'points' is missing in criteria"),
        (changed("points: 10", "points: -1"), "mine.yaml:12: criteria.points must be greater than or equal to 0"),
        (changed("kind: optional", "kind: optinal"), "mine.yaml:19: criteria.kind must be 'required', 'optional' or"),
        (changed("kind: optional", "kind: optinal"), "(did you mean 'optional'?)"),
        (changed("kind: required", "kind: optional"), "at least one criterion must be of kind 'required'"),
        (changed("id: steady", "id: few"), "mine.yaml:15: the criterion id 'few' appears twice (first on line 9)"),
        (changed("id: mine", "id: Mine!"), "mine.yaml:2: id "),
        (changed("reference_recipe: plain", "reference_recipe: plain\norigin: x"), "mine.yaml:8: unknown key 'origin'"),
        (
            changed("reference_recipe: plain", "recipe: house"),
            "mine.yaml:7: recipe says whose recipe decides (submission, reference or either); the rubric's own goes "
            "into reference_recipe: write `reference_recipe: house`",
        ),
        (
            changed("reference_recipe: plain", "reference_recipe: plain\nrecipe: refrence"),
            "(did you mean 'reference'?)",
        ),
        (changed("reference_recipe: plain\n", "recipe: either\n"), "mine.yaml:2: 'reference_recipe' is missing"),
        ("id: [", "mine.yaml:1: not valid YAML"),
        ("just text", "mine.yaml:1: the document must be"),
        ("", "mine.yaml:1: the document must be"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, expected: str) -> None:
    assert expected in complaint(text)


def test_the_old_form_is_answered_with_one_sentence() -> None:
    assert "\n" not in complaint(changed("reference_recipe: plain", "recipe: house"))


def test_either_is_the_policy_that_is_not_named() -> None:
    assert parse_rubric(RUBRIC, "mine.yaml").recipe == "either"
    named = changed("reference_recipe: plain", "recipe: reference\nreference_recipe: plain.yaml")
    rubric = parse_rubric(named, "course/mine.yaml")
    assert (rubric.recipe, rubric.reference_recipe_source) == ("reference", "course/plain.yaml")


def test_the_digest_ignores_layout_and_follows_content() -> None:
    rubric = parse_rubric(RUBRIC, "mine.yaml")
    reordered = parse_rubric(
        changed("# A comment\nid: mine\ntitle: Mine", "title: 'Mine'\n\nid: mine"), "elsewhere.yaml"
    )
    assert reordered.digest == rubric.digest
    assert parse_rubric(changed("points: 10", "points: 11"), "mine.yaml").digest != rubric.digest
    assert len(rubric.digest) == 64


def test_the_shipped_rubrics() -> None:
    rubrics = {rubric.id: rubric for rubric in list_rubrics()}
    assert list(rubrics) == ["demo", "mnist-20k", "mnist-25k-one-epoch", "mnist-8k"]
    for name, rubric in rubrics.items():
        assert load_rubric(name) == rubric
        assert sum(one.points for one in rubric.criteria if one.kind != "bonus") == 100
    asked = rubrics["mnist-20k"]
    assert {one.id: one.kind for one in asked.criteria} == {
        "parameters": "required",
        "batch_norm": "required",
        "dropout": "required",
        "head": "required",
        "receptive_field": "optional",
        "receptive_field_28": "bonus",
        "accuracy": "required",
    }
    assert (asked.task.dataset, asked.task.epochs, asked.task.evaluate_on) == ("mnist", 20, "test")
    limits = {name: rubric.criteria[0].parameters["less_than"] for name, rubric in rubrics.items()}
    assert limits == {"demo": 20_000, "mnist-20k": 20_000, "mnist-25k-one-epoch": 25_000, "mnist-8k": 8_000}
    targets = {name: rubric.criteria[-1].parameters for name, rubric in rubrics.items() if name != "demo"}
    assert targets == {
        "mnist-20k": {"target": 0.994, "rule": "best_epoch"},
        "mnist-25k-one-epoch": {"target": 0.95, "rule": "best_epoch"},
        "mnist-8k": {"target": 0.994, "rule": "last_epochs", "last": 3},
    }
    assert {name: rubric.task.epochs for name, rubric in rubrics.items() if name != "demo"} == {
        "mnist-20k": 20,
        "mnist-25k-one-epoch": 1,
        "mnist-8k": 15,
    }


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(RUBRIC)
    assert load_rubric(file).id == "mine"
    assert load_rubric(str(file)) == load_rubric(file)


def test_a_shipped_name_wins_over_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_rubric("demo").id == "demo"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mnist-2Ok", "There is no rubric 'mnist-2Ok' (did you mean 'mnist-20k'?)."),
        ("zzz", "(known: demo, mnist-20k, mnist-25k-one-epoch, mnist-8k)"),
        ("nowhere/x.yaml", "The rubric 'nowhere/x.yaml' can't be read: there is no such file."),
        ("folder.yaml", "can't be read: it is a folder."),
        ("latin.yaml", "is not UTF-8 text."),
        ("large.yaml", "larger than"),
    ],
)
def test_what_cannot_be_read(name: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"id: \xe9")
    (tmp_path / "large.yaml").write_text("id: " + "x" * 300_000)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RubricError) as caught:
        load_rubric(name)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2
