"""The few SVG parts that the figures are made of. Every text and attribute is escaped here."""

from markupsafe import Markup, escape

from grader.report.escape import visible

Value = str | float | int


def number(value: float) -> str:
    """A coordinate: two decimals at most, so that a figure is the same on every machine."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def element(name: str, *children: Markup | str, **attributes: Value) -> Markup:
    """`element("text", "a < b", class_="tick", x=3.5)`: a trailing underscore goes, others become hyphens."""
    written = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), number(value) if isinstance(value, float) else value
        )
        for key, value in attributes.items()
    )
    inside = Markup("").join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)
    opening = Markup("<{}{}").format(name, written)
    return opening + (Markup(">{}</{}>").format(inside, name) if inside else Markup("/>"))


def figure(
    identity: str, title: str, description: str, width: float, height: float, *children: Markup, class_: str = "figure"
) -> Markup:
    """A drawing that a screen reader names by its title and explains by its description."""
    labels = (
        element("title", title, id=f"{identity}-title"),
        element("desc", Markup("{}").format(visible(description, 600)), id=f"{identity}-desc"),
    )
    return element(
        "svg",
        *labels,
        *children,
        class_=class_,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
        preserveAspectRatio="xMidYMid meet",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", class_=class_, x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2))


def rectangle(x: float, y: float, width: float, height: float, class_: str, **attributes: Value) -> Markup:
    """A rectangle by its top left corner."""
    sizes = {"x": float(x), "y": float(y), "width": float(width), "height": float(height)}
    return element("rect", class_=class_, **sizes, **attributes)


def label(text: str, x: float, y: float, class_: str = "tick", anchor: str = "start") -> Markup:
    """Text whose baseline begins, is centred ("middle") or ends ("end") at (x, y)."""
    return element("text", text, class_=class_, x=float(x), y=float(y), text_anchor=anchor)


def dot(x: float, y: float, radius: float, class_: str) -> Markup:
    """A filled circle."""
    return element("circle", class_=class_, cx=float(x), cy=float(y), r=float(radius))


def path(points: list[tuple[float, float]], class_: str) -> Markup:
    """A polyline through the points."""
    steps = " ".join(f"{'L' if index else 'M'}{number(x)} {number(y)}" for index, (x, y) in enumerate(points))
    return element("path", class_=class_, d=steps)
