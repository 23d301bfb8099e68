"""Which of several trainings is the graded model's, and what becomes of code that can't be followed."""

import time

import pytest

from grader.intake.discover import discover
from grader.intake.recipe.read import read_code_recipe
from grader.model.code_recipe import CodeRecipe
from grader.model.submission import Candidate


def values(recipe: CodeRecipe, part: str = "") -> dict[str, object]:
    return {value.field: value.value for value in recipe.values if value.field.startswith(part)}


def reasons(recipe: CodeRecipe) -> dict[str, str]:
    return {entry.field: entry.reason for entry in recipe.unread}


def net(name: str, width: int = 8) -> str:
    return (
        f"class {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.conv = nn.Conv2d(1, {width}, 3)\n        self.fc = nn.Linear({width}, 10)\n"
        "    def forward(self, x):\n        return self.fc(self.conv(x).mean((2, 3)))\n"
    )


def train(model: str, lr: float) -> str:
    return (
        f"model = {model}\noptimizer = optim.SGD(model.parameters(), lr={lr})\nfor epoch in range(3):\n"
        "    for x, y in train_loader:\n        F.nll_loss(model(x), y).backward()\n        optimizer.step()\n"
    )


HEAD = (
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nimport torch.optim as optim\n"
    "from torch.utils.data import DataLoader\nfrom torchvision import datasets, transforms\n"
    "train_loader = DataLoader(datasets.MNIST('d', transform=transforms.ToTensor()), batch_size=64, shuffle=True)\n"
)


def test_no_training_code(recipes) -> None:
    assert recipes.read({"model.py": HEAD + net("Net")}) == CodeRecipe()


def test_the_last_of_several_trainings_of_one_definition(recipes) -> None:
    recipe = recipes.read(HEAD + net("Net") + train("Net()", 0.1) + train("Net()", 0.05))
    assert values(recipe)["optimizer.lr"] == 0.05
    assert recipe.notes == ("The model is trained in several places; train.py:22 is read, not train.py:16.",)


def test_the_order_in_which_cells_ran(recipes, notebook_text) -> None:
    cells = (HEAD + net("Net"), train("Net()", 0.1), train("Net()", 0.05))
    text = notebook_text(*cells, counts=[1, 3, 2])
    assert values(recipes.read({"a.ipynb": text}))["optimizer.lr"] == 0.1


def test_a_count_of_zero_is_no_count(recipes, notebook_text) -> None:
    cells = (HEAD, "train = datasets.MNIST('d', transform=transforms.ToTensor())", net("Net"),
             "loader = DataLoader(train, batch_size=32, shuffle=True)", "def train():\n    pass",
             train("Net()", 0.1).replace("train_loader", "loader"))  # fmt: skip
    recipe = recipes.read({"a.ipynb": notebook_text(*cells, counts=[0, 0, 7, 8, 0, 9])})
    assert values(recipe)["batch_size"] == 32
    assert values(recipe)["normalization.mean"] == 0.0


def test_a_cell_of_imports_that_was_run_again(recipes, notebook_text) -> None:
    data = "from torchvision import datasets\ndef get(train):\n    return datasets.MNIST('d', train=train)\n"
    cells = ("from data import get", "train_set = get(True)", net("Net"), HEAD, "train_loader = "
             "DataLoader(train_set, batch_size=32, shuffle=True)", train("Net()", 0.1))  # fmt: skip
    recipe = recipes.read({"data.py": data, "a.ipynb": notebook_text(*cells, counts=[9, 2, 3, 10, 11, 12])})
    assert values(recipe)["batch_size"] == 32
    assert values(recipe)["split"] is None


def test_a_class_that_is_defined_again(recipes, notebook_text) -> None:
    cells = (HEAD, net("Net", 8), train("Net()", 0.1), net("Net", 9), train("Net()", 0.2))
    text = notebook_text(*cells)
    assert values(recipes.read({"a.ipynb": text}, model="a.ipynb:1:Net"))["optimizer.lr"] == 0.1
    assert values(recipes.read({"a.ipynb": text}, model="a.ipynb:3:Net"))["optimizer.lr"] == 0.2


def test_each_model_has_its_own_training(recipes) -> None:
    code = (
        HEAD + net("A") + net("B", 9) + "def fit(model, name):\n    if name == 'a':\n"
        "        optimizer = optim.SGD(model.parameters(), lr=0.1)\n    else:\n"
        "        optimizer = optim.Adam(model.parameters(), lr=0.2)\n    for epoch in range(3):\n"
        "        for x, y in train_loader:\n            F.nll_loss(model(x), y).backward()\n"
        "            optimizer.step()\n"
        "for name, model in {'a': A(), 'b': B()}.items():\n    fit(model, name)\n"
    )
    assert values(recipes.read(code, model="train.py:A"), "optimizer") == {
        "optimizer.name": "sgd", "optimizer.lr": 0.1,
    }  # fmt: skip
    assert values(recipes.read(code, model="train.py:B"), "optimizer") == {
        "optimizer.name": "adam", "optimizer.lr": 0.2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "chosen"), [("tests/test_model.py", "train.py"), ("demo.py", "train.py"), ("final.py", "final.py")]
)
def test_which_file_trains_it(other: str, chosen: str, recipes) -> None:
    code = "import sys\nfrom model import Net\n" + HEAD + train("Net()", 0.1)
    recipe = recipes.read({"model.py": HEAD + net("Net"), "train.py": code, other: code})
    assert recipe.loop is not None
    assert recipe.loop.file == chosen


