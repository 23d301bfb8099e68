"""Which model was graded, why, and which others were found; the layer table; the facts."""

import shlex
from dataclasses import dataclass

from grader.model.facts import Facts, LayerFacts, ModeDifference, PerAxis
from grader.model.report import Flag, GradeReport, ModelSection
from grader.model.submission import Candidate, Location
from grader.report.escape import prose, visible
from grader.report.figures.receptive_field import extent
from grader.report.notation import NOTHING, count, operations, per_axis, place, plural, shape
from grader.report.view.table import Entry, Table, table

MOST_CANDIDATES = 60
MOST_LAYERS = 300
MOST_PROBLEMS = 20
_OUTPUTS = {
    "logits": "logits",
    "log_softmax": "log-softmax",
    "softmax": "softmax (probabilities)",
    "other": "neither logits nor a softmax",
}


@dataclass(frozen=True)
class CandidateView:
    """A class that may be the submission, and what speaks for it."""

    spec: str  # what --model takes
    option: str  # as typed in a shell
    built_by: str
    evidence: tuple[str, ...]
    graded: bool


@dataclass(frozen=True)
class ModelView:
    """What was graded. `name` is empty where nothing could be chosen."""

    name: str
    place: str
    selected_by: str
    built_by: str
    candidates: Table[CandidateView]
    problems: Table[str]


@dataclass(frozen=True)
class Layer:
    """A row of the layer table."""

    name: str
    operation: str
    settings: str
    output: str
    receptive_field: str
    jump: str
    start: str
    parameters: str
    macs: str
    place: str
    field: PerAxis | None  # for the bar
    grows: bool  # its receptive field is larger than any before


@dataclass(frozen=True)
class FactsView:
    """Everything measured that has no table of its own."""

    entries: tuple[Entry, ...]
    by_layer: Table[Entry]
    caveats: Table[str]


def model_view(section: ModelSection) -> ModelView:
    """The model section of any report, graded or not."""
    chosen = next((candidate for candidate in section.candidates if _identity(candidate) == _identity(section)), None)
    kind = chosen.kind if chosen else "class"
    where = "" if section.file is None else place(Location(file=section.file, cell=section.cell, line=section.line))
    return ModelView(
        name=visible(section.name or "", 80),
        place=where,
        selected_by=prose(section.selected_by, 400),
        built_by=_built_by(section.name, section.build, kind) if section.name else "",
        candidates=table(section.candidates, MOST_CANDIDATES, lambda candidate: _candidate(candidate, section)),
        problems=table(section.problems, MOST_PROBLEMS, lambda problem: prose(problem, 300)),
    )


def layers(facts: Facts) -> Table[Layer]:
    """The layer table: calls of the train graph that can influence the output, in order."""
    rows, largest = [], (1, 1)
    for layer in facts.layers:
        size = largest if layer.receptive_field is None else extent(layer.receptive_field)
        grown = (max(largest[0], size[0]), max(largest[1], size[1]))
        rows.append(_layer(layer, grows=grown != largest))
        largest = grown
    return table(rows, MOST_LAYERS, lambda row: row)


def counts_cells(report: GradeReport) -> bool:
    """Whether a notebook's cell is named anywhere, so that the page must say how cells are counted."""
    places = [location for outcome in report.outcomes for location in outcome.evidence]
    places += [layer.location for layer in report.facts.layers if layer.location] if report.facts else []
    places += [one.claim.location for one in report.claims.checked]
    cells = [report.model.cell, *(candidate.cell for candidate in report.model.candidates)]
    return any(cell is not None for cell in cells) or any(location.cell is not None for location in places)


def facts_view(facts: Facts, flags: tuple[Flag, ...] = ()) -> FactsView:
    """Parameters, head, batch norm, dropout, output; caveats and mode differences where no flag tells them."""
    parameters = facts.parameters
    entries = [
        Entry("Parameters", count(parameters.total), "all, shared ones once"),
        Entry("Counted", count(parameters.counted), "with buffers and constants; batch-norm statistics aside"),
        Entry("Trainable", count(parameters.trainable)),
        Entry("Unused", count(parameters.unused), "can't reach the output"),
        Entry("Multiply-accumulates", operations(facts.macs), "convolutions and linear layers, one image"),
        Entry("Input and output", f"{shape(facts.input_shape)} → {shape(facts.output_shape)}", _OUTPUTS[facts.output]),
        Entry("Head", visible(facts.head.kind), _yes(("GAP", facts.head.gap), ("fully connected", facts.head.fc))),
        Entry("Batch norm", plural(facts.batch_norm.layers, "call"), _batch_norm(facts)),
        Entry("Dropout", plural(facts.dropout.layers, "call"), _dropout(facts)),
        Entry("Receptive field", *_receptive_field(facts)),
    ]
    rows = sorted(parameters.by_layer.items(), key=lambda item: -item[1])
    told = {flag.message for flag in flags}
    untold = [_difference(difference) for difference in facts.mode_differences if difference.message not in told]
    untold += [caveat for caveat in facts.caveats if caveat not in told]
    return FactsView(
        entries=tuple(entries),
        by_layer=table(rows, MOST_LAYERS, lambda row: Entry(visible(row[0] or "(the model itself)"), count(row[1]))),
        caveats=table(untold, MOST_PROBLEMS, lambda text: prose(text, 400)),
    )


