"""Optimizer, epochs, batch size and loss, read from training code with their places."""

import pytest

from grader.model.code_recipe import CodeRecipe


def values(recipe: CodeRecipe, part: str = "") -> dict[str, object]:
    """Field -> value, of one part or of all."""
    return {value.field: value.value for value in recipe.values if value.field.startswith(part)}


def places(recipe: CodeRecipe) -> dict[str, str]:
    return {value.field: str(value.location) for value in recipe.values}


def reasons(recipe: CodeRecipe) -> dict[str, str]:
    return {entry.field: entry.reason for entry in recipe.unread}


def test_a_plain_script(recipes) -> None:
    recipe = recipes.script()
    assert values(recipe) == {
        "epochs": 15,
        "batch_size": 64,
        "drop_last": False,
        "normalization.mean": 0.1307,
        "normalization.std": 0.3081,
        "augmentation": [],
        "split": None,
        "optimizer.name": "sgd",
        "optimizer.lr": 0.1,
        "schedule.name": "none",
        "loss.name": "nll",
        "clip": None,
        "stop_at": None,
    }
    assert recipe.unread == ()
    assert recipe.notes == ()
    assert str(recipe.loop) == "train.py:19"


def test_every_value_has_its_line_and_its_code(recipes) -> None:
    build = "model = Net()\noptimizer = optim.SGD(\n    model.parameters(),\n    lr=0.1,\n    momentum=0.9,\n)\n"
    recipe = recipes.script(build=build)
    found = places(recipe)
    assert found["optimizer.lr"] == "train.py:21"
    assert found["optimizer.momentum"] == "train.py:22"
    assert found["batch_size"] == "train.py:17"
    assert found["epochs"] == "train.py:24"
    assert found["clip"] == "train.py:29"
    [lr] = [value for value in recipe.values if value.field == "optimizer.lr"]
    assert lr.text == "optim.SGD(model.parameters(), lr=0.1, momentum=0.9)"


def test_a_notebook_names_cell_and_line(recipes, notebook_text) -> None:
    recipe = recipes.read({"a.ipynb": notebook_text(recipes.model, recipes.data, recipes.build, recipes.loop)})
    found = places(recipe)
    assert found["optimizer.lr"] == "a.ipynb:cell 2:2"
    assert found["epochs"] == "a.ipynb:cell 3:1"
    assert str(recipe.loop) == "a.ipynb:cell 2:2"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("optim.SGD(model.parameters(), 0.01, 0.9, 0, 5e-4, True)",
         {"name": "sgd", "lr": 0.01, "momentum": 0.9, "dampening": 0, "weight_decay": 5e-4, "nesterov": True}),
        ("torch.optim.Adam(model.parameters(), betas=(0.8, 0.99), lr=1e-3, amsgrad=False)",
         {"name": "adam", "lr": 1e-3, "betas": [0.8, 0.99], "amsgrad": False}),
        ("optim.AdamW(params=model.parameters(), weight_decay=0.05)",
         {"name": "adamw", "lr": 1e-3, "weight_decay": 0.05}),
        ("optim.RMSprop(model.parameters(), lr=3e-4, alpha=0.9, eps=1e-7, centered=True)",
         {"name": "rmsprop", "lr": 3e-4, "alpha": 0.9, "eps": 1e-7, "centered": True}),
        ("optim.SGD([{'params': model.parameters(), 'lr': 0.2}], lr=0.1, momentum=0.9)",
         {"name": "sgd", "lr": 0.2, "momentum": 0.9}),
        ("optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1 / 2)", {"name": "sgd", "lr": 0.05}),
        ("optim.SGD([p for p in model.parameters()], **{'lr': 0.3, 'momentum': 0.5})",
         {"name": "sgd", "lr": 0.3, "momentum": 0.5}),
        ("getattr(optim, 'Adam')(model.parameters(), lr=2e-3)", {"name": "adam", "lr": 2e-3}),
        ("optim.SGD(model.parameters(), lr=0.1, foreach=True, maximize=False)", {"name": "sgd", "lr": 0.1}),
    ],
)  # fmt: skip
def test_optimizers_and_their_arguments(call: str, expected: dict[str, object], recipes) -> None:
    recipe = recipes.script(build=f"model = Net()\noptimizer = {call}\n")
    assert values(recipe, "optimizer") == {f"optimizer.{name}": value for name, value in expected.items()}
    assert reasons(recipe) == {}


