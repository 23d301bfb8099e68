"""Digits drawn in code, as 28×28 grey pictures that look like handwriting."""

import base64
import math
import random
from functools import cache
from itertools import pairwise

# Strokes of digits in a unit square, as polylines; drawn with a slant and a thickness that vary by the seed.
STROKES: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    0: (((0.5, 0.0), (0.15, 0.2), (0.1, 0.7), (0.45, 1.0), (0.85, 0.75), (0.85, 0.25), (0.5, 0.0)),),
    1: (((0.35, 0.15), (0.55, 0.0), (0.5, 1.0)),),
    2: (((0.15, 0.2), (0.5, 0.0), (0.85, 0.25), (0.5, 0.6), (0.1, 1.0), (0.9, 0.95)),),
    3: (((0.15, 0.1), (0.7, 0.0), (0.8, 0.25), (0.4, 0.45), (0.85, 0.7), (0.6, 1.0), (0.1, 0.9)),),
    4: (((0.3, 0.0), (0.1, 0.55), (0.85, 0.5)), ((0.7, 0.1), (0.65, 1.0))),
    5: (((0.85, 0.0), (0.25, 0.05), (0.2, 0.45), (0.75, 0.5), (0.75, 0.9), (0.15, 1.0)),),
    6: (((0.7, 0.0), (0.25, 0.4), (0.15, 0.85), (0.5, 1.0), (0.8, 0.75), (0.5, 0.55), (0.2, 0.75)),),
    7: (((0.1, 0.05), (0.85, 0.0), (0.45, 1.0)),),
    8: (((0.5, 0.45), (0.2, 0.2), (0.5, 0.0), (0.8, 0.2), (0.2, 0.75), (0.5, 1.0), (0.85, 0.75), (0.5, 0.45)),),
    9: (((0.8, 0.3), (0.5, 0.5), (0.2, 0.3), (0.5, 0.0), (0.8, 0.2), (0.75, 0.6), (0.55, 1.0)),),
}


@cache
def drawing(digit: int, seed: int) -> str:
    """28×28 bytes, base64: the digit in a box of about 20×20, as handwriting would have it."""
    chance = random.Random(seed)
    slant, thickness = chance.uniform(-0.25, 0.35), chance.uniform(1.1, 1.9)
    segments = []
    for stroke in STROKES[digit]:
        points = [
            (
                14 + 16 * (x - 0.5 + slant * (0.5 - y)) + chance.uniform(-0.9, 0.9),
                4.5 + 19 * y + chance.uniform(-0.9, 0.9),
            )
            for x, y in stroke
        ]
        segments += list(pairwise(points))
    pixels = bytearray()
    for row in range(28):
        for column in range(28):
            nearest = min(_distance(column + 0.5, row + 0.5, *segment) for segment in segments)
            pixels.append(round(255 * min(max(thickness + 0.5 - nearest, 0.0), 1.0)))
    return base64.b64encode(bytes(pixels)).decode()


def _distance(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    across, down = end[0] - start[0], end[1] - start[1]
    share = ((x - start[0]) * across + (y - start[1]) * down) / (across**2 + down**2 or 1)
    share = min(max(share, 0.0), 1.0)
    return math.hypot(x - start[0] - share * across, y - start[1] - share * down)
