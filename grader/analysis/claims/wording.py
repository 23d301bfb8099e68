"""How claims and figures are said."""

import math
from collections.abc import Sequence

from grader.model.claims import (
    AccuracyClaim,
    EpochsClaim,
    FeatureClaim,
    FieldTableClaim,
    Figure,
    ParameterClaim,
    ReceptiveFieldClaim,
    Relation,
    Statement,
)
from grader.model.facts import PerAxis

_COUNTS: dict[Relation, str] = {
    "exactly": "", "about": "about ", "less_than": "fewer than ", "at_most": "at most ", "more_than": "more than ",
    "at_least": "at least ",
}  # fmt: skip
_SIZES: dict[Relation, str] = _COUNTS | {"less_than": "less than "}
_FEATURES = {
    "batch_norm": ("batch norm", "batch-norm layer"),
    "dropout": ("dropout", "dropout layer"),
    "gap": ("global average pooling", "global average pool"),
    "fc": ("a fully connected layer", "fully connected layer"),
}
_SUBSETS = {"test": " on the test set", "validation": " on validation images", "train": " in training", "unknown": ""}


def claimed(statement: Statement) -> str:
    """A statement in few words: "about 15,000 parameters", "99.44 % on the test set"."""
    match statement:
        case ParameterClaim():
            scope = {"trainable": "trainable ", "non_trainable": "non-trainable "}.get(statement.scope, "")
            where = f" in {shortened(statement.layer) or 'one layer'}" if statement.scope == "layer" else ""
            return f"{count_as_written(statement.figure)} {scope}parameters{where}"
        case AccuracyClaim():
            return _accuracy(statement)
        case EpochsClaim():
            epochs = f"{count_as_written(statement.figure)} epoch{'' if statement.figure.value == 1 else 's'}"
            return f"{epochs} of training" if statement.of == "training" else f"the target in {epochs}"
        case ReceptiveFieldClaim():
            layer = f" after {shortened(statement.layer)}" if statement.layer else ""
            return f"a receptive field of {count_as_written(statement.figure)} px{layer}"
        case FieldTableClaim():
            return f"receptive fields in {counted(len(statement.rows), 'row')}"
        case FeatureClaim():
            return _feature(statement)


def count_as_written(figure: Figure) -> str:
    """ "about 15,000", "fewer than 20,000"."""
    return f"{_COUNTS[figure.relation]}{number(figure.value)}"


def percent_as_written(figure: Figure) -> str:
    """ "99.4 %" with as many digits as were written."""
    return f"{_SIZES[figure.relation]}{_percent(figure.value, figure.tolerance)}"


def number(value: float) -> str:
    """7034.0 -> "7,034", 12.5 -> "12.5"."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(fraction: float) -> str:
    """0.994 -> "99.40 %". Cut, not rounded: 0.99399 must not read as the 99.40 % that it misses."""
    return f"{math.floor(fraction * 10_000 + 1e-6) / 100:.2f} %"


def counted(amount: int, noun: str) -> str:
    """(2, "layer") -> "2 layers"."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def listing(words: Sequence[str], most: int = 4) -> str:
    """ "a, b and c"; beyond `most`, "a, b, c, d and 3 more"."""
    shown = [*words[:most], *([f"{len(words) - most} more"] if len(words) > most else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def shortened(name: str, most: int = 60) -> str:
    """A name that a submission gave, on one line and not too long."""
    name = " ".join(name[: 4 * most].split())
    return name if len(name) <= most else f"{name[: most - 1]}…"


def pixels(value: PerAxis) -> str:
    """28 -> "28", (28, 20) -> "28×20"."""
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def difference(said: float, measured: float) -> str:
    """(15000, 7034) -> "7,966 fewer"."""
    return f"{number(abs(said - measured))} {'fewer' if measured < said else 'more'}"


def _percent(fraction: float, tolerance: float) -> str:
    if tolerance <= 0:
        return f"{fraction * 100:.4f}".rstrip("0").rstrip(".") + " %"
    digits = min(max(round(-math.log10(200 * tolerance)), 0), 6)
    return f"{fraction * 100:.{digits}f} %"


def _accuracy(statement: AccuracyClaim) -> str:
    figure = percent_as_written(statement.figure)
    counts = ""
    if statement.correct is not None and statement.total is not None:
        counts = f" ({statement.correct:,} of {statement.total:,})"
    epoch = "" if statement.epoch is None else f" in epoch {statement.epoch}"
    return f"{figure}{counts}{_SUBSETS[statement.subset]}{epoch}"


def _feature(statement: FeatureClaim) -> str:
    name, layer = _FEATURES[statement.feature]
    if not statement.present:
        return f"no {name.removeprefix('a ')}"
    if statement.count is not None:
        name = counted(statement.count, layer)
    if statement.rates:
        word = "rate" if len(statement.rates) == 1 else "rates"
        name += f" with {word} {listing([f'{rate:g}' for rate in statement.rates], most=8)}"
    return name
