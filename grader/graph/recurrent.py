"""Arguments of recurrent layers: torch trusts their shapes, and reads past the end of a list where they don't fit."""

from collections.abc import Mapping

from grader.graph.operation import Operation
from grader.model.graph import Argument

Shape = tuple[int, ...]

_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def misfit(operation: Operation, bound: Mapping[str, Argument], shapes: Mapping[str, list[Shape]]) -> str | None:
    """What does not fit in a call of a recurrent layer or cell, in words; None where all does.

    Weights are (gates · hidden, inputs) and (gates · hidden, hidden), biases (gates · hidden); a layer with projections
    has one weight more. Source: torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN.
    """
    gates = next(number for word, number in _GATES.items() if operation.short.startswith(word))
    if "w_ih" in shapes:
        given = [shapes[name] for name in ("w_ih", "w_hh", "b_ih", "b_hh")]
        layers = [[shape for one in given for shape in one]]
        biases = bool(shapes["b_ih"])
    else:
        count, biases = bound["num_layers"], bound["has_biases"] is True
        states = shapes["hx"]
        directions = 2 if bound["bidirectional"] is True else 1
        if not isinstance(count, int) or count < 1 or any(state[:1] != (count * directions,) for state in states):
            return "as many hidden states as layers"
        weights = shapes["params"]
        each = len(weights) // (count * directions)
        if each * count * directions != len(weights) or each not in _sizes(operation, biases=biases):
            return "as many weights as its layers have"
        layers = [weights[at : at + each] for at in range(0, len(weights), each)]
    if not all(_is_layer(layer, gates, biases=biases) for layer in layers):
        return "weights of one hidden size"
    return None


def _sizes(operation: Operation, *, biases: bool) -> tuple[int, ...]:
    """How many weights a layer may have."""
    plain = 4 if biases else 2
    return (plain, plain + 1) if operation.short == "lstm" else (plain,)


def _is_layer(layer: list[Shape], gates: int, *, biases: bool) -> bool:
    if len(layer) < 2 or any(len(shape) != 2 for shape in layer[:2]):
        return False
    rows = layer[0][0]
    fits = rows > 0 and rows % gates == 0 and layer[1][0] == rows
    return fits and (not biases or (len(layer) >= 4 and all(shape == (rows,) for shape in layer[2:4])))
