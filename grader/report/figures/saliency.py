"""Where a model looks, drawn over the digit it looks at."""

from grader.report.figures.digit import SIDE, pixels_of
from grader.report.figures.png import Picture

HEAT = (213, 64, 30)  # one hue, told apart by its strength: readable with any colour vision
_INK = (128, 128, 128)
_MOST_INK = 0.55  # the opacity of the digit's strokes
_CURVE = 1.3  # gradients are noisy: what is weak fades a little


def overlay(image: str, heat: str) -> Picture | None:
    """The digit in grey and its map in red, on nothing, so that it suits light and dark paper.

    `image` and `heat` are 784 bytes each, base64; None when they are not that.
    """
    ink, strength = pixels_of(image), pixels_of(heat)
    if ink is None or strength is None:
        return None
    return Picture(SIDE, SIDE, b"".join(_blend(*pair) for pair in zip(ink, strength, strict=True)))


def _blend(ink: int, strength: int) -> bytes:
    """Red over grey (Porter & Duff's "over"), not premultiplied, as PNG stores it."""
    above = (strength / 255) ** _CURVE
    below = _MOST_INK * ink / 255 * (1 - above)
    opacity = above + below
    if opacity == 0:
        return bytes(4)
    mixed = ((red * above + grey * below) / opacity for red, grey in zip(HEAT, _INK, strict=True))
    return bytes([*(round(value) for value in mixed), round(255 * opacity)])
