"""Batch norm and dropout: which calls can influence the output, and which of them do something."""

from collections.abc import Iterator

from grader.analysis.flow import Call, Flow
from grader.analysis.reductions import CONVOLUTIONS, is_linear
from grader.graph.ops import Kind
from grader.model.facts import BatchNormFacts, DropoutFacts
from grader.model.submission import Location

_ENDS = CONVOLUTIONS | {Kind.BATCH_NORM}


def batch_norm_facts(train: Flow, chosen: frozenset[str] = frozenset()) -> BatchNormFacts:
    """Of the train graph. A frozen call uses its running statistics even in training.

    `chosen`: the calls that only a branch chosen by the image is made of.
    """
    calls = [call for call in train.live_calls(Kind.BATCH_NORM) if call.name in train.images]
    frozen = [call for call in calls if call.arguments["training"] is not True]
    return BatchNormFacts(
        layers=len(calls),
        runs=len(frozen) < len(calls),
        frozen=len(frozen),
        conditional=sum(call.name in chosen for call in calls if call not in frozen),
        convolutions_without=tuple(dict.fromkeys(_convolutions_without(train))),
        locations=_locations(calls),
    )


def dropout_facts(train: Flow, evaluation: Flow, chosen: frozenset[str] = frozenset()) -> DropoutFacts:
    """Of the train graph; and whether the eval graph still drops. `chosen` as for batch norm."""
    calls = list(_dropouts(train))
    return DropoutFacts(
        layers=len(calls),
        rates=tuple(rate for _, rate, _ in calls),
        switched_off=tuple(place for place, (_, _, active) in enumerate(calls) if not active),
        runs=any(active and rate > 0 for _, rate, active in calls),
        conditional=sum(call.name in chosen for call, rate, active in calls if active and rate > 0),
        active_in_eval=any(active and rate > 0 for _, rate, active in _dropouts(evaluation)),
        locations=_locations([call for call, _, _ in calls]),
    )


def _dropouts(flow: Flow) -> Iterator[tuple[Call, float, bool]]:
    """(call, rate, whether it drops) of each dropout, those inside attention and recurrent layers included."""
    for call in flow.live_calls(Kind.DROPOUT, Kind.ATTENTION, Kind.RECURRENT):
        if not call.values:  # what comes out is the same whatever goes in
            continue
        given = call.arguments
        name = {Kind.DROPOUT: "p", Kind.ATTENTION: "dropout_p", Kind.RECURRENT: "dropout"}[call.kind]
        rate = given.get(name)
        if not isinstance(rate, int | float):
            continue
        if call.kind is Kind.DROPOUT or rate > 0:
            yield call, float(rate), given.get("train", True) is True


def _convolutions_without(flow: Flow) -> Iterator[str]:
    """Module paths of convolutions whose output meets no batch norm before the next learned layer."""
    normalized: set[str] = set()
    for call in flow.live_calls(Kind.BATCH_NORM):
        pending = [call]
        while pending:
            for name in pending.pop().sources:
                source = flow.calls.get(name)
                if source is None or name in normalized:
                    continue
                normalized.add(name)
                if source.kind not in _ENDS and not is_linear(flow, source):
                    pending.append(source)
    for call in flow.live_calls(*CONVOLUTIONS):
        if call.name in flow.images and call.name not in normalized:
            yield call.node.module or call.operation.short


def _locations(calls: list[Call]) -> tuple[Location, ...]:
    places = (call.node.location for call in calls)
    return tuple(dict.fromkeys(place for place in places if place is not None))
