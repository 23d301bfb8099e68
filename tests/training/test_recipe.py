"""Recipes: what is shipped, what is refused, and where each value came from."""

from pathlib import Path

import pytest

from grader.errors import RecipeError
from grader.model.augmentation import Rotation
from grader.model.recipe import OneCycle, Recipe, Sgd, Split, Step
from grader.training.recipe import list_recipes, load_recipe, parse_recipe

SGD = "optimizer: {name: sgd, lr: 0.1}\n"


def test_the_shipped_recipes() -> None:
    assert [recipe.name for recipe in list_recipes()] == [
        "digits", "dsconv_se", "final", "house", "minimal", "one-epoch", "one_epoch", "optimized", "regularized",
        "two_fc",
    ]  # fmt: skip
    assert all(recipe.text for recipe in list_recipes())


@pytest.mark.parametrize(("name", "augmentation"), [("minimal", ()), ("regularized", (Rotation(degrees=5),))])
def test_the_published_recipes(name: str, augmentation: tuple[Rotation, ...]) -> None:
    recipe = load_recipe(name)
    assert recipe.optimizer == Sgd(lr=0.1, momentum=0.9, weight_decay=1e-4)
    assert recipe.schedule == Step(step_size=6, gamma=0.1)
    assert (recipe.batch_size, recipe.epochs, recipe.split) == (128, 15, Split(validation=10_000, seed=42))
    assert recipe.augmentation == augmentation


def test_a_name_may_be_written_with_an_underscore() -> None:
    assert load_recipe("two-fc") == load_recipe("two_fc") == load_recipe("Two_FC")
    assert load_recipe("one_epoch").name == "one_epoch"
    assert load_recipe("one-epoch").name == "one-epoch"


def test_the_model_without_a_published_recipe_takes_the_house_recipe() -> None:
    assert load_recipe("optimized").digest == load_recipe("house").digest


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SGD)
    assert load_recipe(tmp_path / "mine.yaml").model_dump() == Recipe(optimizer=Sgd(lr=0.1)).model_dump()


def test_every_value_says_where_it_came_from() -> None:
    recipe = parse_recipe(
        "epochs: 3\n" + SGD + "augmentation:\n  - {name: rotation, degrees: 5}\nsplit: {validation: 9}\n", "r.yaml"
    )
    origins = recipe.origins
    assert origins["epochs"] == "r.yaml:1"
    assert origins["optimizer.lr"] == "r.yaml:2"
    assert origins["augmentation.0.degrees"] == "r.yaml:4"
    assert origins["split.validation"] == "r.yaml:5"
    assert {origins[name] for name in ("batch_size", "optimizer.momentum", "augmentation.0.fill", "clip")} == {
        "default"
    }


def test_the_digest_is_of_the_values_only() -> None:
    recipe = load_recipe("minimal")
    assert recipe.model_copy(update={"name": "other"}).digest == recipe.digest
    assert recipe.model_copy(update={"epochs": 16}).digest != recipe.digest


def test_one_cycle_built_per_batch_and_stepped_per_epoch_is_a_recipe() -> None:
    recipe = parse_recipe(SGD + "schedule: {name: onecycle, built_for: batch, step: epoch}\n", "r.yaml")
    assert recipe.schedule == OneCycle(built_for="batch", step="epoch")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "optimizer: {name: sgdd, lr: 0.1}",
            "r.yaml:1: optimizer must be one of sgd, adam, adamw, rmsprop, not 'sgdd'",
        ),
        ("optimizer:\n  name: sgd\n  lr: -0.1", "r.yaml:3: optimizer.sgd.lr must be greater than 0, not -0.1"),
        ("optimizer: {name: sgd, lr: .inf}", "r.yaml:1"),
        ("optimizer: {name: sgd, lr: true}", "r.yaml:1"),
        (SGD + "epochs: 0", "r.yaml:2: epochs must be greater than or equal to 1, not 0"),
        (SGD + "batchsize: 3", "unknown key 'batchsize' (did you mean 'batch_size'?)"),
        ("epochs: 3", "'optimizer' is missing"),
        (SGD + "epochs: 3\nwarmup: {epochs: 3}", "r.yaml:3: warmup: 3 warm-up epochs leave nothing of a training of 3"),
        (
            SGD + "epochs: 9\nschedule: {name: multistep, milestones: [5, 9]}",
            "r.yaml:3: schedule: the milestone 9 is never reached in a training of 9 epochs",
        ),
        (SGD + "schedule: {name: multistep, milestones: [5, 5]}", "milestones must increase"),
        (
            SGD + "epochs: 9\nschedule: {name: step, step_size: 9}",
            "r.yaml:3: schedule: its first step, after 9 epochs, is never reached in a training of 9; "
            "write `cut_short: true` if that is meant",
        ),
        (SGD + "epochs: 9\nschedule: {name: cosine, t_max: 10}", "it takes 10 epochs, longer than the training of 9"),
        (SGD + "schedule: {name: onecycle, built_for: epoch, step: batch}", "runs out when it is stepped every batch"),
        (SGD + "schedule: {name: plateau, metric: validation_loss}", "needs a split"),
        (SGD + "loss: {name: nll, label_smoothing: 0.1}", "nll has no label smoothing"),
        ("optimizer: {name: sgd, lr: 0.1, nesterov: true}", "nesterov needs a momentum"),
        (SGD + "augmentation: [{name: rotation, degrees: [5, -5]}]", "a range goes from low to high, not from 5 to -5"),
        (SGD + "augmentation: [{name: erasing, p: 2}]", "must be less than or equal to 1"),
        ("- sgd", "r.yaml:1"),
        ("optimizer: {name: sgd", "not valid YAML"),
    ],
)
def test_a_bad_recipe_is_answered_with_the_line(text: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "r.yaml")
    assert said in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean 'minimal'"):
        load_recipe("minimul")


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    for file, said in (("nowhere.yaml", "does not exist"), ("latin.yaml", "not UTF-8"), (".", "can't be read")):
        with pytest.raises(RecipeError, match=said):
            load_recipe(f"{tmp_path}/{file}")


@pytest.mark.parametrize(
    "schedule",
    ["{name: step, step_size: 9}", "{name: multistep, milestones: [5, 9]}", "{name: cosine, t_max: 10}"],
)
def test_a_schedule_may_be_cut_short_on_purpose(schedule: str) -> None:
    recipe = parse_recipe(SGD + f"epochs: 9\ncut_short: true\nschedule: {schedule}", "r.yaml")
    assert recipe.cut_short
