"""Schedules read from training code: their arguments, and whether they are stepped every batch or once per epoch."""

import pytest

from grader.model.code_recipe import CodeRecipe

PER_EPOCH = "    scheduler.step()\n"
PER_BATCH = "        scheduler.step()\n"
SCHEDULERS = "from torch.optim import lr_scheduler\nfrom torch.optim.lr_scheduler import *\nEPOCHS = 15\n"


def values(recipe: CodeRecipe, part: str = "") -> dict[str, object]:
    return {value.field: value.value for value in recipe.values if value.field.startswith(part)}


def reasons(recipe: CodeRecipe) -> dict[str, str]:
    return {entry.field: entry.reason for entry in recipe.unread}


@pytest.fixture
def scheduled(recipes):
    """`scheduled("StepLR(optimizer, 6)", PER_EPOCH)` reads a script with that scheduler, stepped there."""

    def read(call: str, step: str = PER_EPOCH, **parts: str) -> CodeRecipe:
        build = f"{recipes.build}scheduler = {call}\n"
        return recipes.script(before=SCHEDULERS, build=build, loop=parts.get("loop", recipes.loop) + step)

    return read


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("lr_scheduler.StepLR(optimizer, 6)", {"name": "step", "step_size": 6}),
        ("optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.5)",
         {"name": "step", "step_size": 6, "gamma": 0.5}),
        ("MultiStepLR(optimizer, milestones=[12, 6], gamma=0.2)",
         {"name": "multistep", "milestones": [6, 12], "gamma": 0.2}),
        ("ExponentialLR(optimizer, 0.9)", {"name": "exponential", "gamma": 0.9}),
        ("CosineAnnealingLR(optimizer, T_max=10, eta_min=1e-5)", {"name": "cosine", "t_max": 10, "eta_min": 1e-5}),
        ("CosineAnnealingLR(optimizer, T_max=EPOCHS)", {"name": "cosine", "t_max": None}),
    ],
)  # fmt: skip
def test_schedules_per_epoch(call: str, expected: dict[str, object], scheduled) -> None:
    recipe = scheduled(call)
    assert values(recipe, "schedule") == {**{f"schedule.{k}": v for k, v in expected.items()}, "schedule.step": "epoch"}
    assert reasons(recipe) == {}
    assert recipe.notes == ()


def test_the_step_has_its_own_place(scheduled) -> None:
    recipe = scheduled("StepLR(optimizer, step_size=6)", PER_BATCH)
    [step] = [value for value in recipe.values if value.field == "schedule.step"]
    [size] = [value for value in recipe.values if value.field == "schedule.step_size"]
    assert (step.value, str(step.location), step.text) == ("batch", "train.py:30", "scheduler.step()")
    assert str(size.location) == "train.py:23"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("StepLR(optimizer, 6 * len(train_loader))", {"name": "step", "step_size": 6, "step": "epoch"}),
        ("MultiStepLR(optimizer, [len(train_loader), 3 * len(train_loader)])",
         {"name": "multistep", "milestones": [1, 3], "step": "epoch"}),
        ("StepLR(optimizer, 1000)", {"name": "step", "step_size": 1000, "step": "batch"}),
        ("CosineAnnealingLR(optimizer, EPOCHS * len(train_loader))",
         {"name": "cosine", "t_max": None, "step": "batch"}),
    ],
)  # fmt: skip
def test_schedules_that_count_batches(call: str, expected: dict[str, object], scheduled) -> None:
    recipe = scheduled(call, PER_BATCH)
    assert values(recipe, "schedule") == {f"schedule.{name}": value for name, value in expected.items()}


def test_a_cosine_for_batches_stepped_per_epoch(scheduled) -> None:
    recipe = scheduled("CosineAnnealingLR(optimizer, EPOCHS * len(train_loader))")
    assert values(recipe)["schedule.t_max"] == 15 * 938
    assert recipe.notes == ("The cosine at train.py:23 is built for batches, but stepped once per epoch.",)


@pytest.mark.parametrize(
    "total",
    ["epochs=EPOCHS, steps_per_epoch=len(train_loader)", "total_steps=EPOCHS * len(train_loader)",
     "total_steps=15 * 938", "epochs=15, steps_per_epoch=938", "total_steps=int(EPOCHS * len(train_loader))"],
)  # fmt: skip
@pytest.mark.parametrize(("step", "every"), [(PER_BATCH, "batch"), (PER_EPOCH, "epoch")])
def test_one_cycle_built_for_batches(total: str, step: str, every: str, scheduled) -> None:
    recipe = scheduled(f"OneCycleLR(optimizer, max_lr=0.2, {total}, pct_start=0.2, anneal_strategy='linear')", step)
    assert values(recipe, "schedule") == {
        "schedule.name": "onecycle",
        "schedule.max_lr": 0.2,
        "schedule.pct_start": 0.2,
        "schedule.anneal": "linear",
        "schedule.built_for": "batch",
        "schedule.step": every,
    }
    mistake = (
        "The one-cycle schedule at train.py:23 is built for batches, but stepped once per epoch at train.py:30:"
        " the rate hardly moves."
    )
    assert recipe.notes == ((mistake,) if every == "epoch" else ())
    assert reasons(recipe) == {}