def test_code_that_runs_comes_before_code_that_nothing_calls(recipes) -> None:
    unused = "def old():\n" + "".join(f"    {line}\n" for line in train("Net()", 0.5).splitlines())
    recipe = recipes.read(HEAD + net("Net") + train("Net()", 0.1) + unused)
    assert values(recipe)["optimizer.lr"] == 0.1


def test_a_function_that_nothing_calls_is_read_with_its_defaults(recipes) -> None:
    code = (
        "def fit(loader=train_loader, epochs=4, lr=0.3):\n    model = Net()\n"
        "    optimizer = optim.SGD(model.parameters(), lr=lr)\n    for epoch in range(epochs):\n"
        "        for x, y in loader:\n            F.nll_loss(model(x), y).backward()\n            optimizer.step()\n"
    )
    recipe = recipes.read(HEAD + net("Net") + code)
    assert (values(recipe)["optimizer.lr"], values(recipe)["epochs"]) == (0.3, 4)
    assert recipe.notes == ("Nothing in the folder calls the code that builds the optimizer at train.py:17.",)


def test_an_optimizer_of_a_rate_finder_is_not_the_training(recipes) -> None:
    finder = (
        "from torch_lr_finder import LRFinder\n{}optimizer_ = optim.SGD(model.parameters(), lr=1e-7)\n"
        "finder = LRFinder(model, optimizer_, None)\nfinder.range_test(train_loader)\n"
    )
    recipe = recipes.read(HEAD + net("Net") + train("Net()", 0.1) + finder.format("model = Net()\n"))
    assert values(recipe)["optimizer.lr"] == 0.1


def test_the_same_code_under_another_name(recipes, notebook_text) -> None:
    files = {
        "final_model.py": HEAD + net("Final"),
        "train.ipynb": notebook_text(HEAD + net("Net") + train("Net()", 0.1)),
    }
    recipe = recipes.read(files, model="final_model.py:Final")
    assert values(recipe)["optimizer.lr"] == 0.1
    assert recipe.notes == ("The code at train.ipynb:cell 0:16 trains Net, which is the same model.",)
    assert recipe.unread == ()


def test_the_only_training_is_another_models(recipes) -> None:
    code = HEAD + net("Small") + net("Large", 64) + train("Small()", 0.1)
    recipe = recipes.read(code, model="train.py:Large")
    assert values(recipe)["optimizer.lr"] == 0.1
    assert reasons(recipe) == {"training": "no code trains the graded class; this trains Small"}


def test_several_trainings_of_other_models_are_not_guessed_from(recipes) -> None:
    code = HEAD + net("A") + net("B", 9) + net("Large", 64) + train("A()", 0.1) + train("B()", 0.2)
    assert recipes.read(code, model="train.py:Large") == CodeRecipe()


def test_a_model_that_cannot_be_told(recipes) -> None:
    files = {"model.py": HEAD + net("Net"), "train.py": HEAD + "from lost import Net\n" + train("Net()", 0.1)}
    recipe = recipes.read(files, model="model.py:Net")
    assert values(recipe)["optimizer.lr"] == 0.1
    assert reasons(recipe)["training"].startswith("which model the optimizer trains can't be told")


def test_training_code_above_the_graded_folder(recipes) -> None:
    trainer = "from src.model import Net\n" + HEAD + train("Net()", 0.1)
    recipe = recipes.read({"src/model.py": HEAD + net("Net"), "train.py": trainer}, root="src")
    assert str(recipe.loop) == "../train.py:10"
    assert {str(value.location.file) for value in recipe.values} == {"../train.py"}


OPTIONS = (
    "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', default='a')\n"
    "parser.add_argument('--optimizer', default='adam', choices=['sgd', 'adam'])\nargs = parser.parse_args()\n"
)


def test_the_command_lines_default_decides_the_optimizer(recipes) -> None:
    code = (
        "model = Net()\nif args.optimizer == 'sgd':\n    optimizer = optim.SGD(model.parameters(), lr=0.1)\n"
        "elif args.optimizer == 'adam':\n    optimizer = optim.Adam(model.parameters(), lr=0.01)\n"
        "for epoch in range(3):\n    for x, y in train_loader:\n        F.nll_loss(model(x), y).backward()\n"
        "        optimizer.step()\n"
    )
    recipe = recipes.read(HEAD + net("Net") + OPTIONS + code)
    assert values(recipe, "optimizer") == {"optimizer.name": "adam", "optimizer.lr": 0.01}
    assert values(recipe)["epochs"] == 3
    assert recipe.notes == ()


