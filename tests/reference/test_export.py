"""A reference model as a student's repository."""

import ast
from pathlib import Path
from typing import Any

import pytest

from grader.errors import ReferenceModelError
from grader.intake.discover import discover
from grader.intake.manifest import read_manifest
from grader.intake.recipe.assemble import assemble
from grader.intake.recipe.read import read_code_recipe
from grader.model.augmentation import Affine, Crop, Erasing, Rotation
from grader.model.recipe import AdamW, Clip, Cosine, Loss, OneCycle, Plateau, Recipe, Sgd, Split, WarmUp
from grader.reference.catalog import load_references
from grader.reference.export import describe_accuracy, export_reference
from grader.reference.script import training_script
from grader.training.recipe import load_recipe


@pytest.mark.parametrize("key", [reference.key for reference in load_references()])
def test_the_repository_is_whole(key: str, tmp_path: Path) -> None:
    reference = next(one for one in load_references() if one.key == key)
    files = export_reference(reference, tmp_path / "repository")
    assert sorted(file.name for file in files) == [".grader.yml", "README.md", "model.py", "recipe.yaml", "train.py"]
    manifest = read_manifest(tmp_path / "repository")
    assert manifest is not None
    assert manifest.entries[0].model == f"model.py:{reference.published.model}"
    assert load_recipe(tmp_path / "repository" / "recipe.yaml").digest == reference.recipe.digest
    ast.parse((tmp_path / "repository" / "train.py").read_text())
    readme = (tmp_path / "repository" / "README.md").read_text()
    assert all(statement.says in readme for statement in reference.published.readme)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ReferenceModelError, match="not an empty folder"):
        export_reference(load_references()[0], tmp_path)
    with pytest.raises(ReferenceModelError, match="not an empty folder"):
        export_reference(load_references()[0], tmp_path / "notes.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_an_accuracy_in_words() -> None:
    by_key = {reference.key: reference.published.accuracies[0] for reference in load_references()}
    assert describe_accuracy(by_key["minimal"]) == "99.41 % at epoch 8, on images held out of the training set"
    assert describe_accuracy(by_key["optimized"]) == "at least 99.40 %, on the test set"


EVERYTHING = Recipe(
    epochs=12,
    batch_size=64,
    drop_last=True,
    optimizer=AdamW(lr=0.002, weight_decay=0.05),
    split=Split(validation=5_000, by="last"),
    warmup=WarmUp(epochs=2),
    schedule=Cosine(eta_min=1e-5),
    loss=Loss(label_smoothing=0.1),
    clip=Clip(norm=1.0, value=0.5),
    augmentation=(
        Rotation(degrees=7.0, interpolation="bilinear"),
        Affine(degrees=(-3.0, 5.0), shear=4.0, p=0.5),
        Crop(padding=2),
        Erasing(p=0.25),
    ),
    rotated_copies=(5.0, -5.0),
    stop_at=0.99,
)


@pytest.mark.parametrize(
    ("recipe", "lines"),
    [
        (
            EVERYTHING,
            [
                "transforms.RandomRotation(degrees=7.0, interpolation=transforms.InterpolationMode.BILINEAR),",
                "transforms.RandomApply([transforms.RandomAffine(degrees=(-3.0, 5.0), shear=4.0)], p=0.5),",
                "transforms.RandomCrop(28, padding=2),",
                "transforms.RandomErasing(p=0.25),",
                "train_set = Subset(train_set, range(len(train_set) - 5000))",
                "train_loader = DataLoader(train_set, batch_size=64, shuffle=True, drop_last=True)",
                "optimizer = optim.AdamW(model.parameters(), lr=0.002, weight_decay=0.05)",
                "scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS - 2, eta_min=1e-05)",
                "loss = F.cross_entropy(model(images), labels, label_smoothing=0.1)",
                "torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)",
                "if accuracy >= 0.99:",
            ],
        ),
        (
            Recipe(optimizer=Sgd(lr=0.1), schedule=OneCycle(built_for="epoch", anneal="linear")),
            ['optimizer, max_lr=0.1, total_steps=EPOCHS, pct_start=0.3, anneal_strategy="linear"', "EPOCHS = 20"],
        ),
        (
            Recipe(optimizer=Sgd(lr=0.1), schedule=Plateau(patience=2)),
            [
                "scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2)",
                "scheduler.step(loss.item())",
            ],
        ),
    ],
)
def test_the_script_says_what_the_recipe_says(recipe: Recipe, lines: list[str]) -> None:
    script = training_script("Net", recipe)
    ast.parse(script)
    written = [line.strip() for line in script.splitlines()]
    assert [line for line in lines if line not in written] == []


def test_a_schedule_built_for_batches_is_stepped_as_the_recipe_says() -> None:
    once = training_script("Net", load_recipe("final"))
    often = training_script("Net", load_recipe("dsconv_se"))
    assert "\n    scheduler.step()" in once
    assert "\n        scheduler.step()" not in once
    assert "\n        scheduler.step()" in often


@pytest.mark.parametrize("key", ["dsconv_se", "regularized", "minimal", "optimized", "final", "one_epoch"])
def test_reading_the_script_gives_the_recipe_again(key: str, tmp_path: Path) -> None:
    """Written by one part of grader and read by another; what is left to a default is spelled out by the reader."""
    reference = next(one for one in load_references() if one.key == key)
    export_reference(reference, tmp_path)
    for name in (".grader.yml", "recipe.yaml"):
        (tmp_path / name).unlink()
    candidate = discover(tmp_path, model=None).selected
    assert candidate is not None
    read = assemble(read_code_recipe(tmp_path, candidate, checkout=None), load_recipe("house"))
    assert read.complete
    assert read.unread == ()
    assert explicit(read.recipe) == explicit(reference.recipe)


def explicit(recipe: Recipe) -> dict[str, Any]:
    values = recipe.model_dump(exclude={"name", "text"})
    values["epochs"] = values["epochs"] or 20
    if isinstance(recipe.schedule, OneCycle):
        values["schedule"]["max_lr"] = recipe.schedule.max_lr or recipe.optimizer.lr
        values["schedule"]["step"] = recipe.schedule.step or recipe.schedule.built_for
    return values
