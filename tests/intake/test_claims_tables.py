"""Tables: fields by layer, logs by epoch, figures by model or metric; as they stand, ragged or lying."""

from collections.abc import Callable
from typing import Any

import pytest

from grader.model.claims import (
    AccuracyClaim,
    Claim,
    EpochsClaim,
    FeatureClaim,
    FieldTableClaim,
    ParameterClaim,
)

MODEL = "import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"

Read = Callable[..., tuple[tuple[Claim, ...], tuple[str, ...]]]


def table_of(claims: tuple[Claim, ...]) -> FieldTableClaim:
    (claim,) = [claim.statement for claim in claims if isinstance(claim.statement, FieldTableClaim)]
    return claim


def rows(claims: tuple[Claim, ...]) -> list[tuple[Any, ...]]:
    return [
        (row.layer, row.kernel, row.stride, row.padding, row.size_in, row.size_out, row.receptive_field)
        for row in table_of(claims).rows
    ]


def test_a_markdown_table_of_fields(claims_of: Read) -> None:
    readme = """# Net

| Layer | n_in | k | s | p | n_out | j_in | j_out | r_in | r_out |
|-------|-----:|--:|--:|--:|------:|-----:|------:|-----:|------:|
| conv1 | 28   | 3 | 1 | 1 | 28    | 1    | 1     | 1    | 3     |
| pool1 | 28   | 2 | 2 | 0 | 14    | 1    | 2     | 3    | 4     |
| fc    | -    | - | - | - | 10    | -    | -     | -    | -     |
"""
    claims, notes = claims_of({"model.py": MODEL, "README.md": readme})
    assert notes == ()
    assert rows(claims) == [
        ("conv1", 3, 1, 1, 28, 28, 3),
        ("pool1", 2, 2, 0, 28, 14, 4),
        ("fc", None, None, None, None, 10, None),
    ]
    first, second, _ = table_of(claims).rows
    assert (first.jump_in, first.jump_out, second.jump_in, second.jump_out) == (1, 1, 1, 2)
    assert (first.line, second.line) == (5, 6)


def test_synonyms_and_sizes_in_words(claims_of: Read) -> None:
    readme = """
| **Layer** | **Input Size (HxW)** | **Output Size (HxW)** | **Receptive Field (RF)** | **Details** |
|---|---|---|---|---|
| **Conv1** | 28x28x1 | 28×28×8 | 3x3 | Kernel: 3x3, Padding: 1 |
| **Pool** | [-1, 8, 28, 28] | [-1, 8, 14, 14] | 3 -> 4 | Kernel: 2x2, Stride: 2 |
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    assert rows(claims) == [("Conv1", 3, None, 1, 28, 28, 3), ("Pool", 2, 2, None, 28, 14, 4)]


def test_an_html_table(claims_of: Read) -> None:
    readme = """<table>
<tr><th>Layer</th><th>Kernel</th><th>RF</th></tr>
<tr><td><b>conv1</b></td><td>3x3</td>
<td>3</td></tr>
<tr><td>conv2</td><td>3x3</td><td>5</td></tr>
</table>
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    assert [(row.layer, row.kernel, row.receptive_field) for row in table_of(claims).rows] == [
        ("conv1", 3, 3),
        ("conv2", 3, 5),
    ]


def test_columns_set_with_spaces_in_a_fence(claims_of: Read) -> None:
    readme = """```
Layer     RF     Stride   Output Size
--------------------------------------
conv1     3x3    1        26x26
pool1     4x4    2        13x13
```
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    assert [(row.layer, row.receptive_field, row.stride, row.size_out) for row in table_of(claims).rows] == [
        ("conv1", 3, 1, 26),
        ("pool1", 4, 2, 13),
    ]


def test_box_drawing(claims_of: Read) -> None:
    readme = """```
┌──────┬───────┐
│ Layer │ RF   │
├──────┼───────┤
│ conv1 │ 3    │
│ conv2 │ 5    │
└──────┴───────┘
```
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    assert [(row.layer, row.receptive_field) for row in table_of(claims).rows] == [("conv1", 3), ("conv2", 5)]


