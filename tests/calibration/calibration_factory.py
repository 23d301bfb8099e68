"""Made-up runs, and the calibrations they come to."""

import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from grader.calibration.calibrate import Asked, calibrate
from grader.model.calibration import Calibration
from grader.model.outcome import Outcome, Status
from grader.model.published import Published
from grader.model.report import GradeReport, ModelSection, Provenance, RubricReference, Score
from grader.model.rubric import Rubric
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.reference.runs import Wanted
from grader.rubric.load import load_rubric

Stopped = Literal["completed", "target", "early_stop", "interrupted", "diverged"]
CREATED = "2026-02-03T04:05:06+00:00"


def run_of(accuracies: Sequence[float], seed: int = 0, stopped: Stopped = "completed") -> TrainingRun:
    epochs = tuple(
        EpochRecord(epoch=index, lr=0.1, train_accuracy=0.98, train_loss=0.1, test_accuracy=value, seconds=12.5)
        for index, value in enumerate(accuracies, start=1)
    )
    best = max(accuracies, default=0.0)
    return TrainingRun(
        seed=seed,
        evaluated_on="test",
        best_accuracy=best,
        best_epoch=list(accuracies).index(best) + 1 if accuracies else 0,
        final_accuracy=accuracies[-1] if accuracies else 0.0,
        first_epoch_at_target=None,
        epochs=epochs,
        stopped=stopped,
        environment={"device": "cpu", "recipe_digest": "5" * 64},
    )


def report_of(run: TrainingRun | None, status: Literal["completed", "partial", "error"] = "completed") -> GradeReport:
    """A report of which only the training matters."""
    return GradeReport(
        scope="full",
        verdict="pass",
        summary="All criteria are met.",
        score=Score(points=1, max_points=1),
        rubric=RubricReference(id="mnist-20k", title="MNIST", digest="0" * 64),
        model=ModelSection.model_validate(
            {"file": "model.py", "cell": None, "class": "Net", "line": 1, "selected_by": ".grader.yml"}
        ),
        training=Training(
            status=status,
            reason="" if status == "completed" else "It was interrupted.",
            recipe={"name": "made up"},
            target=0.994,
            runs=() if run is None else (run,),
        ),
        outcomes=(
            Outcome(
                id="accuracy", title="Accuracy", check="accuracy", kind="required", status=Status.PASSED, points=1,
                max_points=1, expected="", observed="", message="",
            ),
        ),
        provenance=Provenance(
            source="reference model",
            path=None,
            commit=None,
            dirty=False,
            grader_version="0.0.0",
            python="3.11.0",
            torch="2.11.0",
            sandbox="bubblewrap",
            sandbox_strength="isolated",
            data_digest="d" * 64,
            device="cpu",
            created_at=CREATED,
            seconds=250.0,
        ),
    )  # fmt: skip


def published(
    *,
    meets: bool = True,
    rubric: str = "mnist-20k",
    title: str = "A network",
    accuracy: float | None = 0.9944,
    **more: object,
) -> Published:
    accuracies = [] if accuracy is None else [{"accuracy": accuracy, "measured_on": "test", **more}]
    return Published.model_validate(
        {
            "title": title,
            "model": "Net",
            "rubric": rubric,
            "parameters": 1000,
            "meets_target": meets,
            "epochs": 20,
            "accuracies": accuracies,
        }
    )


def calibration_of(
    runs: Mapping[str, Sequence[TrainingRun]],
    *,
    rubric: Rubric | None = None,
    fails: Sequence[str] = (),
    level: float = 0.05,
    epochs: int | None = None,
) -> Calibration:
    """Of made-up models; those in `fails` should not pass."""
    asked = Asked(
        rubric=rubric or load_rubric("mnist-20k"),
        published={key: published(meets=key not in fails, title=f"The network {key}") for key in runs},
        level=level,
        epochs=epochs,
        command="grader calibrate mnist-20k --seeds 12",
    )
    reports = {Wanted(key, run.seed): report_of(run) for key, mine in runs.items() for run in mine}
    return calibrate(asked, reports, created_at=CREATED, seconds=1234.5)


def steady(seeds: int, *, reached: int, value: float = 0.995, miss: float = 0.99) -> list[TrainingRun]:
    """Two-epoch runs; the first `reached` are at the target throughout, the others never."""
    return [run_of([value if seed < reached else miss] * 2, seed) for seed in range(seeds)]


def learning(seeds: int, end: float, *, epochs: int = 20, noise: float = 0.0005, salt: int = 0) -> list[TrainingRun]:
    """Curves that look like training: the error falls to that of `end`, with noise."""
    dice = random.Random(salt)
    runs = []
    for seed in range(seeds):
        shift = dice.gauss(0, noise)
        curve = []
        for epoch in range(1, epochs + 1):
            error = (1 - end) + 0.05 * 0.62**epoch
            value = 1 - error + shift + dice.gauss(0, noise) * (1 + 4 / epoch)
            curve.append(round(min(value, 0.9999), 4))
        runs.append(run_of(curve, seed))
    return runs


@cache
def realistic() -> Calibration:
    """Four models of twelve seeds: three that should pass, one of them never does, and one that should not pass."""
    return calibration_of(
        {
            "wide": learning(12, 0.9946, salt=1),
            "deep": learning(12, 0.9941, salt=2),
            "small": learning(12, 0.9885, salt=3),
            "lucky": learning(12, 0.9932, salt=4),
        },
        fails=["lucky"],
    )
