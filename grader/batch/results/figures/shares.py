"""Bars that are parted by share: the results of the class, and each criterion's."""

from collections.abc import Iterable

from markupsafe import Markup

from grader.report.figures.svg import element, figure, rectangle
from grader.report.notation import count

_WIDTH, _HEIGHT = 1000.0, 26.0
_BAR_WIDTH, _BAR_HEIGHT = 240.0, 12.0
_GAP = 2.0

Part = tuple[str, int, str]  # word, how many, class


def results_bar(parts: Iterable[Part]) -> Markup | None:
    """One bar over the whole width; None of nobody."""
    there = [part for part in parts if part[1]]
    if not there:
        return None
    described = ", ".join(f"{word}: {count(number)}" for word, number, _ in there)
    pieces = _pieces(there, sum(part[1] for part in there), _WIDTH, _HEIGHT)
    return figure("results", "Results of the class", described, _WIDTH, _HEIGHT, *pieces)


def share_bar(parts: Iterable[Part], whole: int) -> Markup:
    """A small bar beside its numbers; `whole` fills it."""
    pieces = _pieces([part for part in parts if part[1]], max(whole, 1), _BAR_WIDTH, _BAR_HEIGHT)
    box = f"0 0 {_BAR_WIDTH:.0f} {_BAR_HEIGHT:.0f}"
    return element("svg", *pieces, class_="share", viewBox=box, preserveAspectRatio="none", aria_hidden="true")


def _pieces(parts: Iterable[Part], whole: int, width: float, height: float) -> list[Markup]:
    drawn, x = [], 0.0
    for word, number, class_ in parts:
        wide = width * number / whole
        inner = max(wide - _GAP, min(wide, 1.0))
        piece = rectangle(x, 0, inner, height, class_, rx=2.0)
        drawn.append(element("g", element("title", f"{word}: {count(number)}"), piece))
        x += wide
    return drawn
