"""From what was read to a recipe that can be trained with: holes, contradictions, origins."""

from typing import Any

import pytest

from grader.intake.recipe.assemble import assemble
from grader.model.augmentation import Rotation
from grader.model.code_recipe import CodeRecipe, ReadValue, Unread
from grader.model.recipe import Adam, Clip, Loss, OneCycle, Plateau, Recipe, Sgd, Split, Step, WarmUp
from grader.model.submission import Location

PLACE = Location(file="train.py", line=31)
HOUSE = Recipe(
    name="house",
    epochs=20,
    batch_size=64,
    optimizer=Sgd(lr=0.1, momentum=0.9, nesterov=True),
    schedule=OneCycle(pct_start=0.2),
    loss=Loss(label_smoothing=0.1),
    clip=Clip(norm=1.0),
    augmentation=(Rotation(degrees=7),),
)
READ: dict[str, Any] = {
    "epochs": 15,
    "batch_size": 128,
    "drop_last": False,
    "optimizer.name": "sgd",
    "optimizer.lr": 0.05,
    "schedule.name": "step",
    "schedule.step_size": 6,
    "schedule.step": "epoch",
    "loss.name": "nll",
    "clip": None,
    "normalization.mean": 0.1307,
    "normalization.std": 0.3081,
    "augmentation": [],
    "split": None,
    "stop_at": None,
}


def code(*unread: str, without: tuple[str, ...] = (), **changed: Any) -> CodeRecipe:
    """What a script of that kind gives, with changes; `__` in a name is a dot."""
    fields = {**READ, **{name.replace("__", "."): value for name, value in changed.items()}}
    kept = {name: value for name, value in fields.items() if not name.startswith(without or ("-",))}
    values = tuple(ReadValue(field=name, value=value, location=PLACE) for name, value in kept.items())
    return CodeRecipe(
        values=values, unread=tuple(Unread(field=field, reason="because") for field in unread), loop=PLACE
    )


def test_everything_read_is_the_codes() -> None:
    made = assemble(code(), HOUSE)
    assert made.complete
    assert made.unread == ()
    assert made.recipe.model_dump(exclude={"name", "text"}) == Recipe(
        epochs=15, batch_size=128, optimizer=Sgd(lr=0.05), schedule=Step(step_size=6), loss=Loss(name="nll")
    ).model_dump(exclude={"name", "text"})
    assert made.recipe.text == "Read from train.py:31."


def test_origins() -> None:
    origins = assemble(code("loss", without=("loss",)), HOUSE).recipe.origins
    assert origins["optimizer.lr"] == "train.py:31"
    assert origins["optimizer.momentum"] == "default of torch"
    assert origins["schedule.gamma"] == "default of torch"
    assert origins["loss.label_smoothing"] == "reference recipe house"
    assert origins["warmup"] == "train.py:31"
    assert origins["clip"] == "train.py:31"
    assert set(origins.values()) == {"train.py:31", "default of torch", "reference recipe house"}


def test_an_argument_that_is_left_out_is_torchs_not_the_references() -> None:
    recipe = assemble(code(), HOUSE).recipe
    assert isinstance(recipe.optimizer, Sgd)
    assert (recipe.optimizer.momentum, recipe.optimizer.nesterov) == (0.0, False)


@pytest.mark.parametrize("part", ["epochs", "batch_size", "optimizer", "schedule", "loss", "clip", "augmentation"])
def test_a_part_that_was_not_read_is_the_references(part: str) -> None:
    made = assemble(code(part, without=(part,)), HOUSE)
    assert getattr(made.recipe, part) == getattr(HOUSE, part)
    assert not made.complete
    assert made.unread == (Unread(field=part, reason="because"),)


def test_a_warm_up_of_the_reference_does_not_come_before_the_codes_schedule() -> None:
    reference = HOUSE.model_copy(update={"warmup": WarmUp(epochs=2), "schedule": Step(step_size=5)})
    assert assemble(code(), reference).recipe.warmup is None
    assert assemble(code("schedule", without=("schedule",)), reference).recipe.warmup == WarmUp(epochs=2)


