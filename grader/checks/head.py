"""How the model goes from maps to classes: global average pooling, a fully connected layer, or what does the same."""

from typing import Annotated, Literal

from pydantic import Field

from grader.checks.base import Check, Context
from grader.checks.wording import alternatives
from grader.model.base import Frozen
from grader.model.facts import HeadFacts
from grader.model.outcome import Finding, Status

Accepted = Literal["gap", "fc", "full_size_convolution"]

_NAMES: dict[Accepted, str] = {
    "gap": "global average pooling",
    "fc": "a fully connected layer",
    "full_size_convolution": "a full-size convolution",
}

_WORDS: dict[Accepted, str] = {"gap": "gap", "fc": "fc", "full_size_convolution": "full-size convolution"}


class AcceptedHeads(Frozen):
    """Any one of these is enough. A full-size convolution is a fully connected layer by another name."""

    accept: Annotated[tuple[Accepted, ...], Field(min_length=1)] = ("gap", "fc", "full_size_convolution")


def run(context: Context, parameters: AcceptedHeads) -> Finding:
    """Compare the head's kind with what is accepted."""
    facts = context.facts.head
    found = [name for name in parameters.accept if _has(facts, name)]
    expected = alternatives([_NAMES[name] for name in parameters.accept])
    doubt = _doubt(facts, parameters) if found else ""
    if doubt:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed=facts.kind,
            message=doubt,
            fix="Let training and evaluation use one head, and no condition choose it.",
            evidence=facts.locations,
        )
    if found:
        return Finding(
            status=Status.PASSED,
            expected=expected,
            observed=facts.kind,
            message=f"The head is {facts.kind}: it has {' and '.join(_NAMES[name] for name in found)}.",
            evidence=facts.locations,
        )
    return Finding(
        status=Status.FAILED,
        expected=expected,
        observed=facts.kind,
        message=f"The head is {facts.kind}, which is not {expected}."
        if facts.kind not in ("", "none")
        else f"Nothing was found that turns maps into classes; {expected} is asked for.",
        fix="End the convolutions with nn.AdaptiveAvgPool2d(1), or flatten the maps into an nn.Linear layer."
        if {"gap", "fc"} <= set(parameters.accept)
        else f"Use {expected}.",
        evidence=facts.locations or ((context.location,) if context.location else ()),
    )


def _doubt(facts: HeadFacts, parameters: AcceptedHeads) -> str:
    """Why a person has to say whether this head counts."""
    if facts.conditional:
        return (
            f"Part of the head ({facts.kind}) lies on a branch that a condition on the image chooses, which may never"
            " be taken; a person decides."
        )
    if facts.at_evaluation is not None:
        words = facts.at_evaluation.split("+")
        if not any(_WORDS[name] in words for name in parameters.accept):
            return (
                f"The head is {facts.kind} while training and {facts.at_evaluation} at evaluation: what is evaluated is"
                " another network; a person decides."
            )
    return ""


def _has(facts: HeadFacts, name: Accepted) -> bool:
    return _WORDS[name] in facts.kind.split("+")


CHECK = Check(
    "head",
    run,
    AcceptedHeads,
    why="The head turns maps into one score for each class. Averaging each map needs no parameter and does not care"
    " where in the image a feature lies; a linear layer weighs features against each other.",
)
