"""Retraining for real: a child process, the bundled digits, and everything that can go wrong on the way."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import RecipeError
from grader.model.graph import Export
from grader.model.recipe import Recipe, Sgd, Split
from grader.model.task import Task
from grader.model.training import Training
from grader.training.launch import ProgressEvent, retrain
from grader.training.process import environment
from grader.training.recipe import load_recipe

RECIPE = Recipe(optimizer=Sgd(lr=0.1, momentum=0.9), batch_size=64, epochs=2)
DIGITS = Task(dataset="digits")


@pytest.fixture(autouse=True)
def nothing_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_children: Callable[[], set[str]]
) -> Iterator[None]:
    """No process and no temporary folder stays behind."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr("grader.training.process.killed_for_memory", lambda: 0)  # of others, meanwhile
    monkeypatch.setenv("SECRET_TOKEN", "not for the training process")
    yield
    assert list(temporary.iterdir()) == []
    assert new_children() == set()


def train(small: Export, **settings: object) -> Training:
    return retrain(small, settings.pop("recipe", RECIPE), settings.pop("task", DIGITS), device="cpu", **settings)


def test_the_whole_of_it(small: Export, tmp_path: Path) -> None:
    """Two processes side by side, one seed each; then one of the seeds again, alone."""
    seen: list[ProgressEvent] = []
    recipe = load_recipe("digits").model_copy(update={"epochs": 2})
    settings = {"recipe": recipe, "target": 1.0}
    training = train(small, seeds=(0, 1), workers=2, on_progress=seen.append, save_weights=tmp_path / "out", **settings)
    assert (training.status, training.reason) == ("completed", "")
    assert [run.seed for run in training.runs] == [0, 1]
    assert training.dataset == "digits"
    assert training.recipe == recipe.model_dump(mode="json")
    assert training.recipe_origins["optimizer.lr"] == "recipes/digits.yaml:6"
    assert training.initializers["norm.weight"] == "ones_ (recorded)"
    run = training.runs[0]
    assert (run.evaluated_on, run.stopped, run.first_epoch_at_target) == ("test", "completed", None)
    assert run.best_accuracy > 0.7
    assert run.interval is not None
    assert run.interval[0] < run.best_accuracy < run.interval[1]
    assert run.evaluation is not None
    assert sum(map(sum, run.evaluation.confusion)) == 360
    assert run.weights == "weights-seed-0.safetensors"
    assert (tmp_path / "out" / run.weights).stat().st_size > 10_000
    assert run.peak_memory_bytes is not None
    assert 100e6 < run.peak_memory_bytes < 4e9
    assert run.environment["threads"] == "1"
    assert run.environment["network"] in ("isolated", "not isolated")
    shares = [event.share for event in seen if event.seed == 0]
    assert shares == sorted(shares)
    assert tuple(event.ended for event in seen if event.seed == 0 and event.ended) == run.epochs
    assert {event.recipe for event in seen} == {recipe.digest}
    last = next(event for event in reversed(seen) if event.seed == 1)
    assert (last.run, last.runs, last.epoch, last.finished, last.share, last.seconds_left) == (2, 2, 2, 2, 1.0, 0.0)

    (again,) = train(small, seeds=(1,), **settings).runs
    assert curve(again) == curve(training.runs[1])
    assert again.evaluation == training.runs[1].evaluation


def curve(run: object) -> list[dict[str, object]]:
    return [epoch.model_dump(exclude={"seconds"}) for epoch in run.epochs]


def test_the_first_seed_that_succeeds_is_the_last(small: Export) -> None:
    training = train(small, seeds=(5, 6), target=0.01, stop_at_target=True)
    assert [(run.seed, run.stopped, len(run.epochs)) for run in training.runs] == [(5, "target", 1)]


def test_what_is_enough_may_be_defined_elsewhere(small: Export) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 1})
    training = train(small, recipe=recipe, seeds=(5, 6, 7), target=1.0, enough=lambda runs: len(runs) == 2)
    assert [run.seed for run in training.runs] == [5, 6]


