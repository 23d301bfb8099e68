"""A graph within all bounds cannot exhaust the machine that retrains it: memory, time, a worker that misbehaves."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from grader.model.graph import Export
from grader.model.recipe import Adam, Recipe, Sgd
from grader.model.task import Task
from grader.model.training import Training
from grader.training.launch import ProgressEvent, retrain
from grader.training.memory_needed import is_want_of_memory, step_bytes

DIGITS = Task(dataset="digits")
RECIPE = Recipe(optimizer=Sgd(lr=0.1), batch_size=64, epochs=2)
STARTED = '{"event": "started", "environment": {}, "initializers": {}, "epochs": 2, "images": 360}'
RECORD = '{"epoch": 1, "lr": 0.1, "train_loss": 1.0, "train_accuracy": 0.5, "test_accuracy": 0.5, "seconds": 1.0}'
EPOCH = f'{{"event": "epoch", "record": {RECORD}}}'


class Halls(nn.Module):
    """Small in parameters, large in feature maps: 4 MB for each image and layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, 3, padding=1)
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.interpolate(self.first(x), size=(256, 256))
        return self.head(torch.sigmoid(torch.sigmoid(x)).mean(dim=(2, 3)))


@pytest.fixture(autouse=True)
def nothing_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_children: Callable[[], set[str]]
) -> Iterator[None]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    # Others on this machine may run out of memory meanwhile.
    monkeypatch.setattr("grader.training.process.killed_for_memory", lambda: 0)
    yield
    assert list(temporary.iterdir()) == []
    assert new_children() == set()


def train(export: Export, **settings: object) -> Training:
    settings = {"recipe": RECIPE, "seeds": (0,), **settings}
    return retrain(export, settings.pop("recipe"), DIGITS, device="cpu", **settings)


@pytest.fixture(scope="module")
def halls(exporter: Callable[..., Export]) -> Export:
    return exporter(Halls)


def test_what_a_step_needs_at_least(halls: Export, small: Export) -> None:
    first, large, mean, head = 16 * 28 * 28, 16 * 256 * 256, 16, 10
    parameters = 16 * 9 + 16 + 160 + 10
    assert step_bytes(halls, 64, "sgd") == 4 * (64 * (first + 3 * large + mean + head) + 3 * parameters)
    maps = 8 * 12 * 12 * 4 + 8 * 6 * 6 + 10  # convolution, norm, activation, dropout; pool; scores
    parameters = 8 * 25 + 8 + 16 + 288 * 10 + 10
    assert step_bytes(small, 100, "adam") == 4 * (100 * maps + 4 * parameters)


