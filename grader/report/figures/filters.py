"""The kernels of a first convolution as small pictures: blue below zero, orange above, nothing at zero."""

from collections.abc import Sequence

from markupsafe import Markup

from grader.model.training import Filter
from grader.report.figures.png import Picture
from grader.report.figures.svg import element, rectangle

NEGATIVE, POSITIVE = (43, 123, 186), (217, 115, 26)  # told apart with any colour vision
TILE, _MOST_SCALE = 48, 24  # pixels on the screen: of a kernel's longer side, of one weight
_STEPS = 8  # of the scale, to each side of zero


def largest_weight(filters: Sequence[Filter]) -> float:
    """The largest weight, whatever its sign; all kernels are drawn on its scale."""
    return max((abs(weight) for one in filters for weight in one.weights), default=0.0)


def kernel(one: Filter, largest: float) -> Picture | None:
    """One pixel per weight, as opaque as the weight is large; None where the data does not fit together."""
    if one.height < 1 or one.width < 1 or one.height * one.width != len(one.weights):
        return None
    return Picture(one.width, one.height, b"".join(_colour(weight, largest) for weight in one.weights))


def magnification(one: Filter) -> int:
    """Pixels of the screen for one weight, a whole number, so that all weights are drawn alike."""
    return min(max(TILE // max(one.height, one.width), 2), _MOST_SCALE)


def scale_bar() -> Markup:
    """From the most negative weight to the most positive; the numbers stand beside it."""
    cells = [
        rectangle(
            (step + _STEPS) * 8, 0, 8, 12, "weight-positive" if step > 0 else "weight-negative",
            fill_opacity=abs(step) / _STEPS,
        )
        for step in range(-_STEPS, _STEPS + 1)
    ]  # fmt: skip
    width = 8 * (2 * _STEPS + 1)
    return element("svg", *cells, class_="scale", viewBox=f"0 0 {width} 12", aria_hidden="true")


def _colour(weight: float, largest: float) -> bytes:
    strength = abs(weight) / largest if largest > 0 else 0.0
    return bytes([*(POSITIVE if weight > 0 else NEGATIVE), round(255 * min(strength, 1.0))])
