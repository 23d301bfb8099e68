"""Global average pooling in place of what turns the maps into a vector now."""

from collections.abc import Iterator

from grader.advice.draft import CannotChange, Draft
from grader.advice.option import Option
from grader.advice.sentences import placed
from grader.advice.survey import Survey, input_of, input_of_node, weight_of
from grader.analysis.flow import Call
from grader.analysis.reductions import REARRANGING
from grader.graph.ops import Kind
from grader.model.graph import Reference

_POOL = "aten.adaptive_avg_pool2d.default"
_FLATTEN = "aten.flatten.using_ints"


def pooled_before_linear(survey: Survey) -> Iterator[Option]:
    """A pool before the linear layer that reads the flattened maps."""
    word, maps, call = _reduction(survey)
    if call is not None and word in ("flatten", "adaptive pool+flatten") and call.kind is Kind.LINEAR:
        yield _before_linear(survey, maps, call)


def average_for_maximum(survey: Survey) -> Iterator[Option]:
    """An average where the head takes the maximum of each map."""
    word, maps, call = _reduction(survey)
    if call is not None and word == "global max pool":
        yield _average_for(survey, maps, call)


def _reduction(survey: Survey) -> tuple[str, str, Call | None]:
    """What leaves the maps: the word for it, the maps, the call; no call where it is not one alone."""
    head = survey.head
    if len(head.begins) != 1 or len(head.reductions) != 1 or not survey.trunk:
        return "", "", None  # without a convolution before it, there is nothing to average
    name, word = next(iter(head.reductions.items()))
    return word, head.begins[0], survey.train.calls.get(name)


def _before_linear(survey: Survey, maps: str, linear: Call) -> Option:
    """Pool the maps to 1×1, so that the linear layer has one input for each channel."""
    weight, channels = weight_of(linear), survey.channels(maps)
    shape = survey.train.shape(maps)
    draft = Draft(survey.export)
    if weight is None or weight not in draft.parameters or len(shape) != 4:
        raise CannotChange("the linear layer's weight is computed")
    outputs, inputs = draft.parameters[weight].shape
    between = _between(survey, maps, linear)
    for place, (mode, source) in enumerate(draft.twins(maps)):
        reader = draft.twins(linear.name)[place][1]
        last = draft.new_node(_POOL, Reference(ref=source), (1, 1))
        draft.insert(mode, last, before=reader)
        flat = draft.new_node(_FLATTEN, Reference(ref=last.name), 1)
        draft.insert(mode, flat, before=reader)
        last = flat
        for kept in between:
            name = draft.twins(kept.name)[place][1]
            last = draft.copy(mode, name, input_of_node(draft.find(mode, name)), last.name)
            draft.insert(mode, last, before=reader)
        draft.set_argument(mode, reader, "input", Reference(ref=last.name))
    draft.resize(weight, (outputs, channels))
    return Option(
        f"Put global average pooling before {placed(survey, linear)}: of the {inputs} values that it reads of each"
        f" image, {channels} are left, one for each channel.",
        draft,
        (
            "x = torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)",
            f"nn.Linear({channels}, {outputs})",
        ),
        survey.location(linear),
    )


def _between(survey: Survey, maps: str, linear: Call) -> list[Call]:
    """Dropout and activations between the maps and the linear layer, in order. Raises CannotChange for more."""
    found: list[Call] = []
    name = input_of(linear)
    while name != maps:
        call = survey.train.calls.get(name)
        if call is None or call.kind not in REARRANGING | {Kind.ACTIVATION}:
            raise CannotChange("more than a reshape lies between the maps and the linear layer")
        if call.kind in (Kind.DROPOUT, Kind.ACTIVATION):
            found.insert(0, call)
        name = input_of(call)
    return found


def _average_for(survey: Survey, maps: str, pool: Call) -> Option:
    """An average over all places in place of a maximum."""
    draft = Draft(survey.export)
    keeps = len(survey.train.shape(pool.name)) == 4
    for (mode, source), (_, old) in zip(draft.twins(maps), draft.twins(pool.name), strict=True):
        mean = draft.new_node("aten.mean.dim", Reference(ref=source), (2, 3), keeps)
        maxima = draft.first_result(mode, old)
        draft.insert(mode, mean, after=maxima)
        draft.replace_reads(mode, maxima, mean.name, but=frozenset({mean.name}))
    return Option(
        f"Average the maps where {placed(survey, pool)} takes their maximum.",
        draft,
        ("nn.AdaptiveAvgPool2d(1)",),
        survey.location(pool),
    )
