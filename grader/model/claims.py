"""What a submission says about itself, and what became of it. A claim points; only what is measured decides."""

from typing import Annotated, Literal

from pydantic import Field

from grader.model.base import Frozen
from grader.model.submission import Location

Relation = Literal["exactly", "about", "less_than", "at_most", "more_than", "at_least"]
Subset = Literal["test", "validation", "train", "unknown"]
Verdict = Literal["confirmed", "contradicted", "not_checkable", "ambiguous"]


class Figure(Frozen):
    """A number as it was written: "17.6K" is 17600 ± 50, "~18k" about 18000, "99.4 %" 0.994 ± 0.0005.

    `value` is in the unit of the kind (a count, an accuracy as a fraction 0 to 1, pixels); `tolerance` is half of the
    last written digit's worth, 0 for a number in full.
    """

    value: float
    relation: Relation = "exactly"
    tolerance: float = 0.0


class ParameterClaim(Frozen):
    """The total of a model's parameters; `scope` "non_trainable" or "layer" for figures that are not the total."""

    kind: Literal["parameters"] = "parameters"
    figure: Figure
    scope: Literal["total", "trainable", "non_trainable", "layer"] = "total"
    layer: str = ""
    tool: Literal["torchsummary", "torchinfo", "none"] = "none"  # whose table the figure stands in


class AccuracyClaim(Frozen):
    """An accuracy; a fraction such as 9944/10000 is kept as counts."""

    kind: Literal["accuracy"] = "accuracy"
    figure: Figure
    subset: Subset = "unknown"
    correct: int | None = None
    total: int | None = None
    epoch: int | None = None  # 1-based
    role: Literal["best", "final", "unknown"] = "unknown"


class EpochsClaim(Frozen):
    """How many epochs were trained (`of` "training") or until the target was reached ("target")."""

    kind: Literal["epochs"] = "epochs"
    figure: Figure
    of: Literal["training", "target"] = "training"


class ReceptiveFieldClaim(Frozen):
    """The receptive field in pixels, of the whole model or after one layer."""

    kind: Literal["receptive_field"] = "receptive_field"
    figure: Figure
    layer: str = ""  # as the submission calls it; empty: of the whole model


class FieldRow(Frozen):
    """A row of a per-layer table; None where the table has no such column or no readable number."""

    layer: str
    line: int | None = None
    kernel: int | None = None
    stride: int | None = None
    padding: int | None = None
    jump_in: int | None = None
    jump_out: int | None = None
    size_in: int | None = None
    size_out: int | None = None
    receptive_field: int | None = None


class FieldTableClaim(Frozen):
    """A table of receptive fields, layer by layer."""

    kind: Literal["receptive_field_table"] = "receptive_field_table"
    rows: tuple[FieldRow, ...]


class FeatureClaim(Frozen):
    """A tick: the model uses (or, `present` False, does without) something; `count` where the text counts layers."""

    kind: Literal["feature"] = "feature"
    feature: Literal["batch_norm", "dropout", "gap", "fc"]
    present: bool = True
    count: int | None = None
    rates: tuple[float, ...] = ()  # dropout rates that are named


Statement = Annotated[
    ParameterClaim | AccuracyClaim | EpochsClaim | ReceptiveFieldClaim | FieldTableClaim | FeatureClaim,
    Field(discriminator="kind"),
]


class Claim(Frozen):
    """One statement, where it stands, and whom it is about."""

    statement: Statement
    text: Annotated[str, Field(max_length=300)]  # in the submission's own words
    location: Location
    source: Literal["readme", "output", "docstring", "comment", "markdown_cell"]
    # The class or model name, else the heading, that it stands under: a README may describe three models.
    subject: Annotated[str, Field(max_length=120)] = ""
    # Whether that is the graded model: "other" where the text clearly speaks of another one.
    about: Literal["graded", "other", "unknown"] = "unknown"
    requirement: bool = False  # "must have fewer than 20,000": what is asked for, not what is claimed


class CheckedClaim(Frozen):
    """A claim beside what was measured."""

    claim: Claim
    measured: str  # "7,034"; empty where nothing was
    measured_value: float | None = None  # in the figure's unit; None where one number does not say it
    verdict: Verdict
    explanation: str = ""  # one or two sentences: why, and what explains a difference


class Claims(Frozen):
    """The claims section of a report."""

    checked: tuple[CheckedClaim, ...] = ()
    notes: tuple[str, ...] = ()  # what could not be read, one sentence each: "README.md is larger than 2 MB; …"
