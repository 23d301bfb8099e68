"""The report's pictures as one image each, on white, with captions: (height, width, 3) bytes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from grader.model.training import Evaluation, Filter, Mistake
from grader.report.figures.confusion import MOST_CLASSES
from grader.report.figures.digit import SIDE, pixels_of
from grader.report.figures.filters import TILE, kernel, largest_weight, magnification
from grader.report.figures.png import Picture
from grader.report.figures.saliency import overlay

Pixels = NDArray[np.uint8]
_SCALE = 3  # of a digit
_LINE, _GAP = 14, 8  # pixels: of a caption, between pictures
_CELL = 36
_PAPER, _INK, _RIGHT, _WRONG = (255, 255, 255), (28, 32, 36), (221, 231, 240), (222, 120, 112)


def mistake_sheet(mistakes: Sequence[Mistake]) -> Pixels | None:
    """All mistakes, five in a row, each with its true class, the prediction and its probability."""
    tiles = [(_digit(one.image), f"{one.label} as {one.predicted}, {one.probability * 100:.0f} %") for one in mistakes]
    return _sheet(tiles, 5)


def saliency_sheet(evaluation: Evaluation) -> Pixels | None:
    """A row per mistake: the image, what spoke for the prediction, what spoke for the true class."""
    mistakes = {mistake.index: mistake for mistake in evaluation.mistakes}
    tiles: list[tuple[Image.Image | None, str]] = []
    for one in evaluation.saliency:
        mistake = mistakes.get(one.index)
        if mistake is not None:
            tiles.append((_digit(mistake.image), f"{mistake.label} as {mistake.predicted}"))
            tiles.append((_enlarged(overlay(mistake.image, one.toward_predicted), _SCALE), f"for {mistake.predicted}"))
            tiles.append((_enlarged(overlay(mistake.image, one.toward_label), _SCALE), f"for {mistake.label}"))
    return _sheet(tiles, 3)


def filter_sheet(filters: Sequence[Filter]) -> Pixels | None:
    """All kernels, eight in a row, on one scale: blue below zero, orange above."""
    largest = largest_weight(filters)
    tiles = [(_enlarged(kernel(one, largest), magnification(one)), "") for one in filters]
    return _sheet(tiles, 8, caption=0, least=TILE)


def confusion_picture(matrix: Sequence[Sequence[int]]) -> Pixels | None:
    """Rows: true class, columns: predicted; mistakes are redder where there are more."""
    classes = len(matrix)
    if not 2 <= classes <= MOST_CLASSES or any(len(row) != classes for row in matrix):
        return None
    worst = max(matrix[row][column] for row in range(classes) for column in range(classes) if row != column)
    image = Image.new("RGB", ((classes + 1) * _CELL, (classes + 1) * _CELL), _PAPER)
    draw = ImageDraw.Draw(image)
    for index in range(classes):
        _centred(draw, str(index), index + 1, 0)
        _centred(draw, str(index), 0, index + 1)
    for row, numbers in enumerate(matrix):
        for column, number in enumerate(numbers):
            if number:
                strength = 1.0 if row == column else 0.25 + 0.75 * number / worst
                colour = _mixed(_RIGHT if row == column else _WRONG, strength)
                x, y = (column + 1) * _CELL, (row + 1) * _CELL
                draw.rectangle((x + 1, y + 1, x + _CELL - 2, y + _CELL - 2), fill=colour)
                _centred(draw, str(number), column + 1, row + 1)
    return np.asarray(image)


def _centred(draw: ImageDraw.ImageDraw, text: str, column: int, row: int) -> None:
    left = (column + 0.5) * _CELL - draw.textlength(text) / 2
    draw.text((left, (row + 0.5) * _CELL - _LINE / 2 + 1), text, fill=_INK)


def _mixed(colour: tuple[int, int, int], strength: float) -> tuple[int, int, int]:
    red, green, blue = (round(strength * part + (1 - strength) * 255) for part in colour)
    return red, green, blue


def _digit(image: str) -> Image.Image | None:
    """Ink on paper."""
    pixels = pixels_of(image)
    if pixels is None:
        return None
    drawn = ImageOps.invert(Image.frombytes("L", (SIDE, SIDE), pixels)).convert("RGB")
    return drawn.resize((SIDE * _SCALE, SIDE * _SCALE), Image.Resampling.NEAREST)


def _enlarged(picture: Picture | None, times: int) -> Image.Image | None:
    """An RGBA picture on paper."""
    if picture is None:
        return None
    drawn = Image.frombytes("RGBA", (picture.width, picture.height), picture.pixels)
    paper = Image.alpha_composite(Image.new("RGBA", drawn.size, (*_PAPER, 255)), drawn).convert("RGB")
    return paper.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)


def _sheet(
    tiles: Sequence[tuple[Image.Image | None, str]], columns: int, *, caption: int = _LINE, least: int = 0
) -> Pixels | None:
    """Pictures in rows, framed, with their captions below; None where there is none."""
    drawn = [(tile, text) for tile, text in tiles if tile is not None]
    if not drawn:
        return None
    width = max(least, *(tile.width for tile, _ in drawn)) + _GAP
    height = max(least, *(tile.height for tile, _ in drawn)) + caption + _GAP
    rows = -(-len(drawn) // columns)
    sheet = Image.new("RGB", (min(columns, len(drawn)) * width + _GAP, rows * height + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (tile, text) in enumerate(drawn):
        x, y = _GAP + index % columns * width, _GAP + index // columns * height
        sheet.paste(tile, (x, y))
        draw.rectangle((x - 1, y - 1, x + tile.width, y + tile.height), outline=_mixed(_INK, 0.25))
        draw.text((x, y + tile.height + 2), text, fill=_INK)
    return np.asarray(sheet)