def test_a_rate_that_was_not_read() -> None:
    made = assemble(code("optimizer.lr", without=("optimizer.lr",), optimizer__momentum=0.5), HOUSE)
    assert made.recipe.optimizer == Sgd(lr=0.1, momentum=0.5)
    assert made.recipe.origins["optimizer.lr"] == "reference recipe house"
    assert not made.complete


def test_a_rate_that_was_not_read_of_another_optimizer() -> None:
    made = assemble(code("optimizer.lr", without=("optimizer.lr",), optimizer__name="adam"), HOUSE)
    assert made.recipe.optimizer == HOUSE.optimizer


def test_a_hole_in_a_schedule_of_the_same_kind() -> None:
    reference = HOUSE.model_copy(update={"schedule": Step(step_size=4, gamma=0.3)})
    made = assemble(code("schedule.gamma"), reference)
    assert made.recipe.schedule == Step(step_size=6, gamma=0.3)
    assert made.recipe.origins["schedule.gamma"] == "reference recipe house"
    assert made.recipe.origins["schedule.step_size"] == "train.py:31"


def test_a_schedule_that_lacks_what_it_needs() -> None:
    made = assemble(code("schedule.step_size", without=("schedule.step_size",)), HOUSE)
    assert made.recipe.schedule == HOUSE.schedule
    assert [entry.field for entry in made.unread] == ["schedule.step_size", "schedule"]
    assert made.unread[1].location == PLACE


@pytest.mark.parametrize(
    ("changed", "part", "reason"),
    [
        ({"optimizer__lr": -0.1}, "optimizer", "a recipe can't hold it: lr must be greater than 0, not -0.1"),
        ({"optimizer__name": "adagrad"}, "optimizer", "a recipe can't hold it: "),
        ({"optimizer__nesterov": True}, "optimizer",
         "a recipe can't hold it: nesterov needs a momentum above 0 and no dampening"),
        ({"epochs": 0}, "epochs", "a recipe can't hold it: epochs must be greater than or equal to 1, not 0"),
        ({"batch_size": "many"}, "batch_size", "a recipe can't hold it: batch_size must be a valid integer, not many"),
        ({"schedule__name": "onecycle", "schedule__built_for": "epoch", "schedule__step": "batch",
          "schedule__step_size": None}, "schedule", "a recipe can't hold it: "),
        ({"clip": {"norm": -1.0}}, "clip", "a recipe can't hold it: norm must be greater than 0, not -1.0"),
        ({"stop_at": 2.0}, "stop_at", "a recipe can't hold it: stop_at must be less than or equal to 1, not 2.0"),
        ({"split": {"validation": 0}}, "split", "a recipe can't hold it: validation must be"),
        ({"warmup": {"epochs": 15}}, "warmup",
         "a recipe can't hold it: 15 warm-up epochs leave nothing of a training of 15"),
    ],
)  # fmt: skip
def test_values_that_a_recipe_cannot_hold(changed: dict[str, Any], part: str, reason: str) -> None:
    made = assemble(code(**changed), HOUSE)
    [entry] = made.unread
    assert (entry.field, entry.location) == (part, PLACE)
    assert entry.reason.startswith(reason)
    if part != "warmup":
        assert getattr(made.recipe, part) == getattr(HOUSE, part)
    assert made.recipe.origins != {}