def test_the_command_line_does_not_decide_the_model(recipes) -> None:
    code = "{'a': A, 'b': B}[args.model]()"
    text = HEAD + net("A") + net("B", 9) + OPTIONS + train(code, 0.1)
    recipe = recipes.read(text, model="train.py:B")
    assert values(recipe)["optimizer.lr"] == 0.1
    assert recipe.notes == ("A branch that can't be decided chooses which model train.py:28 trains: A or B.",)


def test_an_optimizer_that_a_branch_decides(recipes) -> None:
    code = (
        "import os\nmodel = Net()\nif os.environ.get('X'):\n    optimizer = optim.SGD(model.parameters(), lr=0.1)\n"
        "else:\n    optimizer = optim.Adam(model.parameters(), lr=0.01)\nfor epoch in range(3):\n"
        "    for x, y in train_loader:\n        F.nll_loss(model(x), y).backward()\n        optimizer.step()\n"
    )
    recipe = recipes.read(HEAD + net("Net") + code)
    assert values(recipe, "optimizer") == {}
    assert reasons(recipe)["optimizer"] == (
        "a branch that can't be decided chooses between optim.Adam at train.py:20 and optim.SGD at train.py:18"
    )


def test_two_optimizers_of_one_model(recipes) -> None:
    code = train("Net()", 0.1).replace("for epoch", "second = optim.Adam(model.parameters())\nfor epoch", 1)
    recipe = recipes.read(HEAD + net("Net") + code + "        second.step()\n")
    assert (
        reasons(recipe)["optimizer"]
        == "several optimizers step: optim.Adam at train.py:17 and optim.SGD at train.py:16"
    )


@pytest.mark.parametrize(
    "code",
    [
        "items = []\nitems.append(items)\noptimizer = optim.SGD(Net().parameters(), lr=items)\n",
        "parts = []\njoined = torch.utils.data.ConcatDataset(parts)\nparts += [joined] * 200\n"
        "train_loader = DataLoader(joined, batch_size=len(joined))\n" + train("Net()", 0.1),
        "class Loop:\n    def __init__(self):\n        self.me = self\n        self.you = self\n"
        "train_loader = DataLoader(Loop(), batch_size=64)\n" + train("Net()", 0.1),
        "steps = []\nt = transforms.Compose(steps)\nsteps += [t] * 200\n"
        "train_loader = DataLoader(datasets.MNIST('d', transform=t), batch_size=64)\n" + train("Net()", 0.1),
        train("Net()", 0.1).replace("0.1", "-" * 400 + "1"),
        train("Net()", 0.1).replace("0.1", "+".join(["1"] * 500)),
        "optimizer = optim.SGD(Net().parameters(), lr=0.1)\n" * 3000,
        train("Net()", 0.1).replace("0.1", "10 ** 10 ** 10"),
        train("Net()", 0.1).replace("range(3)", "range(10 ** 18)"),
        train("Net()", 0.1).replace("range(3)", "range(0)"),
        "train_loader = DataLoader(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)\n" + train("Net()", 0.1),
        "optim.lr_scheduler.OneCycleLR(*[None] * 50)\n" + train("Net()", 0.1),
        "optimizer = optim.SGD()\n" + train("Net()", 0.1),
        train("Net()", 0.1).replace("SGD", "SGD.SGD.SGD"),
    ],
)
def test_hostile_code_is_read_quickly_and_never_raises(code: str, recipes) -> None:
    began = time.monotonic()
    recipe = recipes.read(HEAD + net("Net") + code, model="train.py:Net")
    assert isinstance(recipe, CodeRecipe)
    assert time.monotonic() - began < 10


def test_a_file_that_is_no_python(recipes, tmp_path) -> None:
    good = HEAD + net("Net") + train("Net()", 0.1)
    recipe = recipes.read({"train.py": good, "broken.py": "def (:\n", "broken.ipynb": "{"})
    assert values(recipe)["optimizer.lr"] == 0.1


def test_a_candidate_that_is_not_there(recipes, tmp_path) -> None:
    recipes.read(HEAD + net("Net") + train("Net()", 0.1))
    lost = Candidate.model_validate({"file": "gone.py", "cell": None, "class": "Gone", "line": 1})
    assert read_code_recipe(tmp_path, lost, checkout=None) == CodeRecipe()


def test_the_candidate_that_discovery_selects(recipes, tmp_path) -> None:
    recipes.read(HEAD + net("Net") + train("Net()", 0.1))
    selected = discover(tmp_path).selected
    assert selected is not None
    assert str(read_code_recipe(tmp_path, selected, checkout=tmp_path).loop) == "train.py:16"
