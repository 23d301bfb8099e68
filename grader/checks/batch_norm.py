"""Batch normalization that really runs: its statistics come from the batch in training."""

from typing import Annotated

from pydantic import Field

from grader.checks.base import Check, Context
from grader.checks.wording import count, listing
from grader.model.base import Frozen
from grader.model.facts import BatchNormFacts
from grader.model.outcome import Finding, Status

_SHOWN = 5


class LayerMinimum(Frozen):
    """How many calls must run."""

    minimum: Annotated[int, Field(strict=True, ge=1)] = 1


def run(context: Context, parameters: LayerMinimum) -> Finding:
    """Count the calls that can influence the output and are not frozen."""
    facts = context.facts.batch_norm
    live = facts.layers - facts.frozen if facts.runs else 0
    expected = f"at least {count(parameters.minimum, 'batch-norm layer')} that " + (
        "runs" if parameters.minimum == 1 else "run"
    )
    observed = count(live, "batch-norm layer") if live else "none"
    if facts.frozen:
        observed += f", {facts.frozen} frozen"
    doubt = _doubt(live, parameters.minimum, facts) if live >= parameters.minimum else ""
    if doubt:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed=observed,
            message=doubt,
            fix="Call the batch norms unconditionally, in training and at evaluation.",
            evidence=facts.locations,
        )
    if live >= parameters.minimum:
        return Finding(
            status=Status.PASSED,
            expected=expected,
            observed=observed,
            message=_passed(live, facts.frozen, facts.convolutions_without),
            evidence=facts.locations,
        )
    return Finding(
        status=Status.FAILED,
        expected=expected,
        observed=observed,
        message=_missing(live, facts.layers, facts.frozen),
        fix=_fix(facts.frozen, facts.convolutions_without),
        evidence=facts.locations or ((context.location,) if context.location else ()),
    )


def _doubt(live: int, minimum: int, facts: BatchNormFacts) -> str:
    """Why a person has to say whether these calls count."""
    if live - facts.conditional < minimum:
        return (
            f"Batch normalization runs in {count(facts.conditional, 'call')} on a branch that a condition on the image"
            " chooses, which may never be taken; a person decides."
        )
    if facts.at_evaluation is not None and facts.at_evaluation < minimum:
        return (
            f"Batch normalization runs in {count(live, 'call')} while training and in {facts.at_evaluation} at"
            " evaluation: what is evaluated is another network; a person decides."
        )
    return ""


def _passed(live: int, frozen: int, without: tuple[str, ...]) -> str:
    sentences = [f"Batch normalization runs {'once' if live == 1 else f'{live} times'} per image."]
    if frozen:
        sentences.append(f"{count(frozen, 'more call is', 'more calls are')} frozen and not counted.")
    if without:
        names = listing([*without[:_SHOWN], *(["others"] if len(without) > _SHOWN else [])])
        sentences.append(f"Without it: {names}.")
    return " ".join(sentences)


def _missing(live: int, layers: int, frozen: int) -> str:
    if frozen and not live:
        return (
            f"Batch normalization is there but frozen in {count(frozen, 'call')}: it uses stored statistics"
            " even in training, so it normalizes nothing."
        )
    if not layers:
        return "No batch normalization can influence the output. A layer that is only defined does not run."
    return f"Batch normalization runs in {count(live, 'call')} only."


def _fix(frozen: int, without: tuple[str, ...]) -> str:
    if frozen:
        return "Don't put the layers into eval mode or switch off their batch statistics while training."
    where = f", for example after {listing(list(without[:3]))}" if without else ""
    return f"Call nn.BatchNorm2d in forward after a convolution{where}."


CHECK = Check(
    "batch_norm",
    run,
    LayerMinimum,
    why="Batch normalization keeps the values of each channel in a steady range while the layers before it change, so"
    " that higher learning rates work and training needs fewer epochs.",
)
