"""Whose a claim is, and whether it is a claim or a wish."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from grader.model.claims import AccuracyClaim, Claim, ParameterClaim

NET = "import torch.nn as nn\n\n\nclass {name}(nn.Module):\n{doc}    def forward(self, x):\n        return x + {step}\n"

Read = Callable[..., tuple[tuple[Claim, ...], tuple[str, ...]]]


def net(name: str = "Net", step: int = 0, doc: str = "") -> str:
    return NET.format(name=name, step=step, doc=doc)


def totals(claims: tuple[Claim, ...]) -> list[tuple[float, str]]:
    return [(c.statement.figure.value, c.about) for c in claims if isinstance(c.statement, ParameterClaim)]


def wishes(claims: tuple[Claim, ...]) -> list[bool]:
    return [claim.requirement for claim in claims]


def notebook(*cells: tuple[str, str, str]) -> str:
    """Cells of (kind, source, printed output)."""
    found: list[dict[str, Any]] = []
    for kind, source, output in cells:
        cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        if kind == "code":
            printed = [{"output_type": "stream", "name": "stdout", "text": output.splitlines(keepends=True)}]
            cell |= {"execution_count": None, "outputs": printed if output else []}
        found.append(cell)
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_one_model_means_the_graded_one(claims_of: Read) -> None:
    claims, _ = claims_of({"model.py": net(), "README.md": "# MNIST\n\nTotal parameters: 13,808\n"})
    assert totals(claims) == [(13808, "graded")]
    assert claims[0].subject == "MNIST"
    assert str(claims[0].location) == "README.md:3"


def test_headings_that_name_classes(claims_of: Read) -> None:
    files = {"model.py": net("SlimNet"), "old.py": net("WideNet", 1)}
    readme = "# Work\n## `WideNet`\n### Results\nParameters: 31,450\n## `SlimNet`\n### Results\nParameters: 13,808\n"
    claims, _ = claims_of({**files, "README.md": readme}, model="model.py:SlimNet")
    assert totals(claims) == [(31450, "other"), (13808, "graded")]
    assert [claim.subject for claim in claims] == ["WideNet", "SlimNet"]


def test_the_file_linked_under_a_heading(claims_of: Read) -> None:
    files = {"exp_a.py": net("Net", 1), "exp_b.py": net("Net", 2)}
    readme = (
        "# Work\n## First idea\n[code](./exp_a.py)\n### Results\n- Parameters: 9,000\n- Total params: 9,123\n"
        "## Second idea\n[code](./exp_b.py)\n### Results\n- Total params: 8,765\n"
    )
    claims, _ = claims_of({**files, "README.md": readme}, model="exp_b.py:Net")
    assert totals(claims) == [(9000, "other"), (9123, "other"), (8765, "graded")]


@pytest.mark.parametrize(("model", "wanted"), [("model1.py:Net", 0), ("model2.py:Net", 1), ("model3.py:Net", 2)])
def test_numbered_models(claims_of: Read, model: str, wanted: int) -> None:
    files = {f"model{step}.py": net("Net", step) for step in (1, 2, 3)}
    readme = "".join(f"## Model {step}\n\n- Parameters: {step}0,00{step}\n" for step in (1, 2, 3))
    claims, _ = claims_of({**files, "README.md": readme}, model=model)
    abouts = ["other"] * 3
    abouts[wanted] = "graded"
    assert [about for _, about in totals(claims)] == abouts


def test_the_last_step_counts_where_the_model_has_no_number(claims_of: Read) -> None:
    readme = "# Step 1\nParameters: 13,808\n# Step 2\nParameters: 7,889\n# Step 3\nParameters: 7,952\n"
    claims, _ = claims_of({"model.py": net(), "README.md": readme})
    assert totals(claims) == [(13808, "other"), (7889, "other"), (7952, "graded")]


def test_the_final_one_counts_where_a_text_has_one(claims_of: Read) -> None:
    readme = "| Model | Parameters |\n|---|---|\n| v1 | 17,938 |\n| v2 | 17,939 |\n| **Final** | 18,434 |\n"
    claims, _ = claims_of({"model.py": net(), "README.md": readme})
    assert totals(claims) == [(17938, "other"), (17939, "other"), (18434, "graded")]


def test_a_block_of_the_model_is_not_another_model(claims_of: Read) -> None:
    code = net("Block", 1) + "\n\n" + net("SlimNet").replace("x + 0", "Block()(x)")
    readme = "SlimNet is made of four Block layers: 13,808 parameters.\n\nBlock uses batch norm.\n"
    claims, _ = claims_of({"model.py": code, "README.md": readme}, model="model.py:SlimNet")
    assert {claim.about for claim in claims} == {"graded"}


def test_two_models_without_names_stay_open_until_the_notebook_tells(claims_of: Read) -> None:
    readme = "- Regularized model: 19,204 parameters, test accuracy 99.40%\n- Minimal model: 14,116 parameters\n"
    built = "model = Net()\nprint(sum(p.numel() for p in model.parameters()))\n"
    files = {"README.md": readme, "work.ipynb": notebook(("code", net(), ""), ("code", built, "19204\n"))}
    claims, _ = claims_of(files, model="work.ipynb:Net")
    assert totals(claims) == [(19204, "graded"), (14116, "other"), (19204, "graded")]
    (accuracy,) = [claim for claim in claims if isinstance(claim.statement, AccuracyClaim)]
    assert (accuracy.about, accuracy.subject) == ("graded", "Regularized model")
    silent = {"README.md": readme, "work.ipynb": notebook(("code", net(), ""), ("code", built, ""))}
    claims, _ = claims_of(silent, model="work.ipynb:Net")
    assert totals(claims) == [(19204, "unknown"), (14116, "unknown")]


def test_a_summary_belongs_to_the_definition_above_it(claims_of: Read) -> None:
    summary = "-----\nLayer (type)   Output Shape   Param #\n=====\nTotal params: {}\nTrainable params: {}\n"
    cells = notebook(
        ("code", net("Net", 1), ""),
        ("code", "summary(Net(), (1, 28, 28))\n", summary.format("31,450", "31,450")),
        ("code", net("Net", 2), ""),
        ("code", "model = Net()\nsummary(model, (1, 28, 28))\n", summary.format("13,808", "13,808")),
        ("code", "print(9)\n", "Test set: Average loss: 0.02, Accuracy: 9942/10000 (99%)\n"),
    )
    claims, _ = claims_of({"work.ipynb": cells}, model="work.ipynb:2:Net")
    assert totals(claims) == [(31450, "other"), (13808, "graded")]
    tools = [claim.statement.tool for claim in claims if isinstance(claim.statement, ParameterClaim)]
    assert tools == ["torchsummary", "torchsummary"]
    (accuracy,) = [claim for claim in claims if isinstance(claim.statement, AccuracyClaim)]
    assert (accuracy.about, accuracy.source, str(accuracy.location)) == ("graded", "output", "work.ipynb:cell 4")


def test_a_notebook_that_imports_the_model(claims_of: Read) -> None:
    cells = notebook(
        ("code", "from model import Net\nmodel = Net()\n", "Total params: 13,808\n"),
        ("code", "from other import Net\nmodel = Net()\n", "Total params: 31,450\n"),
    )
    claims, _ = claims_of({"model.py": net(), "other.py": net("Net", 1), "train.ipynb": cells})
    assert totals(claims) == [(13808, "graded"), (31450, "other")]


def test_the_nearest_readme_above_counts(claims_of: Read) -> None:
    files = {"src/model.py": net(), "README.md": "Parameters: 13,808\n", "docs/README.md": "Parameters: 5,000\n"}
    claims, _ = claims_of(files, folder="src")
    assert totals(claims) == [(13808, "graded")]
    assert str(claims[0].location) == "../README.md:1"


def test_another_session_in_a_readme_above(claims_of: Read) -> None:
    readme = "# Course\n## Session 4\nParameters: 5,001\n## Session 5\nParameters: 13,808\n"
    claims, _ = claims_of({"Session-5/model.py": net(), "README.md": readme}, folder="Session-5")
    assert totals(claims) == [(5001, "other"), (13808, "unknown")]


def test_docstrings_and_comments(claims_of: Read) -> None:
    code = (
        '"""A net of 13,808 parameters."""\nimport torch.nn as nn\n\n\n'
        'class Net(nn.Module):\n    """Reaches 99.41% test accuracy."""\n\n'
        "    def __init__(self):\n        super().__init__()\n"
        "        self.conv1 = nn.Conv2d(1, 8, 3)  # 28x28x1 -> 26x26x8, RF 3\n"
        "        # 26x26x8 -> 24x24x8, RF 5\n        self.conv2 = nn.Conv2d(8, 8, 3)\n"
        "        self.pool = nn.MaxPool2d(2)\n        # Receptive field 6\n\n"
        "    def forward(self, x):\n        return x\n"
    )
    claims, _ = claims_of({"model.py": code})
    found = {(claim.statement.kind, claim.source, claim.about, claim.location.line) for claim in claims}
    assert found == {
        ("parameters", "docstring", "graded", 1),
        ("accuracy", "docstring", "graded", 6),
        ("receptive_field_table", "comment", "graded", 10),
    }
    (table,) = [claim.statement for claim in claims if claim.statement.kind == "receptive_field_table"]
    assert [(row.layer, row.line, row.size_in, row.size_out, row.receptive_field) for row in table.rows] == [
        ("conv1", 10, 28, 26, 3),
        ("conv2", 11, 26, 24, 5),
        ("pool", 14, None, None, 6),
    ]


@pytest.mark.parametrize(
    "readme",
    [
        "The model must have fewer than 20,000 parameters.",
        "Target: 99.4% test accuracy",
        "Ensures that the model has less than 25,000 parameters",
        "## Objective\n\n- Less than 20k parameters\n- 99.4% validation accuracy",
        "The network should reach the following:\n\n- Less than 8000 Parameters\n- Less than or equal to 15 Epochs",
        "Write it again:\n\n- 99.4% validation accuracy\n- Less than 20k Parameters\n- Less than 20 Epochs",
        "A CNN targeting 99.4% accuracy with less than 20k parameters in 20 epochs.",
        "The target of 99.4% accuracy was not met.",
        "1. Parameter count (should be less than 20,000)",
    ],
)
def test_what_is_asked_for(claims_of: Read, readme: str) -> None:
    claims, _ = claims_of({"model.py": net(), "README.md": readme})
    assert claims
    assert all(wishes(claims))


@pytest.mark.parametrize(
    "readme",
    [
        "Total Parameters: 17,682 (< 20,000 requirement)",
        "The model achieves the target accuracy of 95% or higher",
        "Lightweight CNN with less than 20k parameters",
        "## Requirements\n\n- ✅ fewer than 20,000 parameters",
        "## Target achievement\n\nTotal params: 7,518",
        "Test Accuracy: ~95% (meets the target requirement)",
        "## Results\n\n- Parameters: < 20k",
    ],
)
def test_what_is_claimed(claims_of: Read, readme: str) -> None:
    claims, _ = claims_of({"model.py": net(), "README.md": readme})
    assert claims
    assert not any(wishes(claims))


def test_logs_in_outputs_are_condensed(claims_of: Read) -> None:
    log = "".join(
        f"Epoch: {epoch}\nLoss=0.1 Batch_id=468 Accuracy={90 + epoch / 4:.2f}: 100%|██████| 469/469 [00:20<00:00]\n"
        f"Test set: Average loss: 0.02, Accuracy: {9900 + epoch % 17}/10000 (99%)\n\n"
        for epoch in range(20)
    )
    claims, _ = claims_of(
        {"work.ipynb": notebook(("code", net(), ""), ("code", "train()", log))}, model="work.ipynb:Net"
    )
    kept = [claim.statement for claim in claims]
    assert [(c.kind, getattr(c, "subset", ""), getattr(c, "role", ""), getattr(c, "epoch", None)) for c in kept] == [
        ("accuracy", "test", "best", 17),
        ("accuracy", "train", "best", 20),
        ("epochs", "", "", None),
        ("accuracy", "test", "final", 20),
    ]
