"""The points as a ring."""

import math

from markupsafe import Markup

from grader.report.figures.svg import element, figure, label
from grader.report.notation import points

_SIDE, _RADIUS = 132.0, 56.0


def points_ring(earned: float, most: float) -> Markup:
    """A ring filled by the share of the points; a bonus fills it at most once round. The number stands inside."""
    share = min(max(earned / most, 0.0), 1.0) if most > 0 else 0.0
    around = 2 * math.pi * _RADIUS
    middle = _SIDE / 2
    circle = {"cx": middle, "cy": middle, "r": _RADIUS}
    arc = element(
        "circle",
        class_="ring-fill",
        **circle,
        stroke_dasharray=f"{around * share:.2f} {around:.2f}",
        transform=f"rotate(-90 {middle:.0f} {middle:.0f})",
    )
    return figure(
        "points",
        f"{points(earned)} of {points(most)} points",
        "The ring is filled by the share of the points that was earned.",
        _SIDE,
        _SIDE,
        element("circle", class_="ring-track", **circle),
        arc if share > 0 else Markup(""),
        label(points(earned), middle, middle + 6, "ring-number", "middle"),
        label(f"of {points(most)} points", middle, middle + 25, "ring-unit", "middle"),
        class_="ring",
    )
