"""The op table: complete for the installed torch, and arguments bound by their schema names."""

import pytest

from grader.graph.ops import OPERATIONS, Kind, UnsupportedOperation, bind
from grader.model.graph import Node, Reference

X, W = Reference(ref="x0"), Reference(ref="p0")


def test_every_operator_of_the_table_exists_and_has_arguments() -> None:
    missing = []
    for name, operation in OPERATIONS.items():
        try:
            assert callable(operation.run)
            assert operation.arguments
        except UnsupportedOperation:
            missing.append(name)
    assert len(missing) <= 5, missing  # a few overloads come and go between releases of torch


def test_defaults_are_filled_in_by_name() -> None:
    node = Node(name="n0", op="aten.conv2d.default", args=(X, W, None, (2, 2)), kwargs={"groups": 4})
    assert bind(node) == {
        "input": X,
        "weight": W,
        "bias": None,
        "stride": (2, 2),
        "padding": (0, 0),
        "dilation": (1, 1),
        "groups": 4,
    }


def test_an_int_for_a_list_is_a_tuple() -> None:
    assert bind(Node(name="n0", op="aten.mean.dim", args=(X, 1)))["dim"] == (1,)
    assert bind(Node(name="n0", op="aten.softmax.int", args=(X, 1)))["dim"] == 1


@pytest.mark.parametrize(
    "node",
    [
        Node(name="n0", op="aten.softmax.int", args=(X,)),
        Node(name="n0", op="aten.softmax.int", args=(X, 1, None, 3)),
        Node(name="n0", op="aten.softmax.int", args=(X, 1), kwargs={"dim": 1}),
        Node(name="n0", op="aten.softmax.int", args=(X, 1), kwargs={"axis": 1}),
        Node(name="n0", op="aten._not_there.default", args=(X,)),
    ],
)
def test_wrong_arguments_are_refused(node: Node) -> None:
    with pytest.raises(UnsupportedOperation):
        bind(node)


@pytest.mark.parametrize(
    ("name", "short", "kind", "in_place"),
    [
        ("aten.relu_.default", "relu", Kind.ACTIVATION, True),
        ("aten.conv2d.padding", "conv2d", Kind.CONVOLUTION, False),
        ("aten.batch_norm.default", "batch_norm", Kind.BATCH_NORM, False),
        ("aten.feature_dropout.default", "feature_dropout", Kind.DROPOUT, False),
        ("operator.floordiv", "floordiv", Kind.SYMBOL, False),
        ("aten.copy_.default", "copy", Kind.ELEMENTWISE, True),
    ],
)
def test_short_names_and_kinds(name: str, short: str, kind: Kind, in_place: bool) -> None:
    operation = OPERATIONS[name]
    assert (operation.short, operation.kind, operation.in_place) == (short, kind, in_place)
