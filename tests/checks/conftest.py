"""Facts and trainings in closed form: a tiny net whose every figure is written down here."""

from collections.abc import Callable
from typing import Any

import pytest

from grader.checks.base import Check, Context
from grader.model.facts import (
    BatchNormFacts,
    DropoutFacts,
    Facts,
    HeadFacts,
    LayerFacts,
    ParameterFacts,
    ReceptiveFieldFacts,
)
from grader.model.outcome import Finding
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Location
from grader.model.task import Task
from grader.model.training import EpochRecord, Training, TrainingRun

CLASS = Location(file="net.py", line=5)


def line(number: int) -> Location:
    return Location(file="net.py", line=number)


FACTS = Facts(
    parameters=ParameterFacts(
        total=19_999, trainable=19_999, unused=0, counted=19_999, by_layer={"conv": 9_999, "fc": 9_000, "bn": 1_000}
    ),
    macs=1_000_000,
    output="logits",
    output_shape=(10,),
    layers=(
        LayerFacts(name="conv", op="conv2d", output_shape=(8, 26, 26), location=line(10)),
        LayerFacts(name="fc", op="linear", output_shape=(10,), location=line(12)),
    ),
    batch_norm=BatchNormFacts(layers=3, runs=True, locations=(line(11),)),
    dropout=DropoutFacts(layers=2, rates=(0.1, 0.1), runs=True, active_in_eval=False, locations=(line(13),)),
    head=HeadFacts(gap=True, fc=True, kind="gap+fc", locations=(line(14),)),
    receptive_field=ReceptiveFieldFacts(before_head=20, jump=4, covers_input=False, gated=False),
)


def training_run(accuracies: list[float], seed: int = 0, on: str = "test", **changes: Any) -> TrainingRun:
    best = max(accuracies, default=0.0)
    values: dict[str, Any] = {
        "seed": seed,
        "evaluated_on": on,
        "best_accuracy": best,
        "best_epoch": accuracies.index(best) + 1 if accuracies else 0,
        "final_accuracy": accuracies[-1] if accuracies else 0.0,
        "first_epoch_at_target": None,
        "epochs": tuple(
            EpochRecord.model_validate(
                {
                    "epoch": epoch,
                    "lr": 0.1,
                    "train_loss": 0.5,
                    "train_accuracy": 0.9,
                    f"{on}_accuracy": accuracy,
                    "seconds": 1.0,
                }
            )
            for epoch, accuracy in enumerate(accuracies, 1)
        ),
    }
    return TrainingRun.model_validate(values | changes)


def rubric(check: str = "parameters", task: Task | None = None, **parameters: Any) -> Rubric:
    criterion = Criterion(id="one", title="One", check=check, parameters=parameters, points=10, text="Text.")
    return Rubric(
        id="test", title="Test", task=task or Task(dataset="mnist"), reference_recipe="plain", criteria=(criterion,)
    )


def context(
    facts: Facts = FACTS, training: Training | None = None, task: Task | None = None, policy: Any = "either"
) -> Context:
    task = task or Task(dataset="mnist")
    return Context(
        facts=facts,
        training=training or Training(status="not_requested"),
        task=task,
        rubric=rubric(task=task).model_copy(update={"recipe": policy}),
        location=CLASS,
    )


Ask = Callable[..., Finding]


@pytest.fixture
def ask() -> Ask:
    """`ask(check, context, **parameters)`: what the check finds, its parameters validated as a rubric's are."""

    def run(check: Check, given: Context, **parameters: Any) -> Finding:
        finding = check.run(given, check.parameters.model_validate(parameters))
        assert finding.expected and finding.observed and finding.message
        if finding.status == "failed":
            assert finding.fix
        return finding

    return run


@pytest.fixture
def facts() -> Callable[..., Facts]:
    """`facts(batch_norm={"layers": 0, ...})`: the tiny net with some figures replaced."""

    def build(**sections: Any) -> Facts:
        changed = {
            name: getattr(FACTS, name).model_copy(update=section) if isinstance(section, dict) else section
            for name, section in sections.items()
        }
        return FACTS.model_copy(update=changed)

    return build


@pytest.fixture(name="context")
def context_fixture() -> Callable[..., Context]:
    return context


@pytest.fixture(name="training_run")
def training_run_fixture() -> Callable[..., TrainingRun]:
    return training_run


@pytest.fixture(name="rubric")
def rubric_fixture() -> Callable[..., Rubric]:
    return rubric