@pytest.mark.parametrize("total", ["total_steps=EPOCHS", "epochs=EPOCHS, steps_per_epoch=1"])
def test_one_cycle_built_for_epochs(total: str, scheduled) -> None:
    recipe = scheduled(f"OneCycleLR(optimizer, 0.2, {total}, div_factor=10, final_div_factor=100)")
    found = values(recipe, "schedule")
    assert (found["schedule.built_for"], found["schedule.step"]) == ("epoch", "epoch")
    assert (found["schedule.div_factor"], found["schedule.final_div_factor"]) == (10, 100)
    assert recipe.notes == ()


def test_one_cycle_of_another_length_than_the_training(scheduled) -> None:
    recipe = scheduled("OneCycleLR(optimizer, 0.2, epochs=20, steps_per_epoch=len(train_loader))", PER_BATCH)
    assert reasons(recipe) == {
        "schedule.epochs": "the cycle takes 20 epochs and the training 15; a recipe's takes the training"
    }


def test_one_cycle_with_three_phases(scheduled) -> None:
    recipe = scheduled("OneCycleLR(optimizer, 0.2, total_steps=EPOCHS, three_phase=True)")
    assert reasons(recipe) == {"schedule.three_phase": "a recipe's one-cycle schedule has two phases"}


def test_plateau_on_the_training_loss(scheduled) -> None:
    recipe = scheduled(
        "ReduceLROnPlateau(optimizer, mode='min', factor=0.5, patience=2, threshold=1e-3, min_lr=1e-5, verbose=True)",
        "    scheduler.step(train_loss)\n",
    )
    assert values(recipe, "schedule") == {
        "schedule.name": "plateau",
        "schedule.factor": 0.5,
        "schedule.patience": 2,
        "schedule.threshold": 1e-3,
        "schedule.min_lr": 1e-5,
        "schedule.metric": "train_loss",
    }


@pytest.mark.parametrize(
    ("metric", "reason"),
    [("test_loss", "the plateau schedule watches test_loss of the test set, which a recipe never does"),
     ("acc", "which images the plateau schedule watches can't be told: acc")],
)  # fmt: skip
def test_plateau_on_the_test_set(metric: str, reason: str, scheduled) -> None:
    recipe = scheduled("ReduceLROnPlateau(optimizer, patience=2)", f"    scheduler.step({metric})\n")
    assert values(recipe, "schedule") == {"schedule.name": "plateau", "schedule.patience": 2}
    assert reasons(recipe) == {"schedule.metric": reason}


def test_plateau_on_a_split(recipes) -> None:
    data = (
        "train_set = datasets.MNIST('data', transform=transforms.ToTensor())\n"
        "train_part, val_part = torch.utils.data.random_split(train_set, [50000, 10000])\n"
        "train_loader = DataLoader(train_part, batch_size=64, shuffle=True)\n"
    )
    build = recipes.build + "scheduler = ReduceLROnPlateau(optimizer, mode='min')\n"
    recipe = recipes.script(
        before=SCHEDULERS, data=data, build=build, loop=recipes.loop + "    scheduler.step(val_acc)\n"
    )
    assert values(recipe)["schedule.metric"] == "validation_accuracy"
    assert recipe.notes == (
        "The plateau schedule at train.py:23 has mode 'min', but is given the accuracy at train.py:30.",
    )


@pytest.mark.parametrize(
    "call",
    ["CosineAnnealingWarmRestarts(optimizer, T_0=5)", "LambdaLR(optimizer, lambda epoch: 0.9 ** epoch)",
     "CyclicLR(optimizer, 0.01, 0.1)", "timm.scheduler.CosineLRScheduler(optimizer, 10)"],
)  # fmt: skip
def test_schedules_that_recipes_do_not_have(call: str, scheduled) -> None:
    recipe = scheduled(call)
    name = call.partition("(")[0].rpartition(".")[2]
    assert values(recipe, "schedule") == {}
    assert reasons(recipe)["schedule"].startswith(f"a recipe has no schedule {name}: ")


def test_a_scheduler_of_ones_own(recipes) -> None:
    own = "class Slow(torch.optim.lr_scheduler.LRScheduler):\n    def get_lr(self):\n        return [0.1]\n"
    build = f"{recipes.build}scheduler = Slow(optimizer)\n"
    recipe = recipes.script(before=own, build=build, loop=recipes.loop + PER_EPOCH)
    assert reasons(recipe)["schedule"].startswith("a recipe has no schedule Slow, a class of the submission's own")


def test_a_scheduler_that_is_never_stepped(scheduled) -> None:
    recipe = scheduled("StepLR(optimizer, step_size=6)", "")
    assert values(recipe, "schedule") == {"schedule.name": "none"}
    assert recipe.notes == ("StepLR is built at train.py:23 and never stepped: the rate stays as it is.",)


