"""torch converts a number to a tensor and 1 to True; a graph that needs that is not what the analysis has read."""

import pytest

from grader.graph.argument_types import check_arguments
from grader.graph.ops import UnsupportedOperation, bind, lookup
from grader.model.graph import Argument, Node, Reference

X, W = Reference(ref="x0"), Reference(ref="p0")


def _check(op: str, *args: Argument, **kwargs: Argument) -> None:
    node = Node(name="n0", op=op, args=args, kwargs=kwargs, module="", module_class="", location=None)
    check_arguments(node, lookup(node), bind(node))


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("aten.relu.default", (X,)),
        ("aten.conv2d.default", (X, W, None, (1, 1), (0, 0))),
        ("aten.conv2d.padding", (X, W, None, (1, 1), "same")),
        ("aten.conv2d.default", (X, W, None, 2)),  # one number for both axes
        ("aten.add.Tensor", (X, X)),
        ("aten.add.Tensor", (X, 1)),  # exported as it is written: x + 1
        ("aten.mul.Tensor", (X, 0.5)),
        ("aten.dropout.default", (X, 0.1, True)),
        ("aten.dropout.default", (X, 0, True)),  # an int where a float is wanted loses nothing
        ("aten.view.default", (X, (Reference(ref="n1"), -1))),  # a size that was computed
        ("aten.cat.default", ((X, X), 1)),
        ("operator.getitem", (X, 0)),
    ],
)
def test_what_the_exporter_writes_is_taken(op: str, args: tuple[Argument, ...]) -> None:
    _check(op, *args)


@pytest.mark.parametrize(
    ("op", "args", "named"),
    [
        ("aten.relu.default", (1.0,), "self"),
        ("aten.dropout.default", (X, 0.1, 1), "train"),  # 1 == True to torch, and not to who asks `is True`
        ("aten.dropout.default", (X, True, True), "p"),
        ("aten.dropout.default", (X, X, X), "train"),
        ("aten.conv2d.default", (X, W, None, (1.5, 1)), "stride"),
        ("aten.conv2d.padding", (X, W, None, (1, 1), 0), "padding"),
        ("aten.cat.default", (X, 1), "tensors"),
        ("aten.cat.default", ((X, 1.0), 1), "tensors"),
        ("operator.getitem", (X, 0.0), "picks no result"),
        ("operator.getitem", (X, True), "'b'"),
    ],
)
def test_another_type_is_refused_by_name(op: str, args: tuple[Argument, ...], named: str) -> None:
    with pytest.raises(UnsupportedOperation, match=named):
        _check(op, *args)
