"""Receptive field growth: nested squares over the input image, and a bar for each layer."""

from markupsafe import Markup

from grader.model.facts import Facts, PerAxis
from grader.report.figures.svg import figure, label, line, rectangle
from grader.report.notation import per_axis

DIGIT_BOX = 20  # MNIST digits are normalised to a box of 20×20 inside 28×28 (LeCun et al., the data set's page)
_DRAWN = 300.0
_BAR, _BAR_HEIGHT = 120.0, 12.0


def extent(value: PerAxis) -> tuple[int, int]:
    """(height, width) of a receptive field."""
    return value if isinstance(value, tuple) else (value, value)


def growth(facts: Facts) -> tuple[tuple[int, int], ...]:
    """The distinct sizes (height, width) on the way to the head, smallest first."""
    final = facts.receptive_field.before_head
    if final is None:
        return ()
    most = extent(final)
    sizes = {extent(layer.receptive_field) for layer in facts.layers if layer.receptive_field is not None} | {most}
    return tuple(sorted(size for size in sizes if size[0] <= most[0] and size[1] <= most[1] and size != (1, 1)))


def nested_squares(facts: Facts) -> Markup | None:
    """What one unit before the head sees, layer by layer, centred on the image; None where there is no spatial path."""
    sizes = growth(facts)
    if not sizes:
        return None
    height, width = facts.input_shape[-2:]
    across = max(width, height, *(max(size) for size in sizes))
    scale = _DRAWN / across
    margin, middle = 26.0, 26.0 + _DRAWN / 2

    def box(size: tuple[int, int], class_: str) -> Markup:
        tall, wide = size[0] * scale, size[1] * scale
        return rectangle(middle - wide / 2, middle - tall / 2, wide, tall, class_)

    squares = [box((height, width), "rf-image")]
    squares += [box(size, "rf-last" if size == sizes[-1] else "rf-step") for size in sizes]
    if (height, width) == (28, 28):
        squares.append(box((DIGIT_BOX, DIGIT_BOX), "rf-digit"))
    squares += _corner_labels(sizes, scale, middle)
    grown = ", ".join(per_axis(size if size[0] != size[1] else size[0]) for size in sizes)
    return figure(
        "receptive-field",
        "Receptive field over the input image",
        f"Nested squares show the sizes {grown} pixels, centred on the image of {height}×{width} pixels.",
        _DRAWN + 2 * margin,
        _DRAWN + 2 * margin,
        *squares,
    )


def _corner_labels(sizes: tuple[tuple[int, int], ...], scale: float, middle: float) -> list[Markup]:
    """The size at the top of each square; of squares that lie too near, the larger is named."""
    labels: list[Markup] = []
    above = float("-inf")
    for size in reversed(sizes):
        top = middle - size[0] * scale / 2
        if top - above >= 13:
            text = per_axis(size if size[0] != size[1] else size[0])
            labels.append(label(text, middle, top + 11, "rf-label", "middle"))
            above = top
    return labels


def growth_bar(value: PerAxis | None, largest: int, image: int) -> Markup:
    """A bar for one row of the layer table, to one scale over all rows, with marks at the digit box and the image."""
    if value is None:
        return Markup("")
    scale = (_BAR - 2) / max(largest, image)
    marks = [(DIGIT_BOX, "bar-digit")] if image == 28 else []
    drawn = [rectangle(0, 3, max(extent(value)) * scale, _BAR_HEIGHT - 6, "bar")]
    drawn += [line(at * scale, 0, at * scale, _BAR_HEIGHT, class_) for at, class_ in [*marks, (image, "bar-image")]]
    return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(
        int(_BAR), int(_BAR_HEIGHT), Markup("").join(drawn)
    )
