"""The head: how the model goes from maps to class scores, and where the maps end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.analysis.fields import Fields
from grader.analysis.flow import Call, Flow, Value
from grader.analysis.geometry import geometry
from grader.analysis.reductions import AVERAGE_POOLS, CONVOLUTIONS, REARRANGING, is_linear, learns, pooling
from grader.graph.ops import Kind
from grader.model.facts import HeadFacts

_ADAPTIVE = frozenset({Kind.ADAPTIVE_AVERAGE_POOL, Kind.ADAPTIVE_MAX_POOL})
# What a flattened map may pass through: every element stays what it was, or is joined by others.
_FLAT = REARRANGING | {
    Kind.ACTIVATION,
    Kind.BATCH_NORM,
    Kind.NORM,
    Kind.ELEMENTWISE,
    Kind.SOFTMAX,
    Kind.CONCATENATE,
}
FULL_SIZE = "full-size convolution"


@dataclass(frozen=True)
class Head:
    """What the walk back from the output met, in the order of the graph."""

    begins: tuple[str, ...]  # the values where the head begins: maps, one per branch
    reductions: Mapping[str, str]  # calls that leave the maps → what they are: "gap", "flatten", ...
    linear: tuple[str, ...]
    fixed: tuple[str, ...]  # products with a matrix that does not learn
    pointwise: tuple[str, ...]  # convolutions on 1×1 maps


@dataclass(frozen=True)
class _Visit:
    name: str
    is_logits: bool  # nothing learned lies between it and the output
    flattened_by: str | None = None  # the linear layer, or the output, that reads this map flattened


def find_head(flow: Flow, fields: Fields, gates: Mapping[str, Value]) -> Head:
    """Walk back from the output over softmax, reshapes, linear layers and anything on 1×1 maps.

    The head begins at the input of the first pool of a whole map (an average also on a 1×1 map), flatten of a larger
    map, or full-size convolution that itself gives the logits; another full-size convolution is a feature layer.
    """
    return _Walk(flow, fields, gates).run()


def head_facts(flow: Flow, head: Head, chosen: frozenset[str] = frozenset()) -> HeadFacts:
    """The head in the words of the report. `chosen`: the calls that only a branch chosen by the image is made of."""
    words = list(dict.fromkeys(head.reductions.values()))
    classifier = ["fc"] if head.linear else ["1x1 convolution"] if head.pointwise else []
    if head.fixed and not head.linear:
        classifier.append("fixed linear map")
    calls = {*head.reductions, *(head.linear or head.pointwise or head.fixed)}
    places = [call.node.location for call in flow.calls.values() if call.name in calls]
    return HeadFacts(
        gap="gap" in words,
        fc=bool(head.linear),
        kind="+".join(words + classifier) or "none",
        conditional=bool(calls) and not chosen.isdisjoint(calls),
        locations=tuple(dict.fromkeys(place for place in places if place is not None)),
    )


class _Walk:
    def __init__(self, flow: Flow, fields: Fields, gates: Mapping[str, Value]) -> None:
        self._flow = flow
        self._fields = fields
        self._gates = gates
        self._begins: set[str] = set()
        self._reductions: dict[str, str] = {}
        self._linear: set[str] = set()
        self._fixed: set[str] = set()
        self._pointwise: set[str] = set()

    def run(self) -> Head:
        pending = [_Visit(name, is_logits=True) for name in self._flow.output.names]
        seen: set[str] = set()
        while pending:
            visit = pending.pop()
            if visit.name not in seen and visit.name in self._flow.images:
                seen.add(visit.name)
                pending.extend(self._step(visit))
        self._begins = {self._map(name) for name in self._begins}
        order = {name: index for index, name in enumerate([self._flow.graph.input, *self._flow.calls])}
        reductions = {name: self._reductions[name] for name in sorted(self._reductions, key=order.__getitem__)}
        begins, linear, fixed, pointwise = (
            tuple(sorted(names, key=order.__getitem__))
            for names in (self._begins, self._linear, self._fixed, self._pointwise)
        )
        return Head(begins, reductions, linear, fixed, pointwise)

    def _step(self, visit: _Visit) -> Iterator[_Visit]:
        """Go on to what the call reads, or note that the head begins here."""
        if self._is_wide(visit.name):
            yield from self._through_flattened(visit)
            return
        call = self._flow.calls.get(visit.name)
        if call is None:
            self._begins.add(visit.name)
            return
        sources = self._sources(call)
        if not sources:  # all that the image decides of it is cut away
            return
        wide = [name for name in sources if self._is_wide(name)]
        word = pooling(self._flow, call, sources[0], is_wide=bool(wide))
        if word == "gap" and not wide and not self._is_from_layer(sources[0]):
            yield from (_Visit(name, visit.is_logits) for name in sources)
            return
        if word is not None:
            self._reductions[call.name] = word
            self._begins.update([self._before_mean(call, sources[0])] if word == "gap" else sources)
            return
        linear, convolution = is_linear(self._flow, call), call.kind in CONVOLUTIONS
        if linear:
            (self._linear if learns(self._flow, call) else self._fixed).add(call.name)
            yield from (_Visit(name, False, call.name if name in wide else None) for name in sources)
        elif convolution and wide:
            self._leave_by_convolution(call, sources, visit.is_logits)
        elif wide:
            self._reductions[call.name] = f"{call.operation.short} of a map"
            self._begins.update(wide)
        else:
            if convolution:
                self._pointwise.add(call.name)
            yield from (_Visit(name, visit.is_logits and not convolution) for name in sources)

    def _through_flattened(self, visit: _Visit) -> Iterator[_Visit]:
        """From a map that is read flattened back to the map itself."""
        reader = visit.flattened_by or visit.name
        call = self._flow.calls.get(visit.name)
        if call is not None and call.kind in _FLAT and len(self._flow.shape(visit.name)) <= 2:
            yield from (_Visit(name, False, reader if self._is_wide(name) else None) for name in self._sources(call))
            return
        pool = self._flow.calls.get(self._skip(visit.name))
        if pool is not None and pool.kind in _ADAPTIVE:
            self._reductions[reader] = "adaptive pool+flatten"
            self._begins.update(self._sources(pool))
        else:
            self._reductions[reader] = "flatten"
            self._begins.add(visit.name)

    def _leave_by_convolution(self, call: Call, sources: list[str], is_logits: bool) -> None:
        """A convolution from a larger map to 1×1: the head where it gives the logits, else the last feature layer."""
        found = geometry(self._flow, call)
        full = found is not None and found.covers and learns(self._flow, call)
        if is_logits or (full and not self._linear):
            self._reductions[call.name] = FULL_SIZE if full else "convolution"
        self._begins.update(sources if full and is_logits else [call.name])

    def _is_from_layer(self, name: str) -> bool:
        """Whether a convolution or an average made the single place, rather than a maximum or a selection."""
        call = self._flow.calls.get(name)
        while call is not None and call.kind not in CONVOLUTIONS:
            sources = self._sources(call)
            if not sources or any(self._is_wide(source) for source in sources):
                return call.kind in AVERAGE_POOLS or call.operation.short in ("mean", "sum")
            call = self._flow.calls.get(sources[0])
        return True

    def _before_mean(self, call: Call, source: str) -> str:
        """What an average reads; where it is spelled as several averages, what the first one reads."""
        inner = self._flow.calls.get(self._skip(source))
        while call.kind is Kind.REDUCE and inner is not None and inner.operation.short == "mean":
            source = self._sources(inner)[0]
            inner = self._flow.calls.get(self._skip(source))
        return source

    def _map(self, name: str) -> str:
        """The map itself, where it was flattened before it is read."""
        while name in self._flow.calls and self._flow.calls[name].kind in (Kind.RESHAPE, Kind.IDENTITY):
            name = self._sources(self._flow.calls[name])[0]
        return name

    def _skip(self, name: str) -> str:
        """Back over reshapes and dropout."""
        while name in self._flow.calls and self._flow.calls[name].kind in REARRANGING:
            name = self._sources(self._flow.calls[name])[0]
        return name

    def _sources(self, call: Call) -> list[str]:
        """What a call reads of what depends on the image, its gate left out."""
        gate = self._gates.get(call.name)
        names = [name for value in call.values if value is not gate for name in value.names]
        return [name for name in names if name in self._flow.images and name in self._flow.live]

    def _is_wide(self, name: str) -> bool:
        """Whether the value has more than one place."""
        found = self._fields.of(name)
        return found is not None and bool(found.places)