def test_an_optimizer_without_a_rate_has_torchs(recipes) -> None:
    recipe = recipes.script(build="model = Net()\noptimizer = optim.Adam(model.parameters())\n")
    assert values(recipe, "optimizer")["optimizer.lr"] == 1e-3
    assert recipe.notes == ("train.py:19 names no rate; it is torch's own, 0.001.",)


def test_an_optimizer_that_recipes_do_not_have(recipes) -> None:
    recipe = recipes.script(build="model = Net()\noptimizer = optim.Adagrad(model.parameters(), lr=0.1)\n")
    assert values(recipe, "optimizer") == {}
    assert reasons(recipe) == {
        "optimizer": "a recipe has no optimizer Adagrad: optim.Adagrad(model.parameters(), lr=0.1)"
    }


def test_an_optimizer_class_of_ones_own(recipes) -> None:
    own = "class Wild(optim.Optimizer):\n    def step(self):\n        pass\n"
    recipe = recipes.script(before=own, build="model = Net()\noptimizer = Wild(model.parameters(), 0.1)\n")
    assert reasons(recipe)["optimizer"].startswith("a recipe has no optimizer Wild, a class of the submission's own")


def test_arguments_that_recipes_do_not_have(recipes) -> None:
    recipe = recipes.script(build="model = Net()\noptimizer = optim.SGD(model.parameters(), lr=0.1, maximize=True)\n")
    assert reasons(recipe) == {"optimizer.maximize": "a recipe has no such argument: maximize=True"}


def test_groups_of_parameters_that_differ(recipes) -> None:
    groups = "[{'params': model.conv.parameters(), 'weight_decay': 0}, {'params': model.parameters()}]"
    recipe = recipes.script(build=f"model = Net()\noptimizer = optim.SGD({groups}, lr=0.1, weight_decay=1e-4)\n")
    assert values(recipe, "optimizer") == {"optimizer.name": "sgd", "optimizer.lr": 0.1}
    assert reasons(recipe)["optimizer.weight_decay"].startswith("it differs between groups of parameters")


@pytest.mark.parametrize(
    "code",
    [
        "lr = 0.1\ndef build(m):\n    return optim.SGD(m.parameters(), lr=lr)\n"
        "model = Net()\noptimizer = build(model)\n",
        "def build(m, lr):\n    return optim.SGD(m.parameters(), lr=lr)\n"
        "model = Net()\noptimizer = build(model, lr=0.1)\n",
        "config = {'lr': 0.1}\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=config['lr'])\n",
        "config = {}\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=config.get('lr', 0.1))\n",
        "class Config:\n    LR = 0.1\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=Config.LR)\n",
        "from dataclasses import dataclass\n@dataclass\nclass Config:\n    lr: float = 0.5\n"
        "cfg = Config(lr=0.1)\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=cfg.lr)\n",
        "from types import SimpleNamespace\ncfg = SimpleNamespace(lr=0.1)\n"
        "model = Net()\noptimizer = optim.SGD(model.parameters(), lr=cfg.lr)\n",
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float, default=0.1)\n"
        "args = parser.parse_args()\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=args.lr)\n",
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('-l', '--learning-rate', default='0.1',"
        " type=float)\nargs, rest = parser.parse_known_args()\ncfg = vars(args)\n"
        "model = Net()\noptimizer = optim.SGD(model.parameters(), lr=cfg['learning_rate'])\n",
        "batch = 64\nmodel = Net()\noptimizer = optim.SGD(model.parameters(), lr=0.1 * batch / 64)\n",
        "class Trainer:\n    def __init__(self, model, lr=0.1):\n"
        "        self.optimizer = optim.SGD(model.parameters(), lr=lr)\n"
        "model = Net()\noptimizer = Trainer(model).optimizer\n",
    ],
)
def test_where_a_rate_may_come_from(code: str, recipes) -> None:
    assert values(recipes.script(build=code), "optimizer") == {"optimizer.name": "sgd", "optimizer.lr": 0.1}


def test_a_rate_that_is_computed_at_run_time(recipes) -> None:
    recipe = recipes.script(build="model = Net()\noptimizer = optim.SGD(model.parameters(), lr=finder.suggestion())\n")
    assert values(recipe, "optimizer") == {"optimizer.name": "sgd"}
    assert reasons(recipe) == {"optimizer.lr": "it is computed at run time: finder.suggestion()"}


