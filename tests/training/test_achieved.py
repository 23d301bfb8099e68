"""How near to its hardware's limit a run was: closed forms, and that measuring changes no run."""

import contextlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from grader.model.graph import Export
from grader.model.pace import Pace
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training import achieved as achieving
from grader.training import hardware_limit as limiting
from grader.training.achieved import achieved
from grader.training.data import Dataset
from grader.training.events import Advanced, Ended, EpochEnded, Event
from grader.training.hardware_limit import HardwareLimit, hardware_limit
from grader.training.job import TrainingJob
from grader.training.torch_engine import TorchEngine

CPU = torch.device("cpu")
RECIPE = Recipe(optimizer=Sgd(lr=0.05), batch_size=32, epochs=2)
FORWARD = 8 * 12 * 12 * 25 + 10 * 288  # multiply-accumulates of the net `small`: convolution, linear layer


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    hardware_limit.cache_clear()
    yield
    hardware_limit.cache_clear()


def job(export: Export) -> TrainingJob:
    return TrainingJob(export=export, recipe=RECIPE, task=Task(dataset="mnist", epochs=20), seed=0, device="cpu")


def run_of(export: Export, trained: int, tested: int, *, learns: bool = True) -> SimpleNamespace:
    """What is asked of a run, with so many images."""
    parts = SimpleNamespace(train=range(trained), validation=None, test=range(tested))
    parameters = [None] if learns else []
    return SimpleNamespace(
        job=job(export), parts=parts, device=CPU, parameters=parameters, batch_sizes=lambda images: [images]
    )


def told(export: Export, dataset: Dataset) -> tuple[list[Event], dict[str, str]]:
    """The events of a run without its times, and the environment at its end."""
    events: list[Event] = []
    TorchEngine().train(job(export), dataset, events.append, None)
    ended = events.pop()
    assert isinstance(ended, Ended)
    kept = [event for event in events if not isinstance(event, Advanced)]
    return [_without_times(event) for event in kept], ended.environment


def _without_times(event: Event) -> Event:
    if not isinstance(event, EpochEnded):
        return event
    record = event.record.model_copy(update={"seconds": 0.0})
    return event.model_copy(update={"record": record, "peak_memory_bytes": None})


