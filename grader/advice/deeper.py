"""More convolutions of 3×3, before the last one or right before the head, also with a pool after each."""

from collections.abc import Iterator

from grader.advice.draft import CannotChange, Draft
from grader.advice.option import Option
from grader.advice.sentences import placed
from grader.advice.survey import Survey, input_of
from grader.analysis.flow import Call
from grader.model.graph import Node, Reference

_CONVOLUTION = "aten.conv2d.default"
_POOL = "aten.max_pool2d.default"
_MOST_MORE = 4
_MOST_BLOCKS = 3


def more_before(survey: Survey, call: Call, number: int) -> Iterator[Option]:
    """3×3 convolutions before one that is there, with as many channels as it reads."""
    if 1 <= number <= _MOST_MORE:
        channels = _channels_before(survey, call)
        yield Option(
            f"Put {_many(number)} of 3×3 with {channels} channels before {placed(survey, call)}.",
            _before(survey, call, number, pooled=False),
            (_code(channels),),
            survey.location(call),
        )


def more_at_end(survey: Survey, number: int) -> Iterator[Option]:
    """3×3 convolutions on the maps that the head reads, with as many channels."""
    if 1 <= number <= _MOST_MORE:
        channels, call = survey.channels(survey.head.begins[0]), survey.train.calls.get(survey.head.begins[0])
        where = f", after {placed(survey, call)}" if call else ""
        yield Option(
            f"Put {_many(number)} of 3×3 with {channels} channels right before the head{where}.",
            _at_end(survey, number, pooled=False),
            (_code(channels),),
            call.node.location if call else None,
        )


def blocks(survey: Survey, missing: int, jump: int) -> Iterator[Option]:
    """As few pairs of a 3×3 convolution and a 2×2 pool as add the missing pixels: each adds twice what the last did."""
    number, added = 0, 0
    while added < missing:
        number, added, jump = number + 1, added + 3 * jump, 2 * jump
    if number > _MOST_BLOCKS:
        return
    last = survey.trunk[-1]
    if survey.head.linear and len(survey.head.begins) == 1:
        channels, draft = survey.channels(survey.head.begins[0]), _at_end(survey, number, pooled=True)
        where = "right before the head"
    else:
        channels, draft = _channels_before(survey, last), _before(survey, last, number, pooled=True)
        where = f"before {placed(survey, last)}"
    many = "a block" if number == 1 else f"{number} blocks"
    yield Option(
        f"Put {many} of a 3×3 convolution with {channels} channels and a 2×2 pool {where}.",
        draft,
        (_code(channels), "nn.MaxPool2d(2)"),
        survey.location(last),
    )


def _channels_before(survey: Survey, call: Call) -> int:
    """Channels of what a convolution reads. Raises CannotChange for the first one: that reads the image."""
    if call is survey.trunk[0]:
        raise CannotChange("before the first convolution there is only the image")
    return survey.channels(input_of(call))


def _before(survey: Survey, call: Call, number: int, *, pooled: bool) -> Draft:
    draft = Draft(survey.export)
    parameters = _fresh(draft, _channels_before(survey, call), number)
    for mode, reader in draft.twins(call.name):
        source = draft.find(mode, reader).args[0]
        if not isinstance(source, Reference):
            raise CannotChange("the convolution reads no map")
        nodes = _chain(draft, source.ref, parameters, pooled)
        for node in nodes:
            draft.insert(mode, node, before=reader)
        draft.set_argument(mode, reader, "input", Reference(ref=nodes[-1].name))
    return draft


def _at_end(survey: Survey, number: int, *, pooled: bool) -> Draft:
    draft, maps = Draft(survey.export), survey.head.begins[0]
    parameters = _fresh(draft, survey.channels(maps), number)
    for mode, last in draft.twins(maps):
        nodes = _chain(draft, last, parameters, pooled)
        for node in reversed(nodes):
            draft.insert(mode, node, after=last)
        draft.replace_reads(mode, last, nodes[-1].name, but=frozenset(node.name for node in nodes))
    return draft


def _chain(draft: Draft, source: str, parameters: list[tuple[Reference, Reference]], pooled: bool) -> list[Node]:
    """Convolutions one after the other, the first one on `source`, each with a pool where that is wanted."""
    nodes: list[Node] = []
    for weight, bias in parameters:
        read = Reference(ref=nodes[-1].name if nodes else source)
        nodes.append(draft.new_node(_CONVOLUTION, read, weight, bias, (1, 1), (1, 1)))
        if pooled:
            nodes.append(draft.new_node(_POOL, Reference(ref=nodes[-1].name), (2, 2)))
    return nodes


def _fresh(draft: Draft, channels: int, number: int) -> list[tuple[Reference, Reference]]:
    """Weight and bias of that many 3×3 convolutions."""
    return [
        (
            draft.new_parameter(f"added{index}.weight", (channels, channels, 3, 3)),
            draft.new_parameter(f"added{index}.bias", (channels,)),
        )
        for index in range(number)
    ]


def _many(number: int) -> str:
    return "one more convolution" if number == 1 else f"{number} more convolutions"


def _code(channels: int) -> str:
    return f"nn.Conv2d({channels}, {channels}, 3, padding=1)"
