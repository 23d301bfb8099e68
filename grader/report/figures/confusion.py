"""The confusion matrix as a heat map with counts."""

import math

from markupsafe import Markup

from grader.report.figures.svg import element, figure, label, rectangle
from grader.report.notation import count, plural

MOST_CLASSES = 20  # more would be too small to read; the most frequent mix-ups are listed instead
_CELL, _LEFT, _TOP = 34.0, 44.0, 44.0


def confusion_matrix(matrix: tuple[tuple[int, ...], ...]) -> Markup | None:
    """Rows: true class, columns: predicted. Right answers in one tint, mistakes in another, darker where more."""
    classes = len(matrix)
    if not 2 <= classes <= MOST_CLASSES or any(len(row) != classes for row in matrix):
        return None
    worst = max((matrix[i][j] for i in range(classes) for j in range(classes) if i != j), default=0)
    drawn = [
        label("predicted", _LEFT + classes * _CELL / 2, 12, "axis", "middle"),
        element(
            "text",
            "true class",
            class_="axis",
            text_anchor="middle",
            transform=f"translate(11 {_TOP + classes * _CELL / 2:.0f}) rotate(-90)",
        ),
    ]
    for index in range(classes):
        drawn.append(label(str(index), _LEFT + (index + 0.5) * _CELL, _TOP - 9, "tick", "middle"))
        drawn.append(label(str(index), _LEFT - 9, _TOP + (index + 0.5) * _CELL + 4, "tick", "end"))
    for row, numbers in enumerate(matrix):
        for column, number in enumerate(numbers):
            drawn += _cell(row, column, number, worst)
    wrong = sum(sum(row) for row in matrix) - sum(matrix[index][index] for index in range(classes))
    right = sum(matrix[index][index] for index in range(classes))
    return figure(
        "confusion",
        "Confusion matrix",
        f"Rows are the true class, columns the predicted one. {plural(right, 'image')} right, {count(wrong)} wrong.",
        _LEFT + classes * _CELL + 2,
        _TOP + classes * _CELL + 2,
        *drawn,
    )


def _cell(row: int, column: int, number: int, worst: int) -> list[Markup]:
    x, y = _LEFT + column * _CELL, _TOP + row * _CELL
    if row == column:
        square = rectangle(x + 1, y + 1, _CELL - 2, _CELL - 2, "cell-right", rx=3)
    elif number:
        strength = 0.12 + 0.33 * math.sqrt(number / worst)
        square = rectangle(x + 1, y + 1, _CELL - 2, _CELL - 2, "cell-wrong", rx=3, fill_opacity=strength)
    else:
        return [rectangle(x + 1, y + 1, _CELL - 2, _CELL - 2, "cell-none", rx=3)]
    long = "cell-text small" if number > 9999 else "cell-text"
    return [square, label(str(number), x + _CELL / 2, y + _CELL / 2 + 4, long, "middle")]
