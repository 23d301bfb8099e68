"""A 28×28 grey picture from a report's data."""

import base64
import binascii

from grader.report.figures.png import Picture

SIDE = 28


def picture(image: str) -> str | None:
    """The data URI of `Mistake.image` (base64 of 784 bytes, row-major, 0 is black); None when it is not that."""
    pixels = pixels_of(image)
    return None if pixels is None else Picture(SIDE, SIDE, pixels).uri


def pixels_of(image: str) -> bytes | None:
    """The 784 bytes of an image or a map, base64; None when it is not that."""
    try:
        pixels = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        return None
    return pixels if len(pixels) == SIDE * SIDE else None
