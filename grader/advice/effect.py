"""What a measured change comes to, in a sentence or two. Every figure was measured on the changed graph."""

from typing import Any

from grader.checks.wording import count, integer, size
from grader.model.facts import Facts


def effect(check: str, before: Facts, after: Facts, asked: Any) -> str:
    """First what the criterion asks for, then what the change costs or saves."""
    first = {
        "parameters": _parameters,
        "receptive_field": _field,
        "batch_norm": _norms,
        "dropout": _dropout,
        "head": _head,
    }[check](after, asked)
    return f"{first}{'' if check == 'parameters' else _cost(before, after)}"


def _parameters(after: Facts, asked: Any) -> str:
    counted = after.parameters.counted
    room = asked.less_than - 1 - counted
    spare = f", with room for {integer(room)} more" if room else ", as many as just fit"
    return f"The model would have {count(counted, 'parameter')}{spare}."


def _field(after: Facts, _: Any) -> str:
    return f"Where the head begins, each value would see {size(after.receptive_field.before_head or 0)} pixels."


def _norms(after: Facts, _: Any) -> str:
    live = after.batch_norm.layers - after.batch_norm.frozen
    return f"{count(live, 'batch-norm layer')} would run."


def _dropout(after: Facts, _: Any) -> str:
    facts = after.dropout
    live = sum(rate > 0 for place, rate in enumerate(facts.rates) if place not in facts.switched_off)
    return f"{count(live, 'dropout layer')} would drop values while training."


def _head(after: Facts, _: Any) -> str:
    return f"The head would be {after.head.kind}."


def _cost(before: Facts, after: Facts) -> str:
    more = after.parameters.counted - before.parameters.counted
    total = count(after.parameters.counted, "parameter")
    if not more:
        return f" The model would keep its {total}."
    left = integer(after.parameters.counted)
    return f" That takes {count(more, 'parameter')} more, {left} in all." if more > 0 else f" That leaves {total}."
