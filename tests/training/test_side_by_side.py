"""Trainings that take turns in one process: each as if it were alone."""

import pytest
import torch

from grader.model.augmentation import Rotation
from grader.model.graph import Export
from grader.model.pace import Pace
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.data import Dataset
from grader.training.events import Advanced, Ended, EpochEnded, Event
from grader.training.in_steps import InSteps, finish
from grader.training.job import TrainingJob
from grader.training.side_by_side import SideBySide
from grader.training.torch_engine import TorchEngine

RECIPE = Recipe(optimizer=Sgd(lr=0.05, momentum=0.9), batch_size=32, epochs=2, augmentation=(Rotation(degrees=5.0),))


def job(export: Export, seed: int, epochs: int = 2) -> TrainingJob:
    recipe = RECIPE.model_copy(update={"epochs": epochs})
    return TrainingJob(export=export, recipe=recipe, task=Task(dataset="mnist", epochs=20), seed=seed, device="cpu")


def told(events: list[Event]) -> list[str]:
    """What was said, without times."""
    return [_without_times(event).model_dump_json() for event in events if not isinstance(event, Advanced)]


def _without_times(event: Event) -> Event:
    if isinstance(event, Ended):
        assert Pace.of_entries(event.environment)
        return event.model_copy(update={"environment": {}})
    if not isinstance(event, EpochEnded):
        return event
    record = event.record.model_copy(update={"seconds": 0.0})
    return event.model_copy(update={"record": record, "peak_memory_bytes": None})


def test_each_comes_out_as_alone(small: Export, dataset: Dataset) -> None:
    """With dropout and rotation, of different lengths, one of them joining late: to the digit."""
    jobs = [job(small, 0), job(small, 1, epochs=3), job(small, 2, epochs=1)]
    alone: list[list[Event]] = [[] for _ in jobs]
    for one, events in zip(jobs, alone, strict=True):
        TorchEngine().train(one, dataset, events.append, None)
    together: list[list[Event]] = [[] for _ in jobs]
    company = SideBySide(torch.device("cpu"))
    for one, events in zip(jobs[:2], together[:2], strict=True):
        company.add(TorchEngine().train_in_steps(one, dataset, events.append, None))
    for _ in range(5):
        company.round()
    company.add(TorchEngine().train_in_steps(jobs[2], dataset, together[2].append, None))
    ended = 0
    while company.lanes:
        ended += len(company.round())
    assert ended == 3
    assert [told(events) for events in together] == [told(events) for events in alone]


def test_one_that_fails_fails_alone() -> None:
    steps: list[str] = []

    def count(name: str, upto: int) -> InSteps[None]:
        for number in range(upto):
            steps.append(f"{name}{number}")
            yield

    def fail() -> InSteps[None]:
        yield
        raise RuntimeError("no more")

    company = SideBySide(torch.device("cpu"))
    company.add(count("a", 3))
    broken = company.add(fail())
    company.add(count("b", 1))
    assert company.round() == []
    assert [lane.failure for lane in company.round()] == [broken.failure, None]
    assert str(broken.failure) == "no more"
    while company.lanes:
        company.round()
    assert steps == ["a0", "b0", "a1", "a2"]


def test_work_in_steps_comes_to_its_answer() -> None:
    def work() -> InSteps[int]:
        yield
        return 7

    assert finish(work()) == 7
    with pytest.raises(ZeroDivisionError):
        finish(1 / 0 for _ in range(1))  # type: ignore[arg-type]