def test_arithmetic_is_three_passes_of_training_and_one_of_evaluation(
    small: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(achieving, "hardware_limit", lambda device: HardwareLimit(flop_per_second=10e9))
    entries = achieved(run_of(small, 1000, 500), 4, 8.0)
    flop = 2 * FORWARD * (3 * 4 * 1000 + 4 * 500)
    assert entries == {
        "images_per_second": "500",
        "gflop_per_second": f"{flop / 8 / 1e9:.4g}",
        "sgemm_gflop_per_second": "10",
        "share_of_sgemm": f"{flop / 8 / 10e9:.4g}",
    }
    fixed = achieved(run_of(small, 1000, 500, learns=False), 4, 8.0)
    assert fixed["gflop_per_second"] == f"{2 * FORWARD * (4 * 1000 + 4 * 500) / 8 / 1e9:.4g}"


def test_on_a_gpu_memory_is_the_second_floor(exporter: Callable[..., Export], monkeypatch: pytest.MonkeyPatch) -> None:
    """A convolution and ReLU: 784 and 8·26·26 values read, 8·26·26 written twice; then average and linear layer."""
    layers = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    limit = HardwareLimit(flop_per_second=1e12, bytes_per_second=1e9)
    monkeypatch.setattr(achieving, "hardware_limit", lambda device: limit)
    pace = Pace.of_entries(achieved(run_of(exporter(lambda: nn.Sequential(*layers)), 100, 10), 1, 2.0))
    convolved = 8 * 26 * 26
    read, written = 784 + 2 * convolved + 8, 2 * convolved + 8 + 10
    moved = 4 * (100 * (3 * read + 2 * written) + 10 * (read + written))
    assert pace is not None
    assert pace.copy_gigabytes_per_second == 1.0
    assert pace.share_of_copy == pytest.approx(moved / 2 / 1e9, rel=1e-3)


def test_measuring_changes_no_run(small: Export, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curve, mistakes and the default generator's state are the same, whether or not it can be measured."""
    threads = torch.get_num_threads()
    measured, environment = told(small, dataset)
    after = torch.get_rng_state()
    assert Pace.of_entries(environment)

    def fails(*_: object) -> None:
        raise torch.OutOfMemoryError("none left")

    monkeypatch.setattr(achieving, "hardware_limit", fails)
    unmeasured, environment = told(small, dataset)
    assert environment == {}
    assert unmeasured == measured
    assert torch.equal(torch.get_rng_state(), after)
    assert torch.get_num_threads() == threads


def test_the_limit_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((0.5, 0.25))
    monkeypatch.setattr(limiting, "_cpu_seconds", lambda work: next(times))
    assert hardware_limit(CPU) == hardware_limit(torch.device("cpu")) == HardwareLimit(2 * 512**3 / 0.5)


def test_the_shortest_time_counts_and_the_first_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    spent = iter((9.0, 0.02, 0.01, 0.03, 0.001))

    def work() -> None:
        clock.now += next(spent)

    monkeypatch.setattr(limiting.time, "process_time", lambda: clock.now)
    assert limiting._cpu_seconds(work) == pytest.approx(0.01)
    assert list(spent) == [0.001]


class Clock:
    """Events of a GPU on which one piece of work takes 9 ms, and then 4, 2, 3, ... ms."""

    def __init__(self) -> None:
        self.now, self.spent = 0.0, iter((9.0, 4.0, 2.0, 3.0, 4.0, 4.0) * 2)

    def work(self) -> None:
        self.now += next(self.spent)

    def event(self, *, enable_timing: bool) -> SimpleNamespace:
        assert enable_timing
        event = SimpleNamespace(synchronize=lambda: None)
        event.record = lambda: setattr(event, "at", self.now)
        event.elapsed_time = lambda later: later.at - event.at
        return event


@pytest.mark.parametrize("has_memory", [True, False])
def test_a_gpu_is_timed_by_its_events_and_gets_its_memory_back(
    monkeypatch: pytest.MonkeyPatch, has_memory: bool
) -> None:
    clock, freed = Clock(), []

    def copy(device: torch.device) -> Callable[[], object]:
        if not has_memory:
            raise torch.OutOfMemoryError("none left")
        return clock.work

    monkeypatch.setattr(torch.cuda, "device", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "Event", clock.event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(True))
    monkeypatch.setattr(limiting, "_product", lambda size, device: clock.work)
    monkeypatch.setattr(limiting, "_copy", copy)
    if has_memory:
        assert hardware_limit(torch.device("cuda", 0)) == HardwareLimit(2 * 4096**3 / 0.002, 2 * 2**28 / 0.002)
    else:
        with pytest.raises(torch.OutOfMemoryError):
            hardware_limit(torch.device("cuda", 0))
    assert freed == [True]


def test_a_copy_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "_COPIED", 64)
    assert torch.equal(limiting._copy(CPU)(), torch.zeros(64, dtype=torch.uint8))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no GPU.")
def test_a_gpu_s_limit_draws_and_keeps_nothing() -> None:
    device = torch.device("cuda", 0)
    randomness, held = torch.cuda.get_rng_state(device), torch.cuda.memory_allocated(device)
    limit = hardware_limit(device)
    assert limit.flop_per_second > 1e11
    assert limit.bytes_per_second is not None
    assert limit.bytes_per_second > 1e10
    assert torch.equal(torch.cuda.get_rng_state(device), randomness)
    assert torch.cuda.memory_allocated(device) <= held + 2**26  # a library's working space


def test_a_product_is_a_product() -> None:
    left, right = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0)).unbind()
    before = torch.get_rng_state()
    assert torch.equal(limiting._product(4, CPU)(), left @ right)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "changes",
    [{"share_of_sgemm": "much"}, {"share_of_sgemm": "nan"}, {"gflop_per_second": "-1"}, {"share_of_copy": "inf"}],
)
def test_entries_that_are_no_numbers_say_nothing(changes: dict[str, str]) -> None:
    pace = Pace(images_per_second=1730.0, gflop_per_second=19.2, sgemm_gflop_per_second=112.0, share_of_sgemm=0.171)
    entries = pace.to_entries()
    assert Pace.of_entries({"device": "cpu", **entries}) == pace
    assert Pace.of_entries({**entries, **changes}) is None
    for name in entries:
        assert Pace.of_entries({key: value for key, value in entries.items() if key != name}) is None
