"""Multiply-accumulates from shapes, against numbers worked out by hand."""

import pytest

from grader.graph.macs import Shape, multiply_accumulates
from grader.graph.ops import bind, lookup
from grader.model.graph import Argument, Node, Reference

X = Reference(ref="x0")


def _count(op: str, args: tuple[Argument, ...], shapes: dict[str, list[Shape]], result: Shape) -> int:
    node = Node(name="n0", op=op, args=args, kwargs={}, module="", module_class="", location=None)
    return multiply_accumulates(lookup(node), bind(node), shapes, [result])


@pytest.mark.parametrize(
    ("op", "args", "shapes", "result", "expected"),
    [
        # 8 channels of 26×26, each a sum of 1·3·3 products
        ("conv2d.default", (X, X), {"input": [(2, 1, 28, 28)], "weight": [(8, 1, 3, 3)]}, (2, 8, 26, 26), 97_344),
        # depthwise: a channel sees only itself
        ("conv2d.default", (X, X), {"input": [(1, 8, 6, 6)], "weight": [(8, 1, 3, 3)]}, (1, 8, 4, 4), 1_152),
        # each of 1·4·5·5 inputs meets 2·3·3 weights
        (
            "conv_transpose2d.input",
            (X, X),
            {"input": [(1, 4, 5, 5)], "weight": [(4, 2, 3, 3)]},
            (1, 2, 7, 7),
            1_800,
        ),
        ("linear.default", (X, X), {"input": [(2, 784)], "weight": [(10, 784)]}, (2, 10), 15_680),
        ("addmm.default", (X, X, X), {"self": [(10,)], "mat1": [(2, 784)], "mat2": [(784, 10)]}, (2, 10), 15_680),
        ("matmul.default", (X, X), {"self": [(2, 3, 4)], "other": [(4, 5)]}, (2, 3, 5), 120),
        ("max_pool2d.default", (X, (2,)), {"self": [(1, 1, 8, 8)]}, (1, 1, 4, 4), 64),  # 2 is 2×2
        ("avg_pool2d.default", (X, (2, 3)), {"self": [(1, 1, 8, 9)]}, (1, 1, 4, 3), 72),
        # what is added is read, and what comes out is written
        ("add.Tensor", (X, X), {"self": [(2, 3)], "other": [(2, 3)]}, (2, 3), 18),
        # a view of nothing still counts for what it shows
        ("expand.default", (X, (1000, 1000)), {"self": [(1, 1)]}, (1000, 1000), 1_000_001),
    ],
)
def test_counts(
    op: str, args: tuple[Argument, ...], shapes: dict[str, list[Shape]], result: Shape, expected: int
) -> None:
    assert _count(f"aten.{op}", args, shapes, result) == expected


@pytest.mark.parametrize(
    ("equation", "operands", "expected"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], 24),
        ("i,j->ij", [(5,), (7,)], 35),
        ("...ij,...jk->...ik", [(6, 2, 3), (6, 3, 4)], 144),
        ("ii->i", [(3, 3)], 3),
    ],
)
def test_einsum_multiplies_the_sizes_of_its_letters(equation: str, operands: list[Shape], expected: int) -> None:
    assert _count("aten.einsum.default", (equation, (X, X)), {"tensors": operands}, (1,)) == expected
