"""torch reads past a list's end for a recurrent layer whose weights don't fit: such a call must never be made."""

import pytest

from grader.graph.ops import bind, lookup
from grader.graph.recurrent import Shape, misfit
from grader.model.graph import Argument, Node, Reference

X = Reference(ref="x0")
WEIGHTS: list[Shape] = [(32, 6), (32, 8), (32,), (32,)]  # an LSTM of hidden size 8 on 6 inputs: 4 · 8 rows


def _layer(op: str, weights: list[Shape], layers: int = 1, *, states: int = 1, both: bool = False) -> str | None:
    hx: Argument = (X, X) if op == "lstm" else X
    args: tuple[Argument, ...] = (X, hx, tuple(X for _ in weights), True, layers, 0.0, False, both, True)
    node = Node(name="n0", op=f"aten.{op}.input", args=args, kwargs={}, module="", module_class="", location=None)
    shapes = {"input": [(2, 5, 6)], "hx": [(states, 2, 8)] * (2 if op == "lstm" else 1), "params": weights}
    return misfit(lookup(node), bind(node), shapes)


def test_a_layer_as_torch_builds_it_fits() -> None:
    assert _layer("lstm", WEIGHTS) is None
    assert _layer("gru", [(24, 6), (24, 8), (24,), (24,)]) is None
    assert _layer("rnn_tanh", [(8, 6), (8, 8), (8,), (8,)]) is None
    assert _layer("lstm", WEIGHTS * 2, states=2, both=True) is None
    assert _layer("lstm", WEIGHTS * 3, layers=3, states=3) is None


def test_a_projection_is_one_weight_more() -> None:
    assert _layer("lstm", [(32, 6), (32, 4), (32,), (32,), (4, 8)]) is None
    assert _layer("gru", [(24, 6), (24, 8), (24,), (24,), (4, 8)]) == "as many weights as its layers have"


@pytest.mark.parametrize(
    ("weights", "layers", "states", "needed"),
    [
        (WEIGHTS[:3], 1, 1, "as many weights as its layers have"),
        ([], 1, 1, "as many weights as its layers have"),
        (WEIGHTS, 2, 2, "as many weights as its layers have"),
        (WEIGHTS, 1, 2, "as many hidden states as layers"),
        (WEIGHTS, 0, 0, "as many hidden states as layers"),
        ([(30, 6), (30, 8), (30,), (30,)], 1, 1, "weights of one hidden size"),  # no multiple of four gates
        ([(32, 6), (28, 8), (32,), (32,)], 1, 1, "weights of one hidden size"),
        ([(32, 6), (32, 8), (32,), (28,)], 1, 1, "weights of one hidden size"),
        ([(32,), (32, 8), (32,), (32,)], 1, 1, "weights of one hidden size"),
        ([(0, 6), (0, 8), (0,), (0,)], 1, 1, "weights of one hidden size"),
    ],
)
def test_what_does_not_fit_is_named(weights: list[Shape], layers: int, states: int, needed: str) -> None:
    assert _layer("lstm", weights, layers, states=states) == needed
