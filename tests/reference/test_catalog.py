"""The catalog of reference models, shipped and one's own."""

from pathlib import Path

import pytest

from grader.errors import RecipeError, ReferenceModelError
from grader.reference.catalog import choose_references, load_references

GOOD = "title: x\nmodel: Tiny\nrubric: demo\nparameters: 5\nmeets_target: false\n"


def test_the_seven_in_their_order() -> None:
    listed = [
        (reference.key, reference.published.parameters, reference.published.receptive_field)
        for reference in load_references()
    ]
    assert listed == [
        ("dsconv_se", 17_682, 36),
        ("regularized", 19_204, 40),
        ("minimal", 14_116, 40),
        ("optimized", 7_034, 12),
        ("final", 19_382, 20),
        ("two_fc", 16_966, 18),
        ("one_epoch", 8_530, 12),
    ]


def test_every_claim_that_is_wrong_says_what_is_right() -> None:
    contradicted = {
        reference.key: [statement.says for statement in reference.published.readme if statement.measured]
        for reference in load_references()
    }
    assert contradicted["optimized"] == ["About 15,000 parameters"]
    assert contradicted["minimal"] == ["Receptive field: 28"]
    assert contradicted["dsconv_se"] == ["Best test accuracy: 99.44 %", "Batch normalization: 4 layers"]
    assert contradicted["one_epoch"] == []


def test_ones_own(references: Path) -> None:
    (found,) = load_references(references)
    assert (found.key, found.recipe.name, found.recipe.epochs) == ("tiny", "tiny", 2)
    assert found.line("parameters") == "tiny/published.yaml:4"


def test_choosing_keeps_the_order() -> None:
    references = load_references()
    assert [one.key for one in choose_references(references, ["minimal", "dsconv_se"])] == ["dsconv_se", "minimal"]
    assert choose_references(references, []) == references


def test_a_key_that_is_not_there() -> None:
    with pytest.raises(ReferenceModelError, match="no reference model 'minimol' \\(did you mean 'minimal'\\?\\)"):
        choose_references(load_references(), ["minimol"])


@pytest.mark.parametrize(
    ("published", "sentence"),
    [
        ("parameters: [", "tiny/published.yaml:"),
        (GOOD.replace("5", "-3"), "tiny/published.yaml:4: parameters"),
        (GOOD + "meets_targt: false\n", "unknown key 'meets_targt' (did you mean 'meets_target'?)"),
        (GOOD.replace("Tiny", "../x"), "tiny/published.yaml:2: model"),
        (b"title: \xff\xfe", "tiny/published.yaml is not UTF-8 text."),
    ],
)
def test_a_wrong_published_yaml(references: Path, published: str | bytes, sentence: str) -> None:
    content = published if isinstance(published, bytes) else published.encode()
    (references / "tiny" / "published.yaml").write_bytes(content)
    with pytest.raises(ReferenceModelError) as caught:
        load_references(references)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_part(references: Path) -> None:
    (references / "tiny" / "model.py").unlink()
    with pytest.raises(ReferenceModelError, match=r"'tiny' has no model\.py"):
        load_references(references)


def test_a_folder_without_any(tmp_path: Path) -> None:
    with pytest.raises(ReferenceModelError, match="no reference models in"):
        load_references(tmp_path)
    with pytest.raises(ReferenceModelError, match="can't be read"):
        load_references(tmp_path / "nowhere")


def test_a_wrong_recipe_is_named(references: Path) -> None:
    (references / "tiny" / "recipe.yaml").write_text("optimizer: {name: sgd, lr: -1.0}\n")
    with pytest.raises(RecipeError, match=r"recipe\.yaml:1: optimizer"):
        load_references(references)