def test_a_ragged_table_and_one_that_lies_are_read_as_they_stand(claims_of: Read) -> None:
    readme = """
| Layer | Kernel | RF |
|---|---|---|
| conv1 | 3 |
| conv2 | 3 | 900 | surplus | cells |
| conv3 | minus one | 7 |
| conv4 |
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    assert [(row.layer, row.kernel, row.receptive_field) for row in table_of(claims).rows] == [
        ("conv1", 3, None),
        ("conv2", 3, 900),
        ("conv3", None, 7),
        ("conv4", None, None),
    ]


def test_a_log_by_epoch_keeps_the_best_and_the_last(claims_of: Read) -> None:
    log = "".join(f"| {epoch} | {90 + epoch / 4:.2f}% | {99 - abs(epoch - 17) / 10:.2f}% |\n" for epoch in range(1, 21))
    readme = f"## Log\n\n| Epoch | Train Acc | Test Acc |\n|---|---|---|\n{log}"
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    kept = [claim.statement for claim in claims if isinstance(claim.statement, AccuracyClaim)]
    assert [(c.subset, c.role, c.epoch, c.figure.value) for c in kept] == [
        ("test", "best", 17, pytest.approx(0.99)),
        ("train", "best", 20, pytest.approx(0.95)),
        ("test", "final", 20, pytest.approx(0.987)),
    ]
    (epochs,) = [claim.statement for claim in claims if isinstance(claim.statement, EpochsClaim)]
    assert (epochs.figure.value, epochs.of) == (20, "training")


def test_sets_as_column_titles(claims_of: Read) -> None:
    readme = "| Epoch | Train | Test |\n|---|---|---|\n| 1 | 85.6% | 98.2% |\n| 2 | 98.4% | 99.2% |\n"
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    kept = [claim.statement for claim in claims if isinstance(claim.statement, AccuracyClaim)]
    assert [(c.subset, c.epoch, c.figure.value) for c in kept] == [
        ("train", 1, 0.856),
        ("test", 1, 0.982),
        ("train", 2, 0.984),
        ("test", 2, 0.992),
    ]


def test_rows_and_columns_that_name_models(claims_of: Read) -> None:
    by_row = (
        "| Model | Params | Test Acc |\n|---|---|---|\n| Wide net | 19,204 | 99.4% |\n| Slim net | 14,116 | 99.3% |\n"
    )
    by_column = "| Metric | Wide net | Slim net |\n|---|---|---|\n| Parameters | 19,204 | 14,116 |\n"
    for readme in (by_row, by_column):
        claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
        totals = [
            (claim.subject, claim.statement.figure.value)
            for claim in claims
            if isinstance(claim.statement, ParameterClaim)
        ]
        assert totals == [("Wide net", 19204), ("Slim net", 14116)]
        assert {claim.about for claim in claims} == {"unknown"}


def test_a_table_of_requirements_and_checks(claims_of: Read) -> None:
    readme = """
| Requirement | Target | Achieved |
|---|---|---|
| Parameters | < 20,000 | 13,808 |
| Dropout | yes | 1 layer, p=0.03 |

| Check | Status |
|---|---|
| Batch normalization | 4 layers ✅ |
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    totals = [
        (claim.statement.figure.value, claim.requirement)
        for claim in claims
        if isinstance(claim.statement, ParameterClaim)
    ]
    assert totals == [(20000, True), (13808, False)]
    ticks = {
        claim.statement.feature: (claim.statement.count, claim.statement.rates)
        for claim in claims
        if isinstance(claim.statement, FeatureClaim) and not claim.requirement
    }
    assert ticks == {"dropout": (1, (0.03,)), "batch_norm": (4, ())}


def test_the_total_row_of_a_layer_table(claims_of: Read) -> None:
    readme = """
| Layer (type) | Output Shape | Param # |
|---|---|---|
| Conv2d-1 | [-1, 8, 28, 28] | 80 |
| Linear-2 | [-1, 10] | 13,728 |
| **Total Params** | | **13,808** |
"""
    claims, _ = claims_of({"model.py": MODEL, "README.md": readme})
    totals = [claim.statement.figure.value for claim in claims if isinstance(claim.statement, ParameterClaim)]
    assert totals == [13808]
