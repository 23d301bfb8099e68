"""How the points are distributed: a histogram, those who passed below and those who did not on top."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from grader.model.result import ResultRow
from grader.report.figures.svg import element, figure, label, line, number
from grader.report.notation import count, plural, points

_WIDTH, _HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 18.0, 40.0, 44.0
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_MOST_BARS, _MOST_LINES, _MOST_NUMBERS = 24, 5, 8


def distribution(rows: Sequence[ResultRow]) -> Markup | None:
    """Bars of equal width, each closed to the right: full marks stand with those just below. None without a grade."""
    graded = [(row.points, row.result == "pass") for row in rows if row.points is not None]
    if not graded:
        return None
    end = max(*(earned for earned, _ in graded), *(row.max_points for row in rows), 1.0)
    width = _step(end, _MOST_BARS)
    bars = math.ceil(end / width - 1e-9)
    passed = Counter(_bar(earned, width) for earned, good in graded if good)
    missed = Counter(_bar(earned, width) for earned, good in graded if not good)
    tallest = max(passed[index] + missed[index] for index in range(bars))
    rise = max(_step(tallest, _MOST_LINES), 1)
    top = math.ceil(tallest / rise) * rise
    across, up = (_WIDTH - _LEFT - _RIGHT) / (bars * width), (_HEIGHT - _TOP - _BOTTOM) / top
    drawn = [label("Students by points", 0, 14, "panel-title")]
    for tick in range(round(top / rise) + 1):
        y = _HEIGHT - _BOTTOM - tick * rise * up
        drawn.append(line(_LEFT, y, _WIDTH - _RIGHT, y, "grid"))
        drawn.append(label(count(round(tick * rise)), _LEFT - 7, y + 4, "tick", "end"))
    for index in range(bars):
        drawn += _stack(index, width, across, up, passed[index], missed[index])
    drawn += _numbers(bars, width, across)
    middle = statistics.median(earned for earned, _ in graded)
    drawn += _median(middle, _LEFT + middle * across)
    described = (
        f"{plural(len(graded), 'student')} with a grade, from {points(min(graded)[0])} to {points(max(graded)[0])}"
        f" points; median {points(middle)}."
    )
    return figure("distribution", "Students by points", described, _WIDTH, _HEIGHT, *drawn)


def _step(extent: float, most: int) -> float:
    """The smallest round step that parts `extent` into at most `most`."""
    return next((step for step in _STEPS if extent / step <= most), extent / most)


def _bar(earned: float, width: float) -> int:
    return max(math.ceil(earned / width - 1e-9) - 1, 0)


def _stack(index: int, width: float, across: float, up: float, passed: int, missed: int) -> list[Markup]:
    if not passed + missed:
        return []
    x, wide = _LEFT + index * width * across + 1.5, width * across - 3
    low, high = points(index * width), points((index + 1) * width)
    said = f"{low} to {high} points: {count(passed)} passed, {count(missed)} did not"
    base, parts = _HEIGHT - _BOTTOM, [element("title", said)]
    for students, class_ in ((passed, "bar-passed"), (missed, "bar-missed")):
        if students:
            tall = students * up
            base -= tall
            parts.append(element("rect", class_=class_, x=x, y=base, width=wide, height=tall))
    return [element("g", *parts)]


def _numbers(bars: int, width: float, across: float) -> list[Markup]:
    every = math.ceil(bars / _MOST_NUMBERS)
    y = _HEIGHT - _BOTTOM + 19
    marks = [
        label(points(index * width), _LEFT + index * width * across, y, "tick", "middle")
        for index in range(0, bars + 1, every)
    ]
    return [*marks, label("points", _WIDTH - _RIGHT, _HEIGHT - 4, "tick", "end")]


def _median(value: float, x: float) -> list[Markup]:
    side = "end" if x > _WIDTH / 2 else "start"
    return [
        element("path", class_="median", d=f"M{number(x)} {number(_TOP - 8)}V{number(_HEIGHT - _BOTTOM)}"),
        label(f"median {points(value)}", x + (-5 if side == "end" else 5), _TOP - 10, "best-label", side),
    ]
