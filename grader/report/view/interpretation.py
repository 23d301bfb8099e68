"""A look into the trained model: how each class fares, its first filters, what its surest mistakes hang on."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.model.training import Evaluation, Filter, Mistake, Saliency, Training
from grader.report.escape import visible
from grader.report.figures.filters import largest_weight
from grader.report.notation import count, percent, plural
from grader.report.view.table import Table, table
from grader.report.view.tries import deciding_run

MOST_CLASSES = 20  # of more, those with the most mistakes
MOST_FILTERS = 64
MOST_SALIENCY = 3


@dataclass(frozen=True)
class ClassView:
    """How many images of a class were read right. `share` is what was read wrong, 0 to 1."""

    label: int
    accuracy: str
    wrong: str
    share: float


@dataclass(frozen=True)
class FiltersView:
    """The kernels of the first convolution: how many, how large, of which layer; `largest` is the end of the scale."""

    number: str
    name: str
    note: str
    largest: str
    kernels: tuple[Filter, ...]


@dataclass(frozen=True)
class SaliencyView:
    """One mistake: the image and two maps, all base64."""

    index: int
    label: int
    predicted: int
    probability: str
    image: str
    toward_predicted: str
    toward_label: str


@dataclass(frozen=True)
class InterpretationView:
    """Of the deciding run's best epoch."""

    worst: str  # a sentence
    classes: Table[ClassView]
    filters: FiltersView | None
    saliency: tuple[SaliencyView, ...]


def interpretation_view(training: Training) -> InterpretationView | None:
    """None where nothing was evaluated."""
    run = deciding_run(training)
    if run is None or run.evaluation is None:
        return None
    evaluation = run.evaluation
    sizes = [(label, images, wrong) for label, images, wrong in _sizes(evaluation) if images]
    shown = sizes
    if len(sizes) > MOST_CLASSES:
        shown = sorted(sizes, key=lambda one: (-one[2] / one[1], one[0]))
    return InterpretationView(
        worst=_worst(sizes),
        classes=table(shown, MOST_CLASSES, lambda one: _class(*one)),
        filters=_filters(evaluation),
        saliency=_saliency(evaluation),
    )


def _sizes(evaluation: Evaluation) -> Iterator[tuple[int, int, int]]:
    """Each class, its images, and how many of them were read wrong or not at all."""
    for label, row in enumerate(evaluation.confusion):
        unanswered = evaluation.unanswered[label] if evaluation.unanswered else 0
        yield label, sum(row) + unanswered, sum(row) - row[label] + unanswered


def _class(label: int, images: int, wrong: int) -> ClassView:
    share = wrong / images
    return ClassView(label, percent(1 - share), f"{count(wrong)} of {count(images)}", share)


def _worst(sizes: list[tuple[int, int, int]]) -> str:
    """The class with the largest share of mistakes, and how the others fare, in a sentence."""
    ranked = sorted(sizes, key=lambda one: (-one[2] / one[1], one[0]))
    perfect = [label for label, _, wrong in sizes if not wrong]
    if len(perfect) == len(sizes):
        return "Every image of every class was read right."
    (label, images, wrong), (easiest, easiest_images, easiest_wrong) = ranked[0], ranked[-1]
    others = f"easiest is {easiest} with {percent(1 - easiest_wrong / easiest_images)}"
    if perfect:
        others = f"{len(perfect)} of {len(sizes)} classes {'has' if len(perfect) == 1 else 'have'} no mistake"
    return f"Hardest is {label} with {percent(1 - wrong / images)}, {count(wrong)} of {count(images)} wrong; {others}."


def _filters(evaluation: Evaluation) -> FiltersView | None:
    kernels = evaluation.filters[:MOST_FILTERS]
    if not kernels:
        return None
    total = max(evaluation.filters_total, len(kernels))
    number = plural(total, "kernel") if total == len(kernels) else f"first {len(kernels)} of {count(total)} kernels"
    channels = evaluation.filters_channels
    return FiltersView(
        number=f"The {number} of {kernels[0].height}×{kernels[0].width}",
        name=visible(evaluation.filters_of, 120),
        note=f"; of their {count(channels)} input channels the first" if channels > 1 else "",
        largest=f"{largest_weight(kernels):.2g}",
        kernels=kernels,
    )


def _saliency(evaluation: Evaluation) -> tuple[SaliencyView, ...]:
    mistakes = {mistake.index: mistake for mistake in evaluation.mistakes}
    found = [(one, mistakes[one.index]) for one in evaluation.saliency if one.index in mistakes]
    return tuple(_one(*pair) for pair in found[:MOST_SALIENCY])


def _one(saliency: Saliency, mistake: Mistake) -> SaliencyView:
    return SaliencyView(
        index=mistake.index,
        label=mistake.label,
        predicted=mistake.predicted,
        probability=f"{mistake.probability * 100:.0f} %",
        image=mistake.image,
        toward_predicted=saliency.toward_predicted,
        toward_label=saliency.toward_label,
    )