def _candidate(candidate: Candidate, section: ModelSection) -> CandidateView:
    return CandidateView(
        spec=visible(candidate.spec, 240),
        option=visible(f"--model {shlex.quote(candidate.spec)}", 300),
        built_by=_built_by(candidate.name, candidate.build, candidate.kind),
        evidence=tuple(prose(sentence, 300) for sentence in candidate.evidence[:6]),
        graded=_identity(candidate) == _identity(section),
    )


def _identity(found: Candidate | ModelSection) -> tuple[str | None, int | None, str | None, int | None]:
    return found.file, found.cell, found.name, found.line


def _built_by(name: str, build: str | None, kind: str) -> str:
    return visible(build or (name if kind == "variable" else f"{name}()"), 200)


def _layer(layer: LayerFacts, *, grows: bool) -> Layer:
    return Layer(
        name=visible((layer.name or NOTHING), 60),
        operation=visible(layer.op, 40),
        settings=_settings(layer),
        output=shape(layer.output_shape),
        receptive_field=per_axis(layer.receptive_field),
        jump=per_axis(layer.jump),
        start=per_axis(layer.start),
        parameters=count(layer.parameters) if layer.parameters else NOTHING,
        macs=operations(layer.macs) if layer.macs else NOTHING,
        place=place(layer.location) if layer.location else "",
        field=layer.receptive_field,
        grows=grows,
    )


def _settings(layer: LayerFacts) -> str:
    """Kernel always; stride, padding, dilation and groups where they are not the usual ones."""
    if layer.kernel is None:
        return ""
    parts = [f"kernel {per_axis(layer.kernel)}"]
    usual = (("stride", layer.stride, 1), ("padding", layer.padding, 0), ("dilation", layer.dilation, 1))
    parts += [f"{name} {per_axis(value)}" for name, value, default in usual if value not in (None, default)]
    if layer.groups not in (None, 1):
        parts.append(f"groups {layer.groups}")
    return ", ".join(parts)


def _yes(*named: tuple[str, bool]) -> str:
    return ", ".join(f"{name}: {'yes' if value else 'no'}" for name, value in named)


def _batch_norm(facts: Facts) -> str:
    found = facts.batch_norm
    parts = [] if found.layers == 0 else ["normalises in training" if found.runs else "never runs in training"]
    if found.frozen:
        parts.append(f"{found.frozen} frozen")
    if found.convolutions_without:
        names = ", ".join(visible(name, 40) for name in found.convolutions_without[:6])
        more = len(found.convolutions_without) - 6
        parts.append(f"none after {names}" + (f" and {more} more" if more > 0 else ""))
    return "; ".join(parts)


def _dropout(facts: Facts) -> str:
    found = facts.dropout
    if found.layers == 0:
        return ""
    rates = ", ".join(f"{rate:g}" for rate in found.rates[:12]) + (" …" if len(found.rates) > 12 else "")
    parts = [f"{'rate' if len(found.rates) == 1 else 'rates'} {rates}", "" if found.runs else "never drops anything"]
    parts.append("still active at evaluation" if found.active_in_eval else "")
    return "; ".join(part for part in parts if part)


def _receptive_field(facts: Facts) -> tuple[str, str]:
    field = facts.receptive_field
    if field.before_head is None:
        return "none", "no spatial path from the image to the head"
    notes = [f"jump {per_axis(field.jump)}", "covers the image" if field.covers_input else "smaller than the image"]
    notes += ["with holes (dilation)"] if field.has_holes else []
    notes += ["a squeeze-and-excitation gate sees the whole image anyway"] if field.gated else []
    return f"{per_axis(field.before_head)} px before the head", "; ".join(notes)


def _difference(difference: ModeDifference) -> str:
    return f"{difference.message} ({difference.location})" if difference.location else difference.message
