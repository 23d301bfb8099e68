"""How many pixels one value sees where the head begins; where the axes differ, the smaller one decides."""

import math
from typing import Annotated

from pydantic import Field

from grader.checks.base import Check, Context
from grader.checks.wording import count, size
from grader.model.base import Frozen
from grader.model.facts import PerAxis, ReceptiveFieldFacts
from grader.model.outcome import Finding, Status


class ReceptiveFieldMinimum(Frozen):
    """The textbook value in pixels: image borders and gates are ignored."""

    at_least: Annotated[int, Field(strict=True, ge=1)]


def run(context: Context, parameters: ReceptiveFieldMinimum) -> Finding:
    """Compare the smaller axis with the minimum; inconclusive where there is no spatial path."""
    facts = context.facts.receptive_field
    expected = f"at least {size(parameters.at_least)} pixels"
    evidence = context.facts.head.locations
    if facts.before_head is None:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed="not defined",
            message="The model has no spatial path from the image to its head, so a receptive field means nothing"
            " here: a layer that reads the flattened image sees all of it at once.",
            fix="Begin with convolutions.",
            evidence=evidence,
        )
    smallest = _smallest(facts.before_head)
    reached = smallest >= parameters.at_least
    doubt = _doubt(facts, parameters.at_least) if reached else ""
    if doubt:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed=f"{size(facts.before_head)} pixels",
            message=f"{doubt}; a person decides.",
            fix="Let convolutions and pools that training and evaluation share see that much of the image.",
            evidence=evidence,
        )
    return Finding(
        status=Status.PASSED if reached else Status.FAILED,
        expected=expected,
        observed=f"{size(facts.before_head)} pixels",
        message=f"Where the head begins, each value sees {size(facts.before_head)} pixels of the image"
        f"{'' if reached else f'; {size(parameters.at_least)} are asked for'}.{_asides(facts)}",
        fix="" if reached else _fix(parameters.at_least - smallest, facts.jump),
        evidence=evidence,
    )


def _doubt(facts: ReceptiveFieldFacts, at_least: int) -> str:
    """Why a person has to say whether this is enough."""
    if facts.certain is not None and _smallest(facts.certain) < at_least:
        return (
            f"Each value sees at least {size(facts.certain)} pixels; the {size(facts.before_head or 0)} measured are an"
            " upper bound, since an operator on the way has no rule"
        )
    if facts.on_image is not None and _smallest(facts.on_image) < at_least:
        return (
            f"Of the {size(facts.before_head or 0)} pixels that a value sees by the textbook, only"
            f" {size(facts.on_image)} are of the image; the rest is padding"
        )
    if facts.at_evaluation is not None and _smallest(facts.at_evaluation) < at_least:
        return (
            f"Each value sees {size(facts.before_head or 0)} pixels while training and {size(facts.at_evaluation)} at"
            " evaluation, where another network runs"
        )
    return ""


def _smallest(value: PerAxis) -> int:
    return min(value) if isinstance(value, tuple) else value


def _asides(facts: ReceptiveFieldFacts) -> str:
    gate = " A squeeze-and-excitation gate sees the whole image besides; it does not count here." if facts.gated else ""
    holes = " Dilation leaves holes in it." if facts.has_holes else ""
    return gate + holes


def _fix(missing: int, jump: PerAxis | None) -> str:
    if jump is None:
        return "Add convolutions before the head, or pool earlier."
    step = 2 * _smallest(jump)  # a 3×3 convolution adds (3 - 1) × jump
    return (
        f"Add {count(math.ceil(missing / step), 'convolution')} of 3×3 before the head (each adds {step} pixels there),"
        " or pool earlier so that every later layer adds more."
    )


CHECK = Check(
    "receptive_field",
    run,
    ReceptiveFieldMinimum,
    why="A value can only judge what it sees. Where it sees a corner of the digit, the head has to guess how the"
    " corners belong together: 4 and 9 differ by one stroke.",
)
