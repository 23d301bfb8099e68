"""A process that trains for several at once, for real: the bundled digits on a CPU, over its socket."""

import os
import selectors
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grader.errors import TrainingError
from grader.model.graph import Export
from grader.model.pace import SIDE_BY_SIDE
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.events import Advanced, Ended, EpochEnded, Event, Refused
from grader.training.job import TrainingJob
from grader.training.launch import ProgressEvent, retrain
from grader.training.process import TrainingProcess
from grader.training.shared_device import SharedDevice, TrainingLane

RECIPE = Recipe(optimizer=Sgd(lr=0.1, momentum=0.9), batch_size=64, epochs=2)


@pytest.fixture(autouse=True)
def nothing_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_children: Callable[[], set[str]]
) -> Iterator[None]:
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []
    assert new_children() == set()


@pytest.fixture
def shared() -> Iterator[SharedDevice]:
    with SharedDevice("cpu", lanes=2) as device:
        yield device


def job(export: Export, seed: int, **changes: object) -> TrainingJob:
    recipe = RECIPE.model_copy(update=changes)
    return TrainingJob(export=export, recipe=recipe, task=Task(dataset="digits"), seed=seed, device="cpu")


def heard(trainings: list[TrainingProcess] | list[TrainingLane]) -> list[list[Event]]:
    """All that they say, each to its end."""
    events: list[list[Event]] = [[] for _ in trainings]
    with selectors.DefaultSelector() as selector:
        for index, training in enumerate(trainings):
            selector.register(training, selectors.EVENT_READ, index)
        while selector.get_map():
            for key, _ in selector.select(120):
                said = trainings[key.data].read()
                if said is None:
                    selector.unregister(key.fileobj)
                else:
                    events[key.data] += said
    return events


def curve(events: list[Event]) -> list[tuple[object, ...]]:
    records = [event.record for event in events if isinstance(event, EpochEnded)]
    return [(one.lr, one.train_loss, one.train_accuracy, one.test_loss, one.test_accuracy) for one in records]


def test_three_share_two_places_and_come_out_as_alone(small: Export, shared: SharedDevice) -> None:
    with ExitStack() as stack:
        together = heard([stack.enter_context(TrainingLane(job(small, seed), shared.door)) for seed in range(3)])
    assert [type(events[-1]) for events in together] == [Ended] * 3
    assert "2" in [events[-1].environment[SIDE_BY_SIDE] for events in together]
    with TrainingProcess(job(small, 2)) as process:
        (alone,) = heard([process])
    assert curve(together[2]) == curve(alone)
    assert len(curve(alone)) == 2


def test_who_hangs_up_leaves_the_others_alone(small: Export, shared: SharedDevice) -> None:
    with TrainingLane(job(small, 0, epochs=20), shared.door) as leaving:
        assert leaving.read()
        with TrainingLane(job(small, 1), shared.door) as staying:
            leaving.__exit__(None, None, None)
            (events,) = heard([staying])
    assert isinstance(events[-1], Ended)


def test_what_can_not_be_done_is_said_to_the_one_who_asked(small: Export, shared: SharedDevice) -> None:
    with (
        TrainingLane(job(small, 0, batch_size=4_000), shared.door) as impossible,
        TrainingLane(job(small, 1), shared.door) as possible,
    ):
        first, second = heard([impossible, possible])
    (refused,) = [event for event in first if not isinstance(event, Advanced)]
    assert isinstance(refused, Refused)
    assert refused.kind == "recipe"
    assert isinstance(second[-1], Ended)


def test_another_process_takes_the_place_of_one_that_ended(
    small: Export, shared: SharedDevice, new_children: Callable[[], set[str]]
) -> None:
    """Who trained in it begins again in a process of its own, and comes out as alone."""
    reached: list[int] = []

    def watch(event: ProgressEvent) -> None:
        reached.append(event.finished)
        if event.finished == 1 and reached.count(0) and max(reached) == 1 and len(killed) == 0:
            killed.extend(new_children())
            for child in killed:
                os.kill(int(child), signal.SIGKILL)

    killed: list[str] = []
    recipe, task = RECIPE, Task(dataset="digits", epochs=2)
    training = retrain(small, recipe, task, device="cpu", seeds=(1,), door=shared.door, on_progress=watch)
    assert len(killed) == 1
    assert 0 in reached[reached.index(1) :]  # it began again
    alone = retrain(small, recipe, task, device="cpu", seeds=(1,))
    assert training.status == "completed"
    assert [epoch.test_loss for epoch in training.runs[0].epochs] == [epoch.test_loss for epoch in alone.runs[0].epochs]
    with TrainingLane(job(small, 1), shared.door) as again:
        (events,) = heard([again])
    assert isinstance(events[-1], Ended)


def test_a_process_that_is_gone(small: Export) -> None:
    with SharedDevice("cpu", lanes=1) as device:
        pass
    with (
        pytest.raises(TrainingError, match="The shared training process is away"),
        TrainingLane(job(small, 0), device.door),
    ):
        pass


def test_without_the_device_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the process is told it, so a GPU that is there is not seen
    with pytest.raises(TrainingError, match="did not begin"), SharedDevice("cuda", lanes=1):
        pass
