"""A training that is under way: its curves as far as they have come. Pure."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from pydantic import ValidationError

from grader.model.training import EpochRecord, TrainingRun
from grader.report.figures.curves import accuracy_panel, evaluated, loss_panel
from grader.report.notation import percent


@dataclass(frozen=True)
class LiveRun:
    """One seed."""

    seed: int
    epochs: int  # that are trained
    planned: int
    share: float  # of the whole run, 0 to 1
    best: str
    left: str  # about how long it goes on
    accuracy: Markup
    loss: Markup


def live_view(events: Sequence[str], target: float | None = None) -> tuple[LiveRun, ...]:
    """The runs that events tell of, each a JSON object of `grader.training.launch.ProgressEvent`.

    `target` is the accuracy that the rubric asks for.
    """
    records: dict[int, dict[int, EpochRecord]] = defaultdict(dict)
    last: dict[int, dict[str, object]] = {}
    for text in events:
        told = json.loads(text)
        if not isinstance(told, dict) or not isinstance(told.get("seed"), int):
            continue
        last[told["seed"]] = told
        if told.get("ended"):
            try:
                record = EpochRecord.model_validate(told["ended"])
            except ValidationError:
                continue
            records[told["seed"]][record.epoch] = record
    return tuple(_run(seed, list(records[seed].values()), told, target) for seed, told in last.items() if records[seed])


def _run(seed: int, records: list[EpochRecord], told: dict[str, object], target: float | None) -> LiveRun:
    on = "test" if any(record.test_accuracy is not None for record in records) else "validation"
    best = max(records, key=lambda record: evaluated(record, on)[1] or 0.0)
    run = TrainingRun(
        seed=seed,
        evaluated_on="test" if on == "test" else "validation",
        best_accuracy=evaluated(best, on)[1] or 0.0,
        best_epoch=best.epoch,
        final_accuracy=evaluated(records[-1], on)[1] or 0.0,
        first_epoch_at_target=None,
        epochs=tuple(records),
    )
    share = told.get("share")
    planned = told.get("epochs")
    return LiveRun(
        seed=seed,
        epochs=len(records),
        planned=planned if isinstance(planned, int) else len(records),
        share=min(max(share, 0.0), 1.0) if isinstance(share, int | float) else 0.0,
        best=percent(run.best_accuracy),
        left=_left(told.get("seconds_left")),
        accuracy=accuracy_panel(run, target),
        loss=loss_panel(run),
    )


def _left(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return ""
    return f"about {seconds:.0f} s left" if seconds < 120 else f"about {seconds / 60:.0f} min left"
