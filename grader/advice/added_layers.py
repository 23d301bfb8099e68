"""Batch norm and dropout where there is too little of them, and dropout that drops nothing brought to life."""

from collections.abc import Iterator
from contextlib import suppress

from grader.advice.draft import CannotChange, Draft
from grader.advice.option import Case, Option
from grader.advice.sentences import at, called, placed
from grader.advice.survey import Survey
from grader.analysis.flow import Call
from grader.graph.ops import Kind
from grader.model.graph import Argument, Reference
from grader.model.submission import Location

RATE = 0.05
_BATCH_NORM = "aten.batch_norm.default"
_SHOWN = 6


def more_batch_norms(case: Case) -> Iterator[Option]:
    """After the first convolutions that have none, as many as are missing; then after all of them."""
    facts, survey = case.facts.batch_norm, case.survey
    missing = case.asked.minimum - (facts.layers - facts.frozen if facts.runs else 0)
    if facts.frozen:
        yield _thawed(survey)
    without = [call for call in _norm_places(survey) if _path(call) in facts.convolutions_without]
    for number in sorted({missing, len(without)}):
        if len(without) >= number >= max(missing, 1):
            with suppress(CannotChange):
                yield _with_norms(survey, tuple(without[:number]))


def _norm_places(survey: Survey) -> list[Call]:
    """The convolutions that give maps, but for one that gives the class scores: those are not to be scaled."""
    maps = [call for call in survey.convolutions if max(survey.train.shape(call.name)[2:], default=1) > 1]
    scores = survey.trunk[-1:] if survey.trunk and not survey.head.linear else ()
    return [call for call in maps if call not in scores]


def _path(call: Call) -> str:
    """What the facts call a convolution."""
    return call.node.module or call.operation.short


def _with_norms(survey: Survey, calls: tuple[Call, ...]) -> Option:
    draft, code = Draft(survey.export), []
    for index, call in enumerate(calls):
        channels = survey.channels(call.name)
        shared: tuple[Argument, ...] = (
            draft.new_parameter(f"added{index}.weight", (channels,)),
            draft.new_parameter(f"added{index}.bias", (channels,)),
            draft.new_buffer(f"added{index}.running_mean", (channels,)),
            draft.new_buffer(f"added{index}.running_var", (channels,)),
        )
        for mode, name in draft.twins(call.name):
            training = mode == "train"
            node = draft.new_node(_BATCH_NORM, Reference(ref=name), *shared, training, 0.1, 1e-5, False)
            draft.insert(mode, node, after=name)
            draft.replace_reads(mode, name, node.name, but=frozenset({node.name}))
        code.append(f"nn.BatchNorm2d({channels})")
    names = list(dict.fromkeys(placed(survey, call) for call in calls[:_SHOWN]))
    more = f" and {len(calls) - _SHOWN} more" if len(calls) > _SHOWN else ""
    what = "a batch norm" if len(calls) == 1 else "batch norms"
    return Option(
        f"Make {what} and call it right after {', '.join(names)}{more}, before the activation."
        if len(calls) == 1
        else f"Make {len(calls)} batch norms and call one right after each of {', '.join(names)}{more}.",
        draft,
        tuple(dict.fromkeys(code))[:_SHOWN],
        calls[0].node.location or survey.location(calls[0]),
    )


def _thawed(survey: Survey) -> Option:
    """Let the frozen ones use the statistics of the batch."""
    frozen = [call for call in survey.calls(Kind.BATCH_NORM) if call.arguments.get("training") is not True]
    draft = Draft(survey.export)
    for call in frozen:
        draft.set_argument("train", call.name, "training", True)
    names = ", ".join(placed(survey, call) for call in frozen[:_SHOWN])
    return Option(
        f"Let {names} use the statistics of the batch while training: don't put them into eval mode, and"
        " don't switch their batch statistics off.",
        draft,
        location=frozen[0].node.location if frozen else None,
    )


def more_dropout(case: Case) -> Iterator[Option]:
    """A rate above 0 for what drops nothing; else a call after a pool, or before the head."""
    survey, facts = case.survey, case.facts.dropout
    idle = [call for call in survey.calls(Kind.DROPOUT) if _drops_nothing(call)]
    active = sum(rate > 0 for place, rate in enumerate(facts.rates) if place not in facts.switched_off)
    missing = case.asked.minimum - active
    if idle:
        with suppress(CannotChange):
            yield _awake(survey, idle)
    pools = survey.calls(Kind.MAX_POOL, Kind.AVERAGE_POOL)
    places = [call.name for call in reversed(pools) if len(survey.train.shape(call.name)) == 4]
    begins = survey.head.begins
    for name in dict.fromkeys([*places, *(begins if len(begins) == 1 else ())]):
        if missing == 1 and name in survey.train.calls and name not in survey.head.reductions:
            with suppress(CannotChange):
                yield _with_dropout(survey, name)
                return
    if missing > 1 and len(survey.trunk) >= missing:
        with suppress(CannotChange):
            yield _with_dropouts(survey, survey.trunk[-missing:])


def _drops_nothing(call: Call) -> bool:
    return call.arguments.get("p") == 0 or call.arguments.get("train") is not True


def _awake(survey: Survey, calls: list[Call]) -> Option:
    draft = Draft(survey.export)
    for call in calls:
        draft.set_argument("train", call.name, "train", True)
        if call.arguments.get("p") == 0:
            for mode, name in draft.twins(call.name):
                draft.set_argument(mode, name, "p", RATE)
    names = ", ".join(f"{called(call.node.module or call.operation.short)}{at(_made(survey, call))}" for call in calls)
    return Option(
        f"Let {names} drop something: a rate above 0, and active while training.",
        draft,
        (f"nn.Dropout({RATE})",),
        _made(survey, calls[0]),
    )


def _made(survey: Survey, call: Call) -> Location | None:
    return survey.made_at.get(call.node.module) or call.node.location


def _with_dropout(survey: Survey, name: str) -> Option:
    draft = Draft(survey.export)
    _insert_dropout(draft, name)
    call = survey.train.calls[name]
    return Option(
        f"Make a dropout and call it in forward after {placed(survey, call)}.",
        draft,
        (f"nn.Dropout({RATE})",),
        call.node.location,
    )


def _with_dropouts(survey: Survey, calls: tuple[Call, ...]) -> Option:
    draft = Draft(survey.export)
    for call in calls:
        _insert_dropout(draft, call.name)
    names = ", ".join(placed(survey, call) for call in calls[:_SHOWN])
    return Option(f"Call a dropout after each of {names}.", draft, (f"nn.Dropout({RATE})",), calls[0].node.location)


def _insert_dropout(draft: Draft, name: str) -> None:
    for mode, source in draft.twins(name):
        node = draft.new_node("aten.dropout.default", Reference(ref=source), RATE, mode == "train")
        draft.insert(mode, node, after=source)
        draft.replace_reads(mode, source, node.name, but=frozenset({node.name}))
