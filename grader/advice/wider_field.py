"""Ways to a larger receptive field: a pool earlier, a dilation, more convolutions, a larger kernel."""

import math
from collections.abc import Iterator
from contextlib import suppress

from grader.advice.deeper import blocks, more_at_end, more_before
from grader.advice.draft import CannotChange, Draft
from grader.advice.option import Case, Option
from grader.advice.sentences import convolution_code, placed
from grader.advice.survey import Survey
from grader.analysis.flow import Call
from grader.analysis.geometry import Geometry, geometry
from grader.model.facts import PerAxis
from grader.model.graph import Reference

_MOST_POOLS = 4  # places that are tried, the last ones first
_MOST_DILATION = 3


def wider_field(case: Case) -> Iterator[Option]:
    """Changes of one layer, those that need no parameter first."""
    trunk = [call for call in case.survey.trunk if _window(case.survey, call) is not None]
    field, jump = case.facts.receptive_field.before_head, case.facts.receptive_field.jump
    if not trunk or field is None or jump is None:
        return
    missing = case.asked.at_least - _smallest(field)
    late = trunk[:0:-1][:_MOST_POOLS]
    for call in late:
        with suppress(CannotChange):
            yield _pools_before(case.survey, call)
    spread = [call for call in trunk if _side(case.survey, call) > 1]
    if spread:
        with suppress(CannotChange):
            yield from _dilated(case.survey, spread[-1], missing, _jump(case, spread[-1]))
    for call in late[1:2]:
        with suppress(CannotChange):
            yield _pools_before(case.survey, call, late[0])
    with suppress(CannotChange):
        yield from more_before(case.survey, trunk[-1], math.ceil(missing / (2 * _jump(case, trunk[-1]))))
    if case.survey.head.linear and len(case.survey.head.begins) == 1:
        with suppress(CannotChange):
            yield from more_at_end(case.survey, math.ceil(missing / (2 * _smallest(jump))))
    if spread:
        with suppress(CannotChange):
            yield from _larger(case.survey, spread[-1], math.ceil(missing / (2 * _jump(case, spread[-1]))))
    with suppress(CannotChange):
        yield from blocks(case.survey, missing, _smallest(jump))


def _pools_before(survey: Survey, *calls: Call) -> Option:
    """Halve the map before convolutions: everything after it grows twice as fast."""
    draft = Draft(survey.export)
    for call in calls:
        for mode, reader in draft.twins(call.name):
            source = Reference(ref=_input(draft, mode, reader))
            pool = draft.new_node("aten.max_pool2d.default", source, (2, 2))
            draft.insert(mode, pool, before=reader)
            draft.set_argument(mode, reader, "input", Reference(ref=pool.name))
    names = " and another before ".join(placed(survey, call) for call in calls)
    return Option(
        f"Put a pool of 2×2 before {names}: from there on every layer adds twice as many pixels.",
        draft,
        ("x = torch.nn.functional.max_pool2d(x, 2)",),
        calls[0].node.location or survey.location(calls[0]),
    )


def _dilated(survey: Survey, call: Call, missing: int, step: int) -> Iterator[Option]:
    found = _window(survey, call)
    assert found is not None
    more = math.ceil(missing / ((_side(survey, call) - 1) * step))
    old = _dilation(call)
    dilation, padding = old + more, _padding(found, more * (_side(survey, call) - 1))
    if dilation > _MOST_DILATION or padding is None:
        return
    draft = Draft(survey.export)
    for mode, name in draft.twins(call.name):
        draft.set_argument(mode, name, "dilation", (dilation, dilation))
    _pad(draft, call, padding)
    padded = "" if padding == "same" else f" and a padding of {padding}"
    yield Option(
        f"Give {placed(survey, call)} a dilation of {dilation}{padded}: the map keeps its size, and the kernel spans"
        " more of it, with gaps.",
        draft,
        (convolution_code(survey, call, dilation=dilation, padding=padding),),
        survey.location(call),
    )


def _larger(survey: Survey, call: Call, number: int) -> Iterator[Option]:
    """A larger kernel in one layer, padded so that the map keeps its size."""
    found, draft = _window(survey, call), Draft(survey.export)
    weight = call.arguments.get("weight")
    if found is None or not isinstance(weight, Reference) or _dilation(call) != 1 or not 1 <= number <= 2:
        return
    side = _side(survey, call) + 2 * number
    padding = _padding(found, 2 * number)
    if padding is None:
        return
    draft.resize(weight.ref, (*draft.spec(weight.ref).shape[:2], side, side))
    _pad(draft, call, padding)
    padded = "" if padding == "same" else f", with a padding of {padding}"
    yield Option(
        f"Let the kernels of {placed(survey, call)} be {side}×{side} instead of"
        f" {_side(survey, call)}×{_side(survey, call)}{padded}.",
        draft,
        (convolution_code(survey, call, kernel_size=side, padding=padding),),
        survey.location(call),
    )


def _window(survey: Survey, call: Call) -> Geometry | None:
    """The window of a convolution with a square kernel that slides over a map; None for any other."""
    found = geometry(survey.train, call)
    if found is None or len(found.kernel) != 2 or len(set(found.kernel)) != 1:
        return None
    return found if found.padding == "same" or len(set(found.padding)) == 1 else None


def _side(survey: Survey, call: Call) -> int:
    found = _window(survey, call)
    return found.kernel[0] if found else 1


def _jump(case: Case, call: Call) -> int:
    """How many pixels lie between neighbours of what a convolution reads; 1 where that is not known."""
    rows = [row for row in case.facts.layers if row.op == call.operation.short and row.name == call.node.module]
    found = _window(case.survey, call)
    if not rows or rows[-1].jump is None or found is None:
        return 1
    return max(_smallest(rows[-1].jump) // max(found.stride), 1)


def _dilation(call: Call) -> int:
    given = call.arguments.get("dilation")
    sizes = given if isinstance(given, tuple) else (given,)
    return max((size for size in sizes if isinstance(size, int)), default=1)


def _padding(found: Geometry, growth: int) -> int | str | None:
    """The padding with which a kernel that spans `growth` pixels more gives a map of the same size."""
    if isinstance(found.padding, str):
        return found.padding if found.padding == "same" else None
    return None if growth % 2 else found.padding[0] + growth // 2


def _pad(draft: Draft, call: Call, padding: int | str) -> None:
    if isinstance(padding, int):
        for mode, name in draft.twins(call.name):
            draft.set_argument(mode, name, "padding", (padding, padding))


def _input(draft: Draft, mode: str, name: str) -> str:
    given = draft.find(mode, name).args[0]
    if not isinstance(given, Reference):
        raise CannotChange("the convolution reads no map")
    return given.ref


def _smallest(value: PerAxis) -> int:
    return min(value) if isinstance(value, tuple) else value
