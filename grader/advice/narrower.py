"""Fewer channels: in the one layer that needs least of it, or in all layers alike."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

from grader.advice.draft import CannotChange
from grader.advice.option import Case, Option
from grader.advice.sentences import called, convolution_code, placed
from grader.advice.survey import Survey, weight_of
from grader.advice.widths import Plan, Together, plan
from grader.analysis.flow import Call
from grader.analysis.reductions import CONVOLUTIONS
from grader.graph.ops import Kind

_MOST_GROUPS = 12  # layers that are tried one by one, those with most parameters first
_PARTS = 1024  # all widths are cut by parts of this
_LEAST_KEPT = 0.25  # of a layer's channels: a deeper cut is no small change
_SHOWN = 4


def narrower_layer(case: Case, room: int) -> Iterator[Option]:
    """The one layer, or the layers that a sum ties together, of which least has to go."""
    shapes = plan(case.survey.export)
    cuts = []
    for group, old in islice(_groups(case.survey, shapes), _MOST_GROUPS):
        kept = None
        with suppress(CannotChange):
            kept = _most_that_fits(shapes, group, old, room)
        if kept is not None and kept >= _LEAST_KEPT * old:
            cuts.append((kept / old, kept, old, group))
    for _, kept, old, group in sorted(cuts, key=lambda cut: -cut[0])[:2]:
        calls = [call for call in _layers(case.survey) if weight_of(call) in group]
        names = [placed(case.survey, call) for call in calls[:_SHOWN]]
        tied = " together, since their results are combined value by value" if len(group) > 1 else ""
        first = calls[0]
        unit = "channels" if first.kind in CONVOLUTIONS else "values"
        yield Option(
            f"Give {' and '.join(names)} {kept} {unit} instead of {old}{tied}, and what reads them as many inputs.",
            shapes.resized(dict.fromkeys(group, kept)),
            (convolution_code(case.survey, first, out_channels=kept),) if first.kind is Kind.CONVOLUTION else (),
            case.survey.location(first),
        )


def _layers(survey: Survey) -> tuple[Call, ...]:
    return survey.calls(Kind.CONVOLUTION, Kind.LINEAR)


def _groups(survey: Survey, shapes: Plan) -> Iterator[tuple[frozenset[str], int]]:
    """Weights that can only change together, with their width; those that cost most first."""
    widths = shapes.widths()
    live = {weight_of(call) for call in _layers(survey)}
    seen: set[str] = set()
    for name in sorted(widths, key=lambda name: -_cost(survey, name)):
        if name in seen or name not in live:
            continue
        group = _closed(shapes, widths, name)
        if group is not None:
            seen |= group
            yield group, widths[name]


def _cost(survey: Survey, weight: str) -> int:
    size = 1
    for extent in survey.export.graphs.parameters[weight].shape:
        size *= extent
    return size


def _closed(shapes: Plan, widths: Mapping[str, int], name: str) -> frozenset[str] | None:
    """The layer and all that have to change with it; None where the graph does not let its width change."""
    group, wanted = frozenset({name}), max(widths[name] - 1, 1)
    for _ in range(_MOST_GROUPS):
        try:
            shapes.resized(dict.fromkeys(group, wanted))
        except Together as problem:
            if problem.makers <= group or any(widths.get(maker) != widths[name] for maker in problem.makers):
                return None
            group |= problem.makers
        except CannotChange:
            return None
        else:
            return group
    return None


def _most_that_fits(shapes: Plan, group: frozenset[str], old: int, room: int) -> int | None:
    """The largest width below the old one with which all parameters fit; None where not even one channel does."""
    low, high = 0, old  # low fits (0: not known), high does not
    while high - low > 1:
        middle = (low + high) // 2
        if shapes.resized(dict.fromkeys(group, middle)).total() <= room:
            low = middle
        else:
            high = middle
    return low or None


def narrower_layers(case: Case, room: int) -> Iterator[Option]:
    """All widths cut alike, where one layer alone would lose too much."""
    shapes = plan(case.survey.export)
    widths = shapes.widths()

    def cut(parts: int) -> dict[str, int]:
        return {name: max(old * parts // _PARTS, 1) for name, old in widths.items()}

    low, high = 0, _PARTS
    while high - low > 1:
        middle = (low + high) // 2
        if shapes.resized(cut(middle)).total() <= room:
            low = middle
        else:
            high = middle
    if not low:
        return
    kept = cut(low)
    calls = {weight_of(call): call for call in _layers(case.survey)}
    said = [
        f"{called(case.survey.name(call))} {kept[name]} instead of {widths[name]}"
        for name, call in calls.items()
        if name in kept and kept[name] != widths[name]
    ]
    more = f" and {len(said) - 6} more" if len(said) > 6 else ""
    first = next((call for name, call in calls.items() if name in kept), None)
    yield Option(
        f"Cut the widths of all layers to about {round(low * 100 / _PARTS)} %: {', '.join(said[:6])}{more}.",
        shapes.resized(kept),
        location=case.survey.location(first) if first else None,
    )
