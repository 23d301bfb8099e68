"""Fewer parameters than a limit. What counts is `counted`: buffers, constants and numbers could be trained weights."""

from typing import Annotated

from pydantic import Field

from grader.checks.base import Check, Context
from grader.checks.wording import at, count, integer, listing
from grader.model.base import Frozen
from grader.model.facts import Facts, ParameterFacts
from grader.model.outcome import Finding, Status
from grader.model.submission import Location

_SHOWN = 3


class ParameterLimit(Frozen):
    """The limit itself is not allowed: 20,000 is not fewer than 20,000."""

    less_than: Annotated[int, Field(strict=True, gt=0)]


def run(context: Context, parameters: ParameterLimit) -> Finding:
    """Compare `counted` with the limit."""
    facts = context.facts.parameters
    expected = f"fewer than {integer(parameters.less_than)}"
    observed, composition = integer(facts.counted), ""
    if facts.counted > facts.total:
        observed += f" ({_parts(facts)})"
        composition = _composition(facts)
    if facts.counted < parameters.less_than:
        return Finding(
            status=Status.PASSED,
            expected=expected,
            observed=observed,
            message=f"The model has {integer(facts.counted)} parameters, fewer than {integer(parameters.less_than)}."
            + composition,
        )
    too_many = facts.counted - parameters.less_than + 1
    largest = _largest(context.facts)
    names = [f"{name} with {integer(number)}{at(place)}" for name, number, place in largest]
    return Finding(
        status=Status.FAILED,
        expected=expected,
        observed=observed,
        message=f"The model has {count(facts.counted, 'parameter')}, {integer(too_many)} too many to be fewer than"
        f" {integer(parameters.less_than)}.{composition}",
        fix=_fix(names, facts.unused),
        evidence=tuple(place for _, _, place in largest if place),
    )


def _parts(facts: ParameterFacts) -> str:
    stored = facts.counted - facts.total - facts.literals
    parts = [f"{integer(facts.total)} parameters"]
    parts += [f"{integer(stored)} in buffers and constants"] if stored else []
    parts += [f"{count(facts.literals, 'number')} in the arithmetic"] if facts.literals else []
    return " + ".join(parts)


def _composition(facts: ParameterFacts) -> str:
    """What counts besides parameters, and why."""
    stored = facts.counted - facts.total - facts.literals
    sentences = []
    if stored:
        sentences.append(
            f" {count(stored, 'value')} in buffers and constants are counted too, because they could hold trained"
            " weights."
        )
    if facts.literals:
        sentences.append(
            f" {count(facts.literals, 'number')} that stand in the arithmetic of forward, beyond the hundred that are"
            " free, are counted too, because they could be trained weights."
        )
    return "".join(sentences)


def _largest(facts: Facts) -> list[tuple[str, int, Location | None]]:
    places = {layer.name: layer.location for layer in reversed(facts.layers)}  # a reused module: its first call
    ordered = sorted(facts.parameters.by_layer.items(), key=lambda item: -item[1])
    return [(name or "the model itself", number, places.get(name)) for name, number in ordered[:_SHOWN] if number]


def _fix(names: list[str], unused: int) -> str:
    sentences = []
    if unused:
        sentences.append(
            f"{count(unused, 'parameter')} can't reach the output: remove the layers that hold them first."
        )
    if names:
        sentences.append(f"The largest layers are {listing(names)}; give them fewer channels.")
    return " ".join(sentences)


CHECK = Check(
    "parameters",
    run,
    ParameterLimit,
    why="A small model has to find features that serve many digits instead of storing examples: it is cheaper to train"
    " and to run, and says more about your design than about your hardware.",
)
