"""Parameters against best accuracy: a dot per student that leads to the report.

Both axes are logarithmic: the parameters, and the error, as 99.4 % and 99.5 % would lie on one pixel otherwise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.batch.results.assignment import Assignment
from grader.model.result import ResultRow
from grader.report.figures.axes import ERRORS, accuracy_tick, error_of, is_drawable, ticks_around
from grader.report.figures.svg import dot, element, figure, label, line, rectangle
from grader.report.notation import count, percent, plural

_WIDTH, _HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 18.0, 40.0, 44.0
_RADIUS = 3.4
MOST_DOTS = 3000


@dataclass(frozen=True)
class Plane:
    """Where a pair of figures lies."""

    fewest: float  # log10 of parameters
    most: float
    ticks: tuple[float, ...]  # accuracies, the worst first

    def x(self, parameters: float) -> float:
        """The place of a number of parameters."""
        share = (math.log10(max(parameters, 1)) - self.fewest) / (self.most - self.fewest)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    def y(self, accuracy: float) -> float:
        """The place of an accuracy; what lies outside is drawn at the edge."""
        low, high = (-math.log10(error_of(tick)) for tick in (self.ticks[0], self.ticks[-1]))
        share = (-math.log10(error_of(accuracy)) - low) / (high - low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - min(max(share, 0.0), 1.0))


def scatter(rows: Sequence[ResultRow], assignment: Assignment) -> Markup | None:
    """None where nobody was trained. Of more than 3,000 dots every so many are drawn."""
    known = [row for row in rows if row.parameters is not None and is_drawable(row.best_accuracy)]
    if not known:
        return None
    every = math.ceil(len(known) / MOST_DOTS)
    shown = known[::every]
    plane = _plane(shown, assignment)
    lines, labels = _aims(plane, assignment)
    drawn = [label("Best accuracy by parameters", 0, 14, "panel-title"), *lines]
    for tick in plane.ticks:
        drawn.append(line(_LEFT, plane.y(tick), _WIDTH - _RIGHT, plane.y(tick), "grid"))
        drawn.append(label(accuracy_tick(tick), _LEFT - 7, plane.y(tick) + 4, "tick", "end"))
    for parameters in _round_numbers(plane):
        x = plane.x(parameters)
        drawn.append(line(x, _TOP, x, _HEIGHT - _BOTTOM, "grid"))
        drawn.append(label(count(round(parameters)), x, _HEIGHT - _BOTTOM + 19, "tick", "middle"))
    drawn.append(label("parameters", _WIDTH - _RIGHT, _HEIGHT - 4, "tick", "end"))
    # For those who see: the table holds the same figures and links, in an order.
    dots = [_dot(row, plane) for row in sorted(shown, key=lambda row: row.result == "pass")]
    drawn += [element("g", *dots, aria_hidden="true"), *labels]
    described = f"{plural(len(known), 'student')}{f', one of {every} drawn' if every > 1 else ''}."
    return figure("scatter", "Best accuracy by parameters", described, _WIDTH, _HEIGHT, *drawn)


def _plane(rows: Sequence[ResultRow], assignment: Assignment) -> Plane:
    sizes = [row.parameters or 1 for row in rows] + ([assignment.limit] if assignment.limit else [])
    fewest, most = math.log10(max(min(sizes), 1)), math.log10(max(*sizes, 1))
    room = max((most - fewest) * 0.06, 0.05)
    errors = [error_of(row.best_accuracy) for row in rows]
    errors += [error_of(assignment.target)] if assignment.target is not None else []
    return Plane(fewest - room, most + room, tuple(1 - tick for tick in ticks_around(ERRORS, errors)))


def _round_numbers(plane: Plane) -> list[float]:
    """1, 2, 5 times powers of ten; powers alone where there are many."""
    powers = range(math.floor(plane.fewest), math.ceil(plane.most) + 1)
    digits = (1, 2, 5) if plane.most - plane.fewest < 2 else (1,)
    marks = [digit * 10.0**power for power in powers for digit in digits]
    return [mark for mark in marks if plane.fewest <= math.log10(mark) <= plane.most]


def _aims(plane: Plane, assignment: Assignment) -> tuple[list[Markup], list[Markup]]:
    """The limit and the target as lines, and the corner that meets both; and what is written over the dots."""
    target, limit = assignment.target, assignment.limit
    lines, labels = [], []
    if target is not None and limit is not None:
        lines.append(rectangle(_LEFT, _TOP, plane.x(limit) - _LEFT, plane.y(target) - _TOP, "aimed"))
    if target is not None:
        y = plane.y(target)
        lines.append(line(_LEFT, y, _WIDTH - _RIGHT, y, "target"))
        labels.append(label(f"target {percent(target)}", _LEFT + 4, y - 5, "target-label"))
    if limit is not None:
        x = plane.x(limit)
        lines.append(line(x, _TOP, x, _HEIGHT - _BOTTOM, "target"))
        labels.append(label(f"fewer than {count(limit)}", x, _TOP - 6, "target-label", "end"))
    return lines, labels


def _dot(row: ResultRow, plane: Plane) -> Markup:
    said = f"{row.name or row.student}: {count(row.parameters)} parameters, {percent(row.best_accuracy)}"
    class_ = "dot-passed" if row.result == "pass" else "dot-missed"
    drawn = dot(plane.x(row.parameters or 1), plane.y(row.best_accuracy or 0.0), _RADIUS, class_)
    title = element("title", said)
    if row.report is None:
        return element("g", title, drawn)
    return element("a", title, drawn, href=row.report, tabindex="-1")
