"""How numbers, places and durations are written in a report."""

import math

from grader.model.facts import PerAxis
from grader.model.submission import Location
from grader.report.escape import visible

NOTHING = "–"


def count(number: int | None) -> str:
    """19204 → "19,204"."""
    return NOTHING if number is None else f"{number:,}"


def percent(fraction: float | None) -> str:
    """0.9944 → "99.44 %"; rounded down, so that no miss looks like a hit."""
    if fraction is None or not math.isfinite(fraction):
        return NOTHING
    return f"{math.floor(fraction * 10_000 + 1e-6) / 100:.2f} %"


def percent_range(interval: tuple[float, float] | None) -> str:
    """(0.9927, 0.9957) → "99.27 to 99.57 %"."""
    return NOTHING if interval is None else f"{interval[0] * 100:.2f} to {interval[1] * 100:.2f} %"


def decimal(number: float | None, digits: int = 4) -> str:
    """A loss or a rate: "0.0213", "2.5e-05"; at most `digits` decimals or significant digits."""
    if number is None or not math.isfinite(number):
        return NOTHING
    if number != 0 and abs(number) < 10**-digits:
        return f"{number:.{digits - 2}g}"
    return f"{number:.{digits}f}"


def rate(number: float | None) -> str:
    """A learning rate: four significant digits, no trailing zeros."""
    return NOTHING if number is None or not math.isfinite(number) else f"{number:.4g}"


def points(number: float) -> str:
    """20.0 → "20", 12.5 → "12.5"."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def plural(number: int, noun: str, many: str = "") -> str:
    """(1, "layer") → "1 layer", (5, "layer") → "5 layers"."""
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def operations(number: int) -> str:
    """1538352 → "1.54 M"."""
    for size, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return count(number)


def per_axis(value: PerAxis | float | tuple[float, float] | str | None) -> str:
    """3 → "3", (3, 5) → "3×5", 1.5 → "1.5"."""
    if value is None:
        return NOTHING
    if isinstance(value, tuple):
        return "×".join(f"{part:g}" for part in value)
    return visible(value) if isinstance(value, str) else f"{value:g}"


def shape(sizes: tuple[int, ...]) -> str:
    """(16, 28, 28) → "16×28×28"."""
    return "×".join(map(str, sizes)) or "one number"


def duration(seconds: float) -> str:
    """Wall time: "0.8 s", "42 s", "6 min 05 s", "1 h 02 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size(number: int | None) -> str:
    """Bytes: "812 MiB", "1.4 GiB"."""
    if number is None:
        return NOTHING
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"


def place(location: Location) -> str:
    """`model.py:12`, `lab.ipynb:cell 3:7`."""
    return visible(str(location))