def test_one_augmentation_that_a_recipe_cannot_hold() -> None:
    listed = {
        "augmentation__0__name": "rotation", "augmentation__0__degrees": -3.0,
        "augmentation__1__name": "crop", "augmentation__1__padding": 2,
    }  # fmt: skip
    values = tuple(
        ReadValue(field=name.replace("__", "."), value=value, location=PLACE) for name, value in listed.items()
    )
    plain = code(without=("augmentation",))
    made = assemble(plain.model_copy(update={"values": (*plain.values, *values)}), HOUSE)
    assert [one.name for one in made.recipe.augmentation] == ["crop"]
    assert [entry.field for entry in made.unread] == ["augmentation"]
    assert made.recipe.origins["augmentation.0.padding"] == "train.py:31"
    assert not made.complete


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"schedule__step_size": 15},
         "its first step, after 15 epochs, is never reached in a training of 15"),
        ({"schedule__name": "multistep", "schedule__milestones": [5, 30], "schedule__step_size": None},
         "the milestone 30 is never reached in a training of 15 epochs"),
        ({"schedule__name": "cosine", "schedule__t_max": 50, "schedule__step_size": None},
         "it takes 50 epochs, longer than the training of 15"),
    ],
)  # fmt: skip
def test_a_schedule_that_outlasts_the_training_is_cut_short(changed: dict[str, Any], note: str) -> None:
    changed = {name: value for name, value in changed.items() if value is not None}
    without = ("schedule.step_size",) if "schedule__step_size" not in changed else ()
    made = assemble(code(without=without, **changed), HOUSE)
    assert made.recipe.cut_short
    assert made.notes == (f"The training ends before its schedule does: {note}.",)
    assert made.complete
    assert made.unread == ()


def test_a_schedule_of_the_reference_that_does_not_fit_is_cut_short() -> None:
    reference = HOUSE.model_copy(update={"schedule": Step(step_size=18)})
    made = assemble(code("schedule", without=("schedule",)), reference)
    assert made.recipe.schedule == Step(step_size=18)
    assert made.recipe.cut_short


def test_a_schedule_of_the_reference_that_needs_a_split() -> None:
    reference = HOUSE.model_copy(
        update={"schedule": Plateau(metric="validation_loss"), "split": Split(validation=10_000)}
    )
    made = assemble(code("schedule", without=("schedule",)), reference)
    assert made.recipe.schedule.name == "none"
    assert made.recipe.split is None
    assert made.unread[-1].reason.startswith("the reference's does not fit what was read: ")


def test_a_reference_without_epochs() -> None:
    reference = HOUSE.model_copy(update={"epochs": None})
    assert assemble(code("epochs", without=("epochs",)), reference).recipe.epochs is None


def test_nothing_read_is_the_reference() -> None:
    made = assemble(CodeRecipe(), HOUSE)
    assert made.recipe.model_dump(exclude={"name", "text"}) == HOUSE.model_dump(exclude={"name", "text"})
    assert set(made.recipe.origins.values()) == {"reference recipe house"}
    assert not made.complete


@pytest.mark.parametrize(
    "field",
    ["training", "schedule.metric", "schedule.epochs", "epochs", "optimizer.weight_decay", "loss", "augmentation"],
)
def test_what_makes_a_recipe_incomplete(field: str) -> None:
    assert not assemble(code(field), HOUSE).complete


@pytest.mark.parametrize("field", ["stop_at", "split", "normalization.std"])
def test_what_does_not(field: str) -> None:
    assert assemble(code(field), HOUSE).complete


def test_unknown_fields_do_no_harm() -> None:
    made = assemble(code(mystery=1, optimizer__magic=2), HOUSE)
    assert made.recipe.optimizer == HOUSE.optimizer
    assert made.unread[0].field == "optimizer"


def test_from_script_to_recipe(recipes) -> None:
    build = (
        "model = Net()\noptimizer = optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95))\n"
        "scheduler = optim.lr_scheduler.StepLR(optimizer, 20)\n"
    )
    read = recipes.script(build=build, loop=recipes.loop + "    scheduler.step()\n")
    made = assemble(read, HOUSE)
    assert made.recipe.optimizer.model_dump() == {
        "name": "adamw", "lr": 2e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False,
    }  # fmt: skip
    assert made.recipe.schedule == Step(step_size=20)
    assert made.recipe.cut_short
    assert made.recipe.origins["optimizer.betas"] == "train.py:19"
    assert made.recipe.origins["schedule.step"] == "train.py:27"
    assert isinstance(HOUSE.optimizer, Sgd) and not isinstance(made.recipe.optimizer, Adam)


def test_a_negative_rate_in_a_script(recipes) -> None:
    made = assemble(recipes.script(build=recipes.build.replace("0.1", "-0.1")), HOUSE)
    assert made.recipe.optimizer == HOUSE.optimizer
    assert [(entry.field, str(entry.location)) for entry in made.unread] == [("optimizer", "train.py:19")]
    assert not made.complete
