"""Ways to fewer parameters: what does nothing, then fewer channels, then another head."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice

from grader.advice.draft import CannotChange, Draft
from grader.advice.narrower import narrower_layer, narrower_layers
from grader.advice.option import Case, Option
from grader.advice.sentences import at, called, convolution_code
from grader.advice.survey import Survey, look_at
from grader.advice.with_pooled_head import pooled_before_linear
from grader.analysis.flow import Call
from grader.graph.ops import Kind
from grader.graph.program import references
from grader.model.graph import Reference

_SHOWN = 4


def fewer_parameters(case: Case) -> Iterator[Option]:
    """Cuts that come below the limit; the gentlest first."""
    beside = case.facts.parameters.counted - case.facts.parameters.total
    room = case.asked.less_than - 1 - beside  # for parameters
    if room <= 0:
        return
    yield from _unused(case, room)
    yield from _idle_biases(case, room)
    cuts = list(narrower_layer(case, room))
    yield from cuts
    with suppress(CannotChange):
        yield from _pooled(case, room)
    if not cuts:
        with suppress(CannotChange):
            yield from narrower_layers(case, room)


def _unused(case: Case, room: int) -> Iterator[Option]:
    """Parameters that no layer reads."""
    graphs, draft = case.survey.export.graphs, Draft(case.survey.export)
    read = {name for graph in (graphs.train, graphs.eval) for node in graph.nodes for name in references(node)}
    idle = [name for name in graphs.parameters if name not in read]
    for name in idle:
        del draft.parameters[name]
    if not idle or draft.total() > room:
        return
    paths = list(dict.fromkeys(graphs.parameters[name].path.rpartition(".")[0] or "the model" for name in idle))
    places = [f"{called(path)}{at(case.survey.made_at.get(path))}" for path in paths[:_SHOWN]]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    yield Option(
        f"Delete what is made and never used: {', '.join(places)}{more}.",
        draft,
        location=next((case.survey.made_at[path] for path in paths if path in case.survey.made_at), None),
    )


def _idle_biases(case: Case, room: int) -> Iterator[Option]:
    """The biases of convolutions that a batch norm follows, which takes the mean away."""
    survey, draft = case.survey, Draft(case.survey.export)
    found = [call for call in survey.convolutions if _is_normalized(survey, call)]
    for call in found:
        bias = call.arguments["bias"]
        if not isinstance(bias, Reference) or bias.ref not in draft.parameters:
            return
        for mode, name in draft.twins(call.name):
            draft.set_argument(mode, name, "bias", None)
        del draft.parameters[bias.ref]
    if not found or draft.total() > room:
        return
    names = [called(survey.name(call)) for call in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield Option(
        f"Give the convolutions before a batch norm no bias ({', '.join(names)}{more}): the norm takes the mean away,"
        " and the bias with it.",
        draft,
        (convolution_code(survey, found[0], bias=False),),
        survey.location(found[0]),
    )


def _is_normalized(survey: Survey, call: Call) -> bool:
    """Whether a convolution's bias is read by it alone, and its result by a batch norm alone."""
    bias = call.arguments.get("bias")
    readers = survey.train.readers.get(call.name, ())
    if not isinstance(bias, Reference) or len(survey.train.readers.get(bias.ref, ())) != 1:
        return False
    return bool(readers) and all(
        reader.kind is Kind.BATCH_NORM and reader.arguments.get("training") is True for reader in readers
    )


def _pooled(case: Case, room: int) -> Iterator[Option]:
    """Pool the maps before the first linear layer; where that is not enough, cut what is left, too."""
    for option in pooled_before_linear(case.survey):
        if option.draft.total() <= room:
            yield option
            continue
        export = option.draft.export()
        rest = replace(case, survey=look_at(export, case.survey.made_at))
        for cut in islice(chain(narrower_layer(rest, room), narrower_layers(rest, room)), 1):
            what = f"{option.what} And {cut.what[0].lower()}{cut.what[1:]}"
            yield replace(cut, what=what, code=(*option.code[:1], *cut.code), location=option.location)