def test_a_rate_that_a_branch_decides(recipes) -> None:
    before = "import os\nlr = 0.1 if os.environ.get('FAST') else 0.01\n"
    recipe = recipes.script(before=before, build="model = Net()\noptimizer = optim.SGD(model.parameters(), lr=lr)\n")
    assert reasons(recipe) == {"optimizer.lr": "a branch that can't be decided chooses between 0.1 and 0.01: lr"}


@pytest.mark.parametrize(
    ("loop", "epochs"),
    [
        ("for epoch in range(1, EPOCHS + 1):", 20),
        ("for epoch in tqdm(range(EPOCHS), desc='epochs'):", 20),
        ("for epoch in range(0, EPOCHS, 2):", 10),
        ("while epoch < EPOCHS:", 20),
        ("while epoch <= EPOCHS:", 21),
        ("for run in range(1):\n  for epoch in range(EPOCHS):", 20),
    ],
)
def test_epochs(loop: str, epochs: int, recipes) -> None:
    body = "".join(f"  {line}\n" for line in recipes.loop.splitlines()[1:])
    recipe = recipes.script(before="EPOCHS = 20\nepoch = 0\n", loop=f"{loop}\n{body}")
    assert values(recipe, "epochs") == {"epochs": epochs}


def test_epochs_through_a_function(recipes) -> None:
    before = (
        "def train(model, loader, optimizer):\n    for x, y in tqdm(loader):\n        loss = F.nll_loss(model(x), y)\n"
        "        loss.backward()\n        optimizer.step()\n"
        "def fit(model, loader, optimizer, epochs=5):\n    for epoch in range(epochs):\n"
        "        train(model, loader, optimizer)\n"
    )
    recipe = recipes.script(before=before, loop="fit(model, train_loader, optimizer, epochs=12)\n")
    assert values(recipe)["epochs"] == 12
    assert values(recipe)["loss.name"] == "nll"
    assert values(recipe)["batch_size"] == 64


def test_two_loops_over_epochs_add_up(recipes) -> None:
    recipe = recipes.script(loop=recipes.loop + recipes.loop.replace("15", "5"))
    assert values(recipe)["epochs"] == 20
    assert "steps in several loops over epochs in turn: train.py:20, train.py:26." in recipe.notes[0]


def test_without_a_loop_over_epochs_each_pass_counts(recipes) -> None:
    once = "def train():\n  for x, y in train_loader:\n    F.nll_loss(model(x), y).backward()\n    optimizer.step()\n"
    recipe = recipes.script(loop=f"{once}train()\ntrain()\ntrain()\n")
    assert values(recipe)["epochs"] == 3
    assert recipe.notes == ("No loop over epochs is in sight; the loop over batches at train.py:21 runs 3 times.",)


def test_epochs_that_cannot_be_told(recipes) -> None:
    recipe = recipes.script(loop=recipes.loop.replace("range(15)", "range(int(input()))"))
    assert reasons(recipe) == {"epochs": "it is computed at run time: for epoch in range(int(input()))"}


def test_a_step_out_of_sight(recipes) -> None:
    loop = "import engine\nfor epoch in range(7):\n    engine.train_one_epoch(model, train_loader, optimizer)\n"
    recipe = recipes.script(loop=loop)
    assert values(recipe)["epochs"] == 7
    assert values(recipe)["batch_size"] == 64
    assert values(recipe)["schedule.name"] == "none"
    assert set(reasons(recipe)) == {"loss", "clip"}