def test_a_scheduler_that_is_handed_on(recipes) -> None:
    before = SCHEDULERS + (
        "def train(loader, optimizer, scheduler=None):\n    for x, y in loader:\n"
        "        F.nll_loss(model(x), y).backward()\n"
        "        optimizer.step()\n        if scheduler is not None:\n            scheduler.step()\n"
    )
    build = recipes.build + "scheduler = OneCycleLR(optimizer, 0.1, EPOCHS * len(train_loader))\n"
    loop = "for epoch in range(EPOCHS):\n    train(train_loader, optimizer, scheduler)\n"
    recipe = recipes.script(before=before, build=build, loop=loop)
    assert values(recipe)["schedule.step"] == "batch"
    without = loop.replace(", scheduler)", ")") + PER_EPOCH
    assert values(recipes.script(before=before, build=build, loop=without))["schedule.step"] == "epoch"


def test_which_of_two_ways_a_scheduler_is_stepped(scheduled) -> None:
    step = (
        "    if isinstance(scheduler, ReduceLROnPlateau):\n        scheduler.step(test_loss)\n"
        "    else:\n        scheduler.step()\n"
    )
    assert values(scheduled("StepLR(optimizer, 6)", step))["schedule.step"] == "epoch"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("    if epoch > 5:\n        scheduler.step()\n", "StepLR is stepped only under a condition: epoch > 5"),
        (PER_EPOCH + PER_EPOCH, "StepLR is stepped twice in each epoch, at train.py:30 and train.py:31"),
        (PER_BATCH + PER_EPOCH, "StepLR is stepped both every batch, at train.py:30, and once per epoch"),
    ],
)
def test_steps_that_recipes_do_not_have(step: str, reason: str, scheduled) -> None:
    assert reasons(scheduled("StepLR(optimizer, 6)", step)) == {"schedule": reason}


def test_two_schedulers_that_take_turns(recipes) -> None:
    build = f"{recipes.build}a = StepLR(optimizer, 6)\nb = ExponentialLR(optimizer, 0.9)\n"
    recipe = recipes.script(before=SCHEDULERS, build=build, loop=f"{recipes.loop}    a.step()\n    b.step()\n")
    assert reasons(recipe) == {
        "schedule": "several schedulers take turns: StepLR at train.py:23 and ExponentialLR at train.py:24"
    }


def test_rates_that_are_set_by_hand(recipes) -> None:
    step = "    for group in optimizer.param_groups:\n        group['lr'] = 0.1 * 0.9 ** epoch\n"
    recipe = recipes.script(loop=recipes.loop + step)
    assert reasons(recipe) == {"schedule": "the rate is set by hand: group['lr'] = …"}


def test_warm_up_then_a_schedule(recipes) -> None:
    build = recipes.build + (
        "warm = LinearLR(optimizer, start_factor=0.1, total_iters=3)\ncos = CosineAnnealingLR(optimizer, EPOCHS - 3)\n"
        "scheduler = SequentialLR(optimizer, schedulers=[warm, cos], milestones=[3])\n"
    )
    recipe = recipes.script(before=SCHEDULERS, build=build, loop=recipes.loop + PER_EPOCH)
    assert {**values(recipe, "warmup"), **values(recipe, "schedule")} == {
        "warmup.epochs": 3,
        "warmup.start_factor": 0.1,
        "warmup.step": "epoch",
        "schedule.name": "cosine",
        "schedule.t_max": None,
        "schedule.step": "epoch",
    }


def test_warm_up_in_batches(recipes) -> None:
    build = recipes.build + "scheduler = LinearLR(optimizer, total_iters=2 * len(train_loader))\n"
    recipe = recipes.script(before=SCHEDULERS, build=build, loop=recipes.loop + PER_BATCH)
    assert values(recipe, "warmup") == {"warmup.epochs": 2, "warmup.step": "batch"}
    assert values(recipe, "schedule") == {"schedule.name": "none"}


@pytest.mark.parametrize(
    ("warm", "milestones"), [("total_iters=3", "[5]"), ("total_iters=3, end_factor=0.5", "[3]"), ("", "[3]")]
)
def test_warm_ups_that_recipes_do_not_have(warm: str, milestones: str, recipes) -> None:
    build = recipes.build + (
        f"scheduler = SequentialLR(optimizer, [LinearLR(optimizer, {warm}), StepLR(optimizer, 6)], {milestones})\n"
    )
    recipe = recipes.script(before=SCHEDULERS, build=build, loop=recipes.loop + PER_EPOCH)
    assert reasons(recipe)["schedule"].startswith("the warm-up does not end")


def test_a_schedule_of_another_optimizer(recipes) -> None:
    build = f"{recipes.build}other = optim.SGD(head.parameters(), lr=1)\nscheduler = StepLR(other, 6)\n"
    recipe = recipes.script(before=SCHEDULERS, build=build, loop=recipes.loop + PER_EPOCH)
    assert values(recipe, "schedule") == {"schedule.name": "none"}


def test_a_schedule_without_what_it_needs(scheduled) -> None:
    assert reasons(scheduled("StepLR(optimizer)")) == {"schedule": "step_size is not given: StepLR(optimizer)"}
