"""What TensorBoard's table of hyperparameters compares runs by."""

from collections.abc import Iterator
from typing import Any

from grader.model.report import GradeReport
from grader.model.training import Training, TrainingRun
from grader.report.escape import visible

Plain = str | bool | int | float
_LEFT_OUT = frozenset({"text", "origins"})


def hyperparameters(
    report: GradeReport, training: Training, run: TrainingRun
) -> tuple[dict[str, Plain], dict[str, float]]:
    """The settings of a run and its figures."""
    model = visible(report.model.name or "")
    settings: dict[str, Plain] = {"model": model, "seed": run.seed, "rubric": visible(report.rubric.id)}
    if report.facts is not None and report.facts.parameters.counted is not None:
        settings["parameters"] = report.facts.parameters.counted
    settings |= dict(_flat(training.recipe or {}))
    return settings, {"hparam/best_accuracy": run.best_accuracy, "hparam/final_accuracy": run.final_accuracy}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Plain]]:
    """Dotted field and value; lists as text."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in _LEFT_OUT:
                yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, bool | int | float):
        yield name, value
    else:
        yield name, "none" if value in (None, []) else visible(str(value))