def test_missing_data_is_skipped_with_the_mend(small: Export, tmp_path: Path) -> None:
    training = train(small, task=Task(dataset="mnist"), data_dir=tmp_path)
    assert training.status == "skipped"
    assert f"MNIST is not in {tmp_path}" in training.reason
    assert "grader data fetch" in training.mend
    assert training.runs == ()


def test_a_recipe_that_does_not_fit_is_an_error_of_use(small: Export) -> None:
    with pytest.raises(RecipeError, match="holds out 10,000 images; digits has 1,437"):
        train(small, recipe=RECIPE.model_copy(update={"split": Split(validation=10_000)}))


def test_ctrl_c_leaves_what_was_trained(small: Export) -> None:
    def interrupt(event: ProgressEvent) -> None:
        if event.epoch == 3:
            raise KeyboardInterrupt

    training = train(small, recipe=RECIPE.model_copy(update={"epochs": 20}), on_progress=interrupt, seeds=(4,))
    assert training.status == "partial"
    assert training.reason == "Training was interrupted after 2 of 20 epochs with seed 4."
    (run,) = training.runs
    assert (run.stopped, [epoch.epoch for epoch in run.epochs]) == ("interrupted", [1, 2])
    assert run.evaluation is not None


def test_a_killed_process_is_an_error_of_ours(small: Export, new_children: Callable[[], set[str]]) -> None:
    def kill(event: ProgressEvent) -> None:
        if event.epoch == 2:
            for pid in new_children():
                os.kill(int(pid), signal.SIGKILL)

    training = train(small, recipe=RECIPE.model_copy(update={"epochs": 20}), on_progress=kill, seeds=(0,))
    assert training.status == "error"
    assert "seed 0 broke off: it was killed by signal 9" in training.reason
    assert [run.stopped for run in training.runs] == ["interrupted"]


def test_a_process_that_says_nonsense_is_an_error_of_ours(small: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = [sys.executable, "-c", "print('epoch 1: 99 %')"]
    monkeypatch.setattr("grader.training.process.command", lambda folder: talk)
    training = train(small)
    assert (training.status, training.reason) == ("error", "The training process said something that is not an event.")


def test_a_process_that_crashes_is_quoted(small: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    crash = [sys.executable, "-c", "raise SystemExit('no luck')"]
    monkeypatch.setattr("grader.training.process.command", lambda folder: crash)
    assert train(small).reason == "Training with seed 0 broke off: exit code 1, no luck."


def test_weights_that_can_not_be_written_are_an_error_of_ours(small: Export, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recipe = RECIPE.model_copy(update={"epochs": 1})
    training = train(small, recipe=recipe, save_weights=tmp_path / "file", seeds=(0,))
    assert training.status == "error"
    assert "could not be written" in training.reason


def test_the_environment_holds_no_secrets(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    assert "SECRET_TOKEN" not in variables
    assert variables["HOME"] == str(tmp_path)
    assert variables["OMP_NUM_THREADS"] == "1"


def run_python(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=60, check=False
    )


def test_outside_the_network_there_is_no_network() -> None:
    result = run_python(
        """
        import os, socket
        from grader.training.isolation import leave_network
        before = os.getuid()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            socket.create_connection(("127.0.0.1", port)).close()
            isolated = leave_network()
            assert os.getuid() == before
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                print(isolated, "connected")
            except OSError:
                print(isolated, "refused")
        """
    )
    # Where the kernel forbids namespaces the answer must be an honest False.
    assert result.stdout.split() in (["True", "refused"], ["False", "connected"]), result.stderr


CHILD = """
import sys, time
from grader.training.isolation import die_with_parent
die_with_parent(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_training_process_dies_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    said = {parent.stdout.readline().strip(), parent.stdout.readline().strip()}
    (pid,) = said - {"ready"}
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_launching_imports_no_torch() -> None:
    result = run_python("import sys, grader.training.launch; print('torch' in sys.modules)")
    assert result.stdout.strip() == "False", result.stderr
