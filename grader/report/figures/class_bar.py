"""How much of a class was read wrong, as a bar beside its number."""

from markupsafe import Markup

from grader.report.figures.svg import element, rectangle

_WIDTH, _HEIGHT = 120, 12


def class_bar(share: float, largest: float) -> Markup:
    """To one scale over all classes: the largest share fills it."""
    width = _WIDTH * share / largest if largest > 0 else 0.0
    bar = [rectangle(0, 1, width, _HEIGHT - 2, "bar-wrong", rx=1.5)] if width else []
    return element("svg", *bar, class_="spark", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", aria_hidden="true")
