"""Accuracy and loss over the epochs of one run: two panels, training dashed and evaluation solid with dots.

Accuracy is drawn on a logarithmic scale of the error, as 99.4 % and 99.5 % would lie on one pixel otherwise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from grader.model.training import EpochRecord, TrainingRun
from grader.report.figures.axes import (
    ERRORS,
    SMALLEST_ERROR,
    accuracy_tick,
    epoch_ticks,
    error_of,
    is_drawable,
    ticks_around,
)
from grader.report.figures.svg import dot, figure, label, line, path
from grader.report.notation import decimal, percent, plural

_WIDTH, _HEIGHT = 430.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 38.0, 34.0


@dataclass(frozen=True)
class Curve:
    """One quantity per epoch; None where it was not measured."""

    class_: str  # "training" | "evaluation"
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Panel:
    """What the two panels of a run differ in."""

    identity: str
    title: str
    description: str
    curves: tuple[Curve, ...]
    ticks: tuple[float, ...]
    height_of: Callable[[float], float]  # larger is higher
    written: Callable[[float], str]
    mark: float | None = None  # the value where a line is drawn across
    mark_label: str = ""


def evaluated(epoch: EpochRecord, on: str) -> tuple[float | None, float | None]:
    """(loss, accuracy) on the set that the run is judged by."""
    if on == "test":
        return epoch.test_loss, epoch.test_accuracy
    return epoch.validation_loss, epoch.validation_accuracy


def accuracy_panel(run: TrainingRun, target: float | None, attempt: str = "") -> Markup:
    """Accuracy per epoch with the target as a line and the best epoch as a ring.

    `attempt` tells runs with the same seed apart: "second try".
    """
    curves = (
        Curve("training", tuple(epoch.train_accuracy for epoch in run.epochs)),
        Curve("evaluation", tuple(evaluated(epoch, run.evaluated_on)[1] for epoch in run.epochs)),
    )
    errors = [error_of(value) for curve in curves for value in curve.values if is_drawable(value)]
    if target is not None:
        errors.append(error_of(target))
    aim = "" if target is None else f" The target is {percent(target)}."
    panel = Panel(
        identity=_identity("accuracy", run, attempt),
        title=f"Accuracy by epoch, {_named(run, attempt)}",
        description=f"Best on the {run.evaluated_on} set: {percent(run.best_accuracy)} at epoch {run.best_epoch}, "
        f"of {plural(len(run.epochs), 'epoch')}.{aim}",
        curves=curves,
        ticks=tuple(1 - error for error in ticks_around(ERRORS, errors)),
        height_of=lambda accuracy: -math.log10(error_of(accuracy)),
        written=accuracy_tick,
        mark=target,
        mark_label="" if target is None else f"target {percent(target)}",
    )
    return _draw(panel, run)


def loss_panel(run: TrainingRun, attempt: str = "") -> Markup:
    """Loss per epoch, on a logarithmic scale; `attempt` as above."""
    curves = (
        Curve("training", tuple(epoch.train_loss for epoch in run.epochs)),
        Curve("evaluation", tuple(evaluated(epoch, run.evaluated_on)[0] for epoch in run.epochs)),
    )
    values = [max(value, SMALLEST_ERROR) for curve in curves for value in curve.values if is_drawable(value)]
    scale = [digit * 10.0**power for power in range(6, -5, -1) for digit in (5, 2, 1)]
    last = [value for value in curves[1].values if is_drawable(value)]
    panel = Panel(
        identity=_identity("loss", run, attempt),
        title=f"Loss by epoch, {_named(run, attempt)}",
        description=f"Last loss on the {run.evaluated_on} set: {decimal(last[-1]) if last else 'not recorded'}.",
        curves=curves,
        ticks=ticks_around(scale, values),
        height_of=lambda loss: math.log10(max(loss, SMALLEST_ERROR)),
        written=lambda loss: f"{loss:g}",
    )
    return _draw(panel, run)


def _identity(quantity: str, run: TrainingRun, attempt: str) -> str:
    return "-".join([*attempt.split(), quantity, str(run.seed)])


def _named(run: TrainingRun, attempt: str) -> str:
    return f"{attempt}, seed {run.seed}" if attempt else f"seed {run.seed}"


def _draw(panel: Panel, run: TrainingRun) -> Markup:
    low, high = sorted((panel.height_of(panel.ticks[0]), panel.height_of(panel.ticks[-1])))
    last = max(len(run.epochs), 2)
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(epoch: float) -> float:
        return _LEFT + wide * (0.5 if len(run.epochs) == 1 else (epoch - 1) / (last - 1))

    def y(value: float) -> float:
        share = (panel.height_of(value) - low) / (high - low)
        return _TOP + tall * (1 - min(max(share, 0.0), 1.0))

    drawn = [label(panel.title.split(" by ")[0], 0, 14, "panel-title")]
    for tick in panel.ticks:
        drawn.append(line(_LEFT, y(tick), _WIDTH - _RIGHT, y(tick), "grid"))
        drawn.append(label(panel.written(tick), _LEFT - 7, y(tick) + 4, "tick", "end"))
    for epoch in epoch_ticks(len(run.epochs)):
        drawn.append(label(str(epoch), x(epoch), _HEIGHT - 16, "tick", "middle"))
    drawn.append(label("epoch", _WIDTH - _RIGHT, _HEIGHT - 2, "tick", "end"))
    if panel.mark is not None:
        at = y(panel.mark)
        drawn.append(line(_LEFT, at, _WIDTH - _RIGHT, at, "target"))
        early = run.best_epoch - 1 < (last - 1) / 2  # the curve is high where the label would stand
        place, side = (_WIDTH - _RIGHT, "end") if early else (_LEFT + 4, "start")
        drawn.append(label(panel.mark_label, place, at - 5, "target-label", side))
    for curve in panel.curves:
        drawn += _curve(curve, x, y)
    drawn += _best(panel, run, x, y)
    return figure(panel.identity, panel.title, panel.description, _WIDTH, _HEIGHT, *drawn)


def _curve(curve: Curve, x: Callable[[float], float], y: Callable[[float], float]) -> list[Markup]:
    """The line, broken where nothing was measured; dots where there is room or nothing to connect."""
    drawn: list[Markup] = []
    piece: list[tuple[float, float]] = []
    for epoch, value in enumerate((*curve.values, None), start=1):
        if value is not None and math.isfinite(value):
            piece.append((x(epoch), y(value)))
            continue
        if len(piece) > 1:
            drawn.append(path(piece, f"curve {curve.class_}"))
        if len(piece) == 1 or (curve.class_ == "evaluation" and len(curve.values) <= 40):
            drawn += [dot(*point, 2.4, f"dot {curve.class_}") for point in piece]
        piece = []
    return drawn


def _best(panel: Panel, run: TrainingRun, x: Callable[[float], float], y: Callable[[float], float]) -> list[Markup]:
    values = panel.curves[1].values
    value = values[run.best_epoch - 1] if 0 < run.best_epoch <= len(values) else None
    if value is None or not math.isfinite(value):
        return []
    at = (x(run.best_epoch), y(value))
    side = "end" if at[0] > _WIDTH * 0.75 else "start" if at[0] < _WIDTH * 0.25 else "middle"
    below = panel.mark is None and at[1] < _HEIGHT - _BOTTOM - 26
    text = f"best: epoch {run.best_epoch}"
    return [dot(*at, 5.5, "best"), label(text, at[0], at[1] + (20 if below else -11), "best-label", side)]
