"""Claims in the form of a table: kernel, stride, sizes, jump and receptive field, layer by layer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.analysis.claims.alignment import Pair, align, row_kind, spatial_layers, spatial_rows
from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.wording import counted, listing, pixels, shortened
from grader.model.claims import FieldRow, FieldTableClaim
from grader.model.facts import Facts, LayerFacts, PerAxis

_MOST_ROWS = 100  # laying them beside as many layers takes less than half a second
# What a pair is worth by itself: enough that a row which lies is still laid beside its layer.
_PAIRED, _NAMED_ALIKE = 6, 10
_MERGES = frozenset({"add", "cat", "mul", "sub"})


@dataclass(frozen=True)
class Column:
    """One figure of a row beside the model's."""

    name: str
    said: int
    right: int
    also: int | None = None  # another value that is right by another convention
    weight: int = 1

    @property
    def agrees(self) -> bool:
        """Whether the row is right."""
        return self.said in (self.right, self.also)


def check(claim: FieldTableClaim, facts: Facts) -> Answer:
    """Lay the rows beside the model's layers, then find the first one that is wrong."""
    rows, layers = spatial_rows(claim.rows)[:_MOST_ROWS], spatial_layers(facts)[:_MOST_ROWS]
    if not layers:
        return not_checkable("The model has no convolution or pool with a receptive field.")
    straight = not any(layer.op.rstrip("_") in _MERGES for layer in facts.layers)
    pairs = _aligned(rows, layers, facts, straight)
    columns = [list(_columns(pair, facts, straight)) for pair in pairs]
    if not _is_about_this_model(rows, columns):
        theirs, ours = counted(len(rows), "row"), counted(len(layers), "such layer")
        return Answer(
            "ambiguous",
            explanation=f"The table has {theirs} of convolutions and pools, the model {ours}, and they don't match.",
        )
    wrong = [index for index, found in enumerate(columns) if not all(column.agrees for column in found)]
    measured = f"{len(pairs) - len(wrong)} of {counted(len(rows), 'row')} right"
    if wrong:
        return Answer("contradicted", measured, _first_wrong(pairs, columns, wrong))
    missing = _missing(pairs, layers)
    if missing:
        field = pixels(missing[-1].receptive_field or 0)
        names = listing([layer.name for layer in missing])
        sentence = f"Its rows are right, but {names} is not in it, after which the receptive field is {field}."
        return Answer("ambiguous", measured, sentence)
    return Answer("confirmed", measured)


def _aligned(rows: Sequence[FieldRow], layers: Sequence[LayerFacts], facts: Facts, straight: bool) -> list[Pair]:
    whole = next((index for index, layer in enumerate(layers) if index and _pools_whole_map(layer)), len(layers))

    def pair(row: int, layer: int) -> Pair:
        unpooled = layers[whole - 1].receptive_field if layer >= whole else None
        return Pair(rows[row], layers[layer], layers[layer - 1] if layer else None, unpooled)

    def score(row: int, layer: int) -> int | None:
        kind = row_kind(rows[row])
        if kind != "unknown" and (kind == "pool") != ("pool" in layers[layer].op):
            return None
        candidate = pair(row, layer)
        alike = _NAMED_ALIKE if candidate.is_named_alike else 0
        columns = _columns(candidate, facts, straight)
        return _PAIRED + alike + sum(2 * column.weight if column.agrees else -column.weight for column in columns)

    return [pair(row, layer) for row, layer in align(rows, layers, score)]


def _columns(pair: Pair, facts: Facts, straight: bool) -> Iterator[Column]:
    """What can be compared; the strides of a pool over the whole map mean nothing, so they are left out."""
    row, layer, before = pair.row, pair.layer, pair.before
    whole = _pools_whole_map(layer)
    jump, stride = _one(layer.jump), _one(layer.stride)
    jump_in = 1 if before is None else _one(before.jump) if straight else None
    if jump_in is None and jump and stride and not whole:
        jump_in = jump // stride
    size_in = facts.input_shape[-1] if before is None else before.output_shape[-1] if straight else None
    field = _one(layer.receptive_field)
    found = [
        ("kernel", row.kernel, _one(layer.kernel), None, 2),
        ("stride", row.stride, None if whole else stride, None, 1),
        ("padding", row.padding, None if whole or isinstance(layer.padding, str) else _one(layer.padding), None, 1),
        ("size of the input", row.size_in, size_in, None, 1),
        ("size of the output", row.size_out, layer.output_shape[-1], None, 2),
        ("jump before it", row.jump_in, jump_in, None, 1),
        ("jump", row.jump_out, None if whole else jump, None, 1),
        ("receptive field", row.receptive_field, field, _one(pair.unpooled), 2),
    ]
    for name, said, right, also, weight in found:
        if said is not None and right is not None:
            yield Column(name, said, right, also, weight)


def _pools_whole_map(layer: LayerFacts) -> bool:
    kernel = _one(layer.kernel)
    return (
        "pool" in layer.op and all(size == 1 for size in layer.output_shape[1:]) and kernel is not None and kernel > 1
    )


def _is_about_this_model(rows: Sequence[FieldRow], columns: Sequence[Sequence[Column]]) -> bool:
    """Three in four rows found their layer, and most of what says which layer it is agrees."""
    kernels = [column.agrees for found in columns for column in found if column.name == "kernel"]
    values = [column for found in columns for column in found]
    enough = len(columns) >= max(2, 0.75 * len(rows))
    return bool(values) and enough and 2 * sum(kernels) >= len(kernels)


def _first_wrong(pairs: Sequence[Pair], columns: Sequence[Sequence[Column]], wrong: Sequence[int]) -> str:
    first = wrong[0]
    row, layer = pairs[first].row, pairs[first].layer
    column = next(column for column in columns[first] if not column.agrees)
    place = "The" if row.line is None else f"In line {row.line}, the"
    said = shortened(row.layer)
    which = layer.name if said in ("", layer.name) else f"{said} ({layer.name} in the model)"
    sentence = f"{place} {column.name} of {which} is {column.right}, not {column.said}."
    if len(wrong) > 1:
        others = counted(len(wrong) - 1, "other row")
        sentence += f" {others} {'is' if len(wrong) == 2 else 'are'} wrong too."
    return sentence


def _missing(pairs: Sequence[Pair], layers: Sequence[LayerFacts]) -> list[LayerFacts]:
    """Layers after the table's last row that let the receptive field grow; a pool of the whole map is no such layer."""
    last = next(index for index, layer in enumerate(layers) if layer is pairs[-1].layer)
    return [layer for layer in layers[last + 1 :] if layer.kernel not in (1, (1, 1)) and not _pools_whole_map(layer)]


def _one(value: PerAxis | str | None) -> int | None:
    return value if isinstance(value, int) else None