def test_maps_at_the_bound_are_reckoned_from_two_images(exporter: Callable[..., Export]) -> None:
    class Hall(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(1, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(nn.functional.interpolate(x, size=(6000, 6000)).mean(dim=(2, 3)))

    floor = step_bytes(exporter(Hall), 100, "sgd")
    assert floor == 4 * (100 * (6000 * 6000 + 1 + 10) + 3 * 20)


def test_a_step_that_can_not_fit_is_not_begun(halls: Export) -> None:
    seen: list[ProgressEvent] = []
    training = train(halls, memory_bytes=500_000_000, on_progress=seen.append)
    assert training.status == "skipped"
    assert training.reason == (
        "Training the model needs more memory than the 0.5 GB that a training may have here. "
        "One step with 64 images needs at least 0.8 GB."
    )
    assert "smaller batch" in training.mend
    assert (training.runs, seen) == ((), [])


def test_an_allocation_too_many_is_a_clear_outcome(halls: Export) -> None:
    """The floor fits, the gradients do not: torch's allocator says so in the middle of the first step."""
    training = train(halls, memory_bytes=step_bytes(halls, 64, "sgd") + 50_000_000)
    assert training.status == "skipped"
    assert training.reason == "Training the model needs more memory than the 0.9 GB that a training may have here."
    assert training.runs == ()


def test_what_a_worker_may_have_is_shared(halls: Export) -> None:
    training = train(halls, memory_bytes=1_000_000_000, seeds=(0, 1), workers=2)
    assert "than the 0.5 GB that" in training.reason


def test_a_large_batch_of_a_small_model_trains(small: Export) -> None:
    recipe = RECIPE.model_copy(update={"batch_size": 1437, "epochs": 1, "optimizer": Adam(lr=0.01)})
    training = train(small, recipe=recipe, memory_bytes=1_500_000_000)
    assert (training.status, len(training.runs)) == ("completed", 1)


def test_a_graph_bound_to_more_images_than_there_are(small: Export) -> None:
    graphs = small.graphs.model_copy(update={"batch_size": 65_536})
    training = train(small.model_copy(update={"graphs": graphs}))
    assert training.status == "skipped"
    assert training.reason == "The model takes batches of exactly 65,536 images; the training set has 1,437."


@pytest.mark.parametrize(
    "message",
    [
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried 8 bytes.",
        "CUDA error: out of memory",
        "std::bad_alloc",
        "could not create a primitive",
    ],
)
def test_words_of_an_allocator(message: str) -> None:
    assert is_want_of_memory(RuntimeError(message))
    assert not is_want_of_memory(ValueError(message))


def test_kinds_of_errors() -> None:
    assert is_want_of_memory(MemoryError())
    assert is_want_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert not is_want_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)"))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """worker(source): what runs in place of the training process; it can say STARTED and EPOCH."""

    def worker(source: str) -> None:
        source = f"import os, signal, sys, time\nSTARTED, EPOCH = {STARTED!r}, {EPOCH!r}\n{source}"
        monkeypatch.setattr("grader.training.process.command", lambda folder: [sys.executable, "-I", "-c", source])

    return worker


def test_a_worker_that_hangs_is_given_up(small: Export, worker: Callable[[str], None]) -> None:
    worker("print(STARTED, flush=True); print(EPOCH, flush=True); time.sleep(600)")
    training = train(small, epoch_seconds=0.5)
    assert training.status == "skipped"
    assert training.reason == "Epoch 2 did not end in time: at most 0 s are allowed (--epoch-timeout)."
    assert [(run.stopped, len(run.epochs)) for run in training.runs] == [("interrupted", 1)]


def test_signs_of_life_for_ever_are_given_up(small: Export, worker: Callable[[str], None]) -> None:
    sign = '{"event": "advanced", "epoch": 1, "share": 0.99}'
    worker(f"print(STARTED, flush=True)\nwhile True: print({sign!r}, flush=True); time.sleep(0.01)")
    training = train(small, epoch_seconds=0.5)
    assert training.status == "skipped"
    assert training.reason.startswith("Epoch 1 did not end in time")


def test_an_epoch_that_would_take_too_long_is_told_from_its_first_steps(small: Export) -> None:
    """The real worker: 0.2 s are too few for 1,437 steps with one image each."""
    recipe = RECIPE.model_copy(update={"batch_size": 1})
    training = train(small, recipe=recipe, epoch_seconds=0.2)
    assert training.status == "skipped"
    assert "--epoch-timeout" in training.reason
    assert "allow more time" in training.mend


def test_a_worker_that_closes_its_end_and_goes_on(
    small: Export, worker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.training.process._LAST_SECONDS", 0.3)
    worker("os.close(1); time.sleep(600)")
    assert train(small).reason == "Training with seed 0 broke off: it stopped talking."


@pytest.mark.parametrize("number", ["SIGKILL", "SIGSEGV", "SIGABRT"])
def test_a_worker_that_is_killed_is_an_error_of_ours(small: Export, worker: Callable[[str], None], number: str) -> None:
    worker(f"print(STARTED, flush=True); print(EPOCH, flush=True); os.kill(os.getpid(), signal.{number})")
    training = train(small)
    assert training.status == "error"
    assert "Training with seed 0 broke off: it was killed by signal" in training.reason
    assert [len(run.epochs) for run in training.runs] == [1]


def test_one_that_the_kernel_killed_for_memory_is_not(
    small: Export, worker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter((4, 5))
    monkeypatch.setattr("grader.training.process.killed_for_memory", lambda: next(counts))
    worker("os.kill(os.getpid(), signal.SIGKILL)")
    training = train(small)
    assert training.status == "skipped"
    assert training.reason.startswith("The machine ran out of memory while the model was trained")


def test_nor_one_that_libraries_ended_for_memory(small: Export, worker: Callable[[str], None]) -> None:
    said = "terminate called after throwing an instance of 'std::bad_alloc'"
    worker(f"print({said!r}, file=sys.stderr, flush=True); os.abort()")
    assert train(small).status == "skipped"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("sys.stdout.write('x' * 10_000_000); time.sleep(600)", "a line that never ends"),
        ("while True: print('accuracy: 100 %')", "something that is not an event"),
        ("print('[' * 100_000)", "something that is not an event"),
        ("os.write(1, bytes(range(256)) + b'\\n')", "something that is not an event"),
    ],
)
def test_garbage_is_an_error_of_ours(small: Export, worker: Callable[[str], None], source: str, reason: str) -> None:
    worker(source)
    training = train(small)
    assert training.status == "error"
    assert reason in training.reason


def test_runs_that_had_ended_are_kept(small: Export, worker: Callable[[str], None]) -> None:
    ended = '{"event": "ended", "stopped": "completed", "environment": {}}'
    worker(
        "import json\n"
        "if json.load(open('job.json'))['seed'] == 1: os.kill(os.getpid(), signal.SIGSEGV)\n"
        f"print(STARTED, EPOCH, {ended!r}, sep='\\n', flush=True)"
    )
    training = train(small, seeds=(0, 1, 2))
    assert training.status == "error"
    assert [(run.seed, run.stopped) for run in training.runs] == [(0, "completed")]


def test_a_worker_is_the_first_to_go_and_leaves_no_core() -> None:
    source = "from grader.training.isolation import be_expendable; import resource; be_expendable()\n"
    source += "print(open('/proc/self/oom_score_adj').read().strip(), resource.getrlimit(resource.RLIMIT_CORE)[1])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1000", "0"]
