"""Laying the rows of a table beside the layers of a model, in order; rows and layers may be missing on either side."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from grader.model.claims import FieldRow
from grader.model.facts import Facts, LayerFacts, PerAxis

Left = TypeVar("Left")
Right = TypeVar("Right")
RowKind = Literal["convolution", "pool", "unknown", "other"]

_WORDS = re.compile(r"[a-z]+")
_OTHER = frozenset(
    {
        "input", "image", "in", "bn", "batchnorm", "batch", "norm", "relu", "gelu", "silu", "activation", "act",
        "dropout", "drop", "softmax", "log", "logsoftmax", "flatten", "view", "linear", "fc", "dense", "output", "out",
    }
)  # fmt: skip
_MOST_CHARACTERS = 100  # of a name
_POOLS = frozenset({"gap", "mp", "avg", "max"})


@dataclass(frozen=True)
class Pair:
    """A row and the layer it stands for.

    `before` is the layer with a window before that one. `unpooled` is the receptive field before the map was pooled
    whole, where it was: many a table goes on with that.
    """

    row: FieldRow
    layer: LayerFacts
    before: LayerFacts | None
    unpooled: PerAxis | None = None

    @property
    def is_named_alike(self) -> bool:
        """Whether the row calls the layer by its name."""
        return _plain(self.row.layer) == _plain(self.layer.name.rpartition(".")[2])


def row_kind(row: FieldRow) -> RowKind:
    """What the row's name says it is; "other" for what has no window."""
    name = row.layer[:_MOST_CHARACTERS].lower()
    words = set(_WORDS.findall(name))
    if "pool" in name or words & _POOLS:
        return "pool"
    if "conv" in name:
        return "convolution"
    return "other" if words & _OTHER else "unknown"


def spatial_rows(rows: Sequence[FieldRow]) -> list[FieldRow]:
    """The rows that speak of a convolution or a pool."""
    kept = []
    for row in rows:
        kind = row_kind(row)
        windowless = row.kernel is None and row.receptive_field in (None, 1)
        if kind != "other" and not (kind == "unknown" and windowless):
            kept.append(row)
    return kept


def spatial_layers(facts: Facts) -> list[LayerFacts]:
    """The convolutions and pools on the path to the head, gates left out."""
    return [layer for layer in facts.layers if layer.kernel is not None and layer.receptive_field is not None]


def align(
    left: Sequence[Left], right: Sequence[Right], score: Callable[[int, int], int | None]
) -> list[tuple[int, int]]:
    """The pairs (index in left, index in right), in order, with the highest sum of scores; None can't be paired.

    Needleman and Wunsch, https://doi.org/10.1016/0022-2836(70)90057-4, with gaps that cost nothing. Of equally good
    alignments the one with early pairs.
    """
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    paired = [[False] * (len(right) + 1) for _ in range(len(left) + 1)]
    for row in range(len(left) - 1, -1, -1):
        for column in range(len(right) - 1, -1, -1):
            skipped = max(best[row + 1][column], best[row][column + 1])
            points = score(row, column)
            together = -1 if points is None or points <= 0 else points + best[row + 1][column + 1]
            best[row][column] = max(skipped, together)
            paired[row][column] = together >= skipped and together > 0
    pairs, row, column = [], 0, 0
    while row < len(left) and column < len(right):
        if paired[row][column]:
            pairs.append((row, column))
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs


def _plain(name: str) -> str:
    return "".join(character for character in name[:_MOST_CHARACTERS].lower() if character.isalnum())
