"""Small multiples, one per model: the error by epoch of every seed, and beside it the best and the last accuracies.

All panels of a page share their scales, so that models can be compared by eye.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.model.calibration import Calibration, Distribution, ModelCalibration, SeedRun
from grader.report.figures.axes import ERRORS, accuracy_tick, epoch_ticks, error_of, ticks_around
from grader.report.figures.svg import dot, element, figure, label, line, number
from grader.report.notation import percent, plural

_WIDTH, _HEIGHT = 360.0, 220.0
_STRIP = 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 38.0, 34.0
_DOT = 3.0
# Between the ticks of the curves: what tells one seed's best epoch from another's.
_FINE = tuple(
    digit * 10.0**-power for power in range(1, 5) for digit in (9, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1)
)


@dataclass(frozen=True)
class Scale:
    """Accuracies between two heights, by the logarithm of their error; what lies outside is drawn at the edge."""

    ticks: tuple[float, ...]  # accuracies

    def __call__(self, accuracy: float) -> float:
        """The vertical place of an accuracy."""
        low, high = (math.log10(error_of(tick)) for tick in (self.ticks[0], self.ticks[-1]))
        share = (math.log10(error_of(accuracy)) - low) / (high - low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - min(max(share, 0.0), 1.0))


def curve_panels(calibration: Calibration) -> tuple[Markup, ...]:
    """One panel per model: a line per seed, dashed where it never reaches the target."""
    runs = [run for model in calibration.models for run in model.runs]
    scale = _scale(ERRORS, [*(value for run in runs for value in run.accuracies), calibration.target])
    epochs = max(len(run.accuracies) for run in runs)
    return tuple(_curves(model, calibration.target, scale, epochs) for model in calibration.models)


def strip_panels(calibration: Calibration) -> tuple[Markup, ...]:
    """One panel per model: a dot per seed for its best and one for its last accuracy, a bar at the median."""
    runs = [run for model in calibration.models for run in model.runs]
    values = [value for run in runs for value in (run.best_accuracy, run.final_accuracy)]
    scale = _scale(_FINE, [*values, calibration.target])
    return tuple(_strip(model, calibration.target, scale) for model in calibration.models)


def _scale(errors: Sequence[float], accuracies: Sequence[float]) -> Scale:
    return Scale(tuple(1 - tick for tick in ticks_around(errors, [error_of(value) for value in accuracies])))


def _frame(scale: Scale, title: str, width: float, target: float) -> list[Markup]:
    drawn = [label(title, 0, 14, "panel-title")]
    for tick in scale.ticks:
        drawn.append(line(_LEFT, scale(tick), width - _RIGHT, scale(tick), "grid"))
        drawn.append(label(accuracy_tick(tick), _LEFT - 7, scale(tick) + 4, "tick", "end"))
    drawn.append(line(_LEFT, scale(target), width - _RIGHT, scale(target), "target"))
    return drawn


def _curves(model: ModelCalibration, target: float, scale: Scale, epochs: int) -> Markup:
    def x(epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (0.5 if epochs == 1 else (epoch - 1) / (epochs - 1))

    drawn = _frame(scale, "Accuracy by epoch", _WIDTH, target)
    drawn += [label(str(epoch), x(epoch), _HEIGHT - 16, "tick", "middle") for epoch in epoch_ticks(epochs)]
    drawn.append(label("epoch", _WIDTH - _RIGHT, _HEIGHT - 2, "tick", "end"))
    drawn.append(label(f"target {percent(target)}", _LEFT + 4, scale(target) - 5, "target-label"))
    missed_first = sorted(model.runs, key=lambda run: run.epoch_at_target is not None)
    for run in missed_first:
        drawn += _curve(run, x, scale)
    reaching = model.reaching
    description = (
        f"{plural(reaching.of, 'seed')}, of which {reaching.reached} reached {percent(target)} in some epoch."
        f" Best accuracies from {percent(model.best.minimum)} to {percent(model.best.maximum)}."
    )
    return figure(f"curves-{model.key}", f"Accuracy by epoch, {model.key}", description, _WIDTH, _HEIGHT, *drawn)


def _curve(run: SeedRun, x: Callable[[float], float], scale: Scale) -> list[Markup]:
    """The line and its end; a pointer that rests on it is told which seed it is."""
    points = [(x(epoch), scale(accuracy)) for epoch, accuracy in enumerate(run.accuracies, start=1)]
    kind = "missed" if run.epoch_at_target is None else "reached"
    best = f"best {percent(run.best_accuracy)} at epoch {run.best_epoch}"
    said = f"seed {run.seed}: {best}, last {percent(run.final_accuracy)}"
    end = dot(*points[-1], 2.2, f"end-{kind}")
    if len(points) == 1:
        return [end]
    steps = " ".join(f"{'L' if index else 'M'}{number(a)} {number(b)}" for index, (a, b) in enumerate(points))
    return [element("path", element("title", said), class_=f"seed-{kind}", d=steps), end]


def _strip(model: ModelCalibration, target: float, scale: Scale) -> Markup:
    drawn = _frame(scale, "Best and last", _STRIP, target)
    half = (_STRIP - _LEFT - _RIGHT) / 4
    for name, middle, values, spread in (
        ("best", _LEFT + half, [run.best_accuracy for run in model.runs], model.best),
        ("last", _LEFT + 3 * half, [run.final_accuracy for run in model.runs], model.final),
    ):
        drawn.append(label(name, middle, _HEIGHT - 16, "tick", "middle"))
        drawn += [dot(x, y, _DOT, f"swarm-{name}") for x, y in swarm(values, middle, half * 0.85, scale)]
        height = scale(spread.median)
        drawn.append(line(middle - half * 0.9, height, middle + half * 0.9, height, "median"))
    description = f"Best: {_spread(model.best)}. Last: {_spread(model.final)}."
    return figure(
        f"strip-{model.key}", f"Best and last accuracy, {model.key}", description, _STRIP, _HEIGHT, *drawn,
        class_="figure strip",
    )  # fmt: skip


def _spread(values: Distribution) -> str:
    return f"median {percent(values.median)}, {percent(values.minimum)} to {percent(values.maximum)}"


def swarm(
    values: Sequence[float], middle: float, most: float, place: Callable[[float], float]
) -> list[tuple[float, float]]:
    """Dots at their heights, those of one height side by side, at most `most` from the middle."""
    rows: dict[int, list[float]] = {}
    for height in sorted(place(value) for value in values):
        rows.setdefault(round(height / (2 * _DOT)), []).append(height)
    dots = []
    for heights in rows.values():
        step = min(2 * _DOT + 1, 2 * most / max(len(heights) - 1, 1))
        for index, height in enumerate(heights):
            dots.append((middle + step * (index - (len(heights) - 1) / 2), height))
    return dots
