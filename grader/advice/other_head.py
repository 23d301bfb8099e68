"""Another head: a pool over the whole map, or a linear layer behind the one that is there."""

from collections.abc import Iterator
from contextlib import suppress

from grader.advice.draft import CannotChange, Draft
from grader.advice.option import Case, Option
from grader.advice.survey import Survey
from grader.advice.with_pooled_head import average_for_maximum, pooled_before_linear
from grader.model.graph import Reference


def other_head(case: Case) -> Iterator[Option]:
    """Average pooling in place of what is there; then a linear layer where the maps have become a vector."""
    if "gap" in case.asked.accept:
        with suppress(CannotChange):
            yield from pooled_before_linear(case.survey)
            yield from average_for_maximum(case.survey)
    if "fc" in case.asked.accept:
        with suppress(CannotChange):
            yield from _linear(case.survey)


def _linear(survey: Survey) -> Iterator[Option]:
    """A linear layer on the first vector after the maps."""
    past = set(survey.head.reductions)
    vector = None
    for call in survey.train.live_calls():
        past |= {call.name} if past & set(call.sources) else set()
        if call.name in past and len(survey.train.shape(call.name)) == 2:
            vector = call
            break
    if vector is None:
        return
    values = survey.train.shape(vector.name)[1]
    draft = Draft(survey.export)
    weight, bias = draft.new_parameter("added.weight", (values, values)), draft.new_parameter("added.bias", (values,))
    for mode, name in draft.twins(vector.name):
        node = draft.new_node("aten.linear.default", Reference(ref=name), weight, bias)
        draft.insert(mode, node, after=name)
        draft.replace_reads(mode, name, node.name, but=frozenset({node.name}))
    place = f" ({vector.node.location})" if vector.node.location else ""
    yield Option(
        f"Read the {values} values of the pooled maps with a linear layer{place}.",
        draft,
        (f"nn.Linear({values}, {values})",),
        vector.node.location,
    )
