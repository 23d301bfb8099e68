"""Worker processes of one machine: what they answer, what ends them, what they see, and that only one task is hurt."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import worker_tasks as tasks

from grader.batch.run import local_executor
from grader.batch.run.executor import Stopped, TookTooLong, WorkerDied
from grader.batch.run.local_executor import LocalExecutor
from grader.errors import DataError, GraderError, TrainingError


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalExecutor]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = LocalExecutor(2)
    yield found
    found.close()
    assert list(tmp_path.iterdir()) == []


def ignore(news: Any) -> None:
    pass


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(process: int) -> bool:
    deadline = time.monotonic() + 20
    while is_there(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_there(process)


def submit(executor: LocalExecutor, function: Callable[..., Any], *, timeout: float = 60, on_news: Any = ignore) -> Any:
    return executor.submit(function, 1, kind="train", timeout=timeout, on_news=on_news)


def test_tasks_answer_and_tell_on_the_way(executor: LocalExecutor) -> None:
    said: list[Any] = []
    first = submit(executor, tasks.echo, on_news=said.append).result()
    assert (first["argument"], said) == (1, ["one", "two"])
    others = [submit(executor, tasks.echo).result()["process"] for _ in range(4)]
    assert len({first["process"], *others}) <= 2  # workers outlive their tasks


def test_errors_come_back_as_they_were_raised(executor: LocalExecutor) -> None:
    with pytest.raises(DataError) as caught:
        submit(executor, tasks.refuse).result()
    assert (caught.value.message, caught.value.mend) == ("There is no data.", "Get some.")
    with pytest.raises(GraderError, match=r"^grader broke: KeyError in worker_tasks.py:\d+\. Please report this\.$"):
        submit(executor, tasks.break_down).result()
    with pytest.raises(GraderError, match="grader broke"):
        submit(executor, tasks.unpicklable).result()
    assert submit(executor, tasks.echo).result()["argument"] == 1


def test_a_task_that_hangs_is_stopped_and_no_other(executor: LocalExecutor) -> None:
    said: SimpleQueue[int] = SimpleQueue()
    hanging = submit(executor, tasks.hang, timeout=0.3, on_news=said.put)
    assert submit(executor, tasks.echo).result()["argument"] == 1
    with pytest.raises(TookTooLong, match=r"longer than 0\.3 seconds"):
        hanging.result()
    assert gone(said.get())
    assert submit(executor, tasks.echo).result()["argument"] == 1


def test_time_in_the_queue_does_not_count(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    try:
        hanging = submit(executor, tasks.hang, timeout=1.5)
        waiting = submit(executor, tasks.echo, timeout=1.0)
        with pytest.raises(TookTooLong):
            hanging.result()
        assert waiting.result()["argument"] == 1
    finally:
        executor.close()


def test_a_killed_worker_fails_its_task_only(executor: LocalExecutor) -> None:
    said: SimpleQueue[int] = SimpleQueue()
    futures = [submit(executor, tasks.hang, on_news=said.put) for _ in range(2)]
    os.kill(said.get(), signal.SIGKILL)
    with pytest.raises(WorkerDied, match="killed by signal 9"):
        next(future for future in _as_they_end(futures)).result()
    assert sum(future.done() for future in futures) == 1
    assert submit(executor, tasks.echo).result()["argument"] == 1


def _as_they_end(futures: list[Any]) -> Iterator[Any]:
    deadline = time.monotonic() + 20
    while not any(future.done() for future in futures) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield from (future for future in futures if future.done())


def test_the_last_words_of_a_worker_are_told(executor: LocalExecutor) -> None:
    with pytest.raises(WorkerDied, match="exit code 7, the last words"):
        submit(executor, tasks.end_at_once).result()


def test_closing_stops_what_runs_and_what_waits(executor: LocalExecutor) -> None:
    said: SimpleQueue[int] = SimpleQueue()
    futures = [submit(executor, tasks.hang, on_news=said.put) for _ in range(4)]
    running = [said.get(), said.get()]
    executor.close()
    for future in (*futures, submit(executor, tasks.echo)):
        with pytest.raises(Stopped):
            future.result()
    assert all(gone(process) for process in running)


def test_a_worker_sees_no_credentials_and_no_network(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "SSH_AUTH_SOCK", "PGPASSWORD", "https_proxy"):
        monkeypatch.setenv(name, "secret")
    seen = submit(executor, tasks.surroundings).result()
    assert "secret" not in seen["environment"].values()
    assert Path(seen["temporary"]).is_relative_to(tmp_path)  # what it leaves there goes with the executor
    assert not seen["torch"]  # training workers start others that have it
    if os.geteuid() == 0:
        assert set(seen["network"]) <= {"lo"}


def test_without_the_process_that_is_shared_each_has_its_own(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __init__(self, device: str, lanes: int) -> None:
            pass

        def __enter__(self) -> None:
            raise TrainingError("The process that trains side by side did not begin.")

        def __exit__(self, *_: object) -> None:
            raise AssertionError

    monkeypatch.setattr(local_executor, "SharedDevice", Away)
    assert executor.open_door("A GPU") is None


def test_workers_die_with_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import worker_tasks\n"
        "from grader.batch.run.local_executor import LocalExecutor\n"
        "executor = LocalExecutor(1)\n"
        "say = lambda process: print(process, flush=True)\n"
        "executor.submit(worker_tasks.hang, 1, kind='train', timeout=600, on_news=say).result()\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert is_there(worker)
        process.kill()
    assert gone(worker)