@pytest.mark.parametrize(
    ("criterion", "call", "expected"),
    [
        ("nn.CrossEntropyLoss()", "criterion(model(data), target)", {"name": "cross_entropy"}),
        ("nn.CrossEntropyLoss(label_smoothing=0.1)", "criterion(model(data), target)",
         {"name": "cross_entropy", "label_smoothing": 0.1}),
        ("nn.NLLLoss()", "criterion(model(data), target)", {"name": "nll"}),
        ("None", "F.cross_entropy(model(data), target, label_smoothing=0.05)",
         {"name": "cross_entropy", "label_smoothing": 0.05}),
        ("F.nll_loss", "criterion(model(data), target)", {"name": "nll"}),
        ("lambda out, y: F.cross_entropy(out, y)", "criterion(model(data), target)", {"name": "cross_entropy"}),
    ],
)  # fmt: skip
def test_losses(criterion: str, call: str, expected: dict[str, object], recipes) -> None:
    loop = recipes.loop.replace("F.nll_loss(model(data), target)", call)
    recipe = recipes.script(before=f"criterion = {criterion}\n", loop=loop)
    assert values(recipe, "loss") == {f"loss.{name}": value for name, value in expected.items()}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("nn.MSELoss()(model(data), target)", "a recipe has no loss MSELoss"),
        ("F.nll_loss(model(data), target) + 0.01 * penalty", "a recipe has no loss F.nll_loss(model(data), target) +"),
        ("F.nll_loss(model(data), target, weight=weights)", "a recipe's loss has no weights"),
        ("F.nll_loss(model(data), target, reduction='sum')", "a recipe's loss is the mean over a batch"),
        ("mystery(model(data), target)", "a recipe has no loss that loss.backward() stands for"),
    ],
)
def test_losses_that_recipes_do_not_have(call: str, reason: str, recipes) -> None:
    recipe = recipes.script(loop=recipes.loop.replace("F.nll_loss(model(data), target)", call))
    assert reasons(recipe)["loss"].startswith(reason)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)", {"clip.norm": 1.0}),
        ("nn.utils.clip_grad_value_(model.parameters(), 0.5)", {"clip.value": 0.5}),
    ],
)
def test_clipping(call: str, expected: dict[str, float], recipes) -> None:
    loop = recipes.loop.replace("        optimizer.step()", f"        {call}\n        optimizer.step()")
    assert values(recipes.script(loop=loop), "clip") == expected


def test_clipping_in_another_norm(recipes) -> None:
    call = "nn.utils.clip_grad_norm_(model.parameters(), 1.0, norm_type=1)"
    loop = recipes.loop.replace("        optimizer.step()", f"        {call}\n        optimizer.step()")
    assert reasons(recipes.script(loop=loop))["clip"].startswith("a recipe clips the 2-norm")


@pytest.mark.parametrize(
    ("test", "stop"), [("test_acc >= 99.4", 0.994), ("0.995 < val_accuracy", 0.995), ("best_acc > 99", 0.99)]
)
def test_the_accuracy_that_ends_training(test: str, stop: float, recipes) -> None:
    recipe = recipes.script(loop=f"{recipes.loop}    if {test}:\n        print('done')\n        break\n")
    assert values(recipe)["stop_at"] == stop


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("train_acc >= 99.4", "a recipe ends at the accuracy on images that are not trained on"),
        ("patience > 3", "a recipe ends at an accuracy, not under such a condition"),
        ("test_loss < 0.02", "a recipe ends at an accuracy, not under such a condition"),
        ("test_acc > 99 and epoch > 3", "a recipe ends at an accuracy, not under such a condition"),
        ("test_acc > 9940", "it is no accuracy"),
    ],
)
def test_other_ends_of_training(test: str, reason: str, recipes) -> None:
    recipe = recipes.script(loop=f"{recipes.loop}    if {test}:\n        break\n")
    assert reasons(recipe) == {"stop_at": f"{reason}: {test}"}


def test_a_loop_over_batches_that_ends_early_is_told(recipes) -> None:
    recipe = recipes.script(loop=f"{recipes.loop}        if seen > 1000:\n            break\n")
    assert recipe.notes == ("The loop over batches may end early, at train.py:26: seen > 1000.",)


def test_the_seed(recipes) -> None:
    recipe = recipes.script(before="SEED = 7\ndef fix(seed):\n    torch.manual_seed(seed)\nfix(SEED)\n")
    assert recipe.seed == 7
    assert str(recipe.seed_location) == "train.py:17"


def test_mixed_precision(recipes) -> None:
    loop = (
        "scaler = torch.cuda.amp.GradScaler()\nfor epoch in range(3):\n    for x, y in train_loader:\n"
        "        if use_amp:\n            scaler.scale(F.nll_loss(model(x), y)).backward()\n"
        "            scaler.step(optimizer)\n            scaler.update()\n"
        "        else:\n            F.nll_loss(model(x), y).backward()\n            optimizer.step()\n"
    )
    recipe = recipes.script(loop=loop)
    assert values(recipe)["epochs"] == 3
    assert values(recipe)["loss.name"] == "nll"
    assert values(recipe)["batch_size"] == 64


def test_steps_that_are_saved_up_over_batches(recipes) -> None:
    loop = recipes.loop.replace("        optimizer.step()", "        if step % 4 == 0:\n            optimizer.step()")
    recipe = recipes.script(loop=loop)
    assert reasons(recipe)["batch_size"].startswith("the optimizer does not step after every batch")
