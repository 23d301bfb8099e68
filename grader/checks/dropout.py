"""Dropout that really runs: called in forward, with a rate above zero."""

from typing import Annotated

from pydantic import Field

from grader.checks.base import Check, Context
from grader.checks.wording import count
from grader.model.base import Frozen
from grader.model.facts import DropoutFacts
from grader.model.outcome import Finding, Status

_LEAST_RATE = 0.001  # below, next to nothing is dropped: one value in a thousand


class DropoutMinimum(Frozen):
    """How many calls must run."""

    minimum: Annotated[int, Field(strict=True, ge=1)] = 1


def run(context: Context, parameters: DropoutMinimum) -> Finding:
    """Count the calls with a rate above zero that can influence the output."""
    facts = context.facts.dropout
    live = sum(rate > 0 for rate in _active(facts)) if facts.runs else 0
    expected = f"at least {count(parameters.minimum, 'dropout layer')} with a rate above 0"
    observed = f"{count(facts.layers, 'dropout layer')}, {_rates(facts.rates)}" if facts.layers else "none"
    if live < parameters.minimum:
        return Finding(
            status=Status.FAILED,
            expected=expected,
            observed=observed,
            message=_missing(live, facts),
            fix=_fix(live, facts),
            evidence=facts.locations or ((context.location,) if context.location else ()),
        )
    doubt = _doubt(live, parameters.minimum, facts)
    if doubt:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed=observed,
            message=doubt,
            fix="Call nn.Dropout(0.05) or nn.Dropout2d(0.05) unconditionally in forward.",
            evidence=facts.locations,
        )
    message = f"Dropout runs in {count(live, 'call')}, {_rates(facts.rates)}."
    fix = ""
    if facts.active_in_eval:
        message += (
            " It stays active at evaluation too, so the predictions are random and less accurate than they could be."
        )
        fix = "Use an nn.Dropout layer, or pass training=self.training to F.dropout."
    return Finding(
        status=Status.PASSED, expected=expected, observed=observed, message=message, fix=fix, evidence=facts.locations
    )


def _doubt(live: int, minimum: int, facts: DropoutFacts) -> str:
    """Why a person has to say whether these calls count."""
    weak = sum(0 < rate < _LEAST_RATE for rate in _active(facts))
    if live - weak < minimum:
        return f"Dropout is called with {_rates(facts.rates)}, which drops next to nothing; a person decides."
    if live - weak - facts.conditional < minimum:
        return (
            f"Dropout runs in {count(facts.conditional, 'call')} on a branch that a condition on the image chooses,"
            " which may never be taken; a person decides."
        )
    return ""


def _active(facts: DropoutFacts) -> list[float]:
    return [rate for place, rate in enumerate(facts.rates) if place not in facts.switched_off]


def _rates(rates: tuple[float, ...]) -> str:
    distinct = sorted(set(rates))
    if len(distinct) == 1:
        return f"rate {distinct[0]:g}"
    return f"rates {', '.join(f'{rate:g}' for rate in rates)}"


def _missing(live: int, facts: DropoutFacts) -> str:
    if not facts.layers:
        return "No dropout can influence the output. A layer that is only defined does not run."
    if not live and any(facts.rates):
        return "Dropout is called but switched off while training, so it drops nothing."
    if not live:
        return f"Dropout is called with {_rates(facts.rates)}, which drops nothing."
    return f"Dropout runs in {count(live, 'call')} only."


def _fix(live: int, facts: DropoutFacts) -> str:
    if not live and any(facts.rates):
        return "Use an nn.Dropout layer, or pass training=self.training to F.dropout."
    if not live and facts.layers:
        return "Give it a rate above 0, for example nn.Dropout(0.05)."
    return "Call nn.Dropout(0.05) or nn.Dropout2d(0.05) in forward, for example after a pooling layer."


CHECK = Check(
    "dropout",
    run,
    DropoutMinimum,
    why="Dropout hides some values at random while training, so that the network can't lean on a single one of them;"
    " that narrows the gap between training and test accuracy.",
)
