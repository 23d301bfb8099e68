"""All pictures of the look into a model, ready for the template."""

from dataclasses import dataclass

from markupsafe import Markup

from grader.report.figures.class_bar import class_bar
from grader.report.figures.digit import picture
from grader.report.figures.filters import kernel, largest_weight, magnification, scale_bar
from grader.report.figures.saliency import overlay
from grader.report.view.interpretation import InterpretationView, SaliencyView


@dataclass(frozen=True)
class Tile:
    """A picture and the size it is shown at, in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Looks:
    """Three pictures of one mistake as data URIs; None where the data is no picture."""

    image: str | None
    toward_predicted: str | None
    toward_label: str | None


@dataclass(frozen=True)
class InterpretationDrawings:
    """One entry per row of the view."""

    classes: tuple[Markup, ...] = ()
    saliency: tuple[Looks, ...] = ()
    kernels: tuple[Tile | None, ...] = ()
    scale: Markup | None = None


def draw_interpretation(view: InterpretationView | None) -> InterpretationDrawings:
    """The pictures for that view; none where there is none."""
    if view is None:
        return InterpretationDrawings()
    largest = max((row.share for row in view.classes.rows), default=0.0)
    return InterpretationDrawings(
        classes=tuple(class_bar(row.share, largest) for row in view.classes.rows),
        saliency=tuple(map(_looks, view.saliency)),
        kernels=_tiles(view),
        scale=scale_bar(),
    )


def _looks(one: SaliencyView) -> Looks:
    predicted, label = overlay(one.image, one.toward_predicted), overlay(one.image, one.toward_label)
    return Looks(picture(one.image), predicted.uri if predicted else None, label.uri if label else None)


def _tiles(view: InterpretationView) -> tuple[Tile | None, ...]:
    if view.filters is None:
        return ()
    largest = largest_weight(view.filters.kernels)
    tiles: list[Tile | None] = []
    for one in view.filters.kernels:
        drawn, times = kernel(one, largest), magnification(one)
        tiles.append(Tile(drawn.uri, drawn.width * times, drawn.height * times) if drawn else None)
    return tuple(tiles)
