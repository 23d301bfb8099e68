"""Tasks on a Ray cluster: what they say, how they end, and what becomes of them when a worker or a node is killed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cluster_tasks as tasks
import pytest
from ray_nodes import cluster, workers_of

from grader.batch.run.executor import TookTooLong, WorkerDied
from grader.batch.run.ray_executor import RayExecutor
from grader.errors import DataError, GraderError, UsageError

pytestmark = [
    pytest.mark.ray,
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore::FutureWarning:ray.*", "ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
Run = Callable[..., Future[Any]]


def _run(executor: RayExecutor, function: Any, argument: Any = None, **more: Any) -> Future[Any]:
    settings = {"kind": "train", "timeout": 60, "on_news": lambda _: None, **more}
    return executor.submit(function, argument, **settings)


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    found = RayExecutor(jobs=2)
    yield found
    found.close()


@pytest.fixture(scope="module", autouse=True)
def _environment() -> Iterator[None]:
    """Nodes find this folder's modules, and have a secret that tasks must not see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.setenv("GRADER_TEST_TOKEN", "secret")
        yield


@pytest.fixture
def run(executor: RayExecutor) -> Run:
    return lambda function, argument=None, **more: _run(executor, function, argument, **more)


def test_answers_and_news_come_back(run: Run) -> None:
    news: list[Any] = []
    futures = [run(tasks.double, number, on_news=news.append) for number in range(5)]
    assert [future.result(60) for future in futures] == [0, 2, 4, 6, 8]
    assert sorted(news) == [("begun", number) for number in range(5)]


def test_a_large_answer_comes_back(run: Run) -> None:
    assert run(tasks.give, 20_000_000).result(60) == bytes(20_000_000)


def test_errors_come_back_as_they_are_but_not_what_students_write(run: Run) -> None:
    with pytest.raises(DataError, match="is missing") as caught:
        run(tasks.complain, "It is missing.").result(60)
    assert caught.value.mend == "Mend it."
    with pytest.raises(GraderError, match=r"^grader broke: ValueError in cluster_tasks\.py") as broken:
        run(tasks.break_down, "a student's words").result(60)
    assert "student" not in str(broken.value)


def test_tasks_run_in_clean_processes_that_are_used_again(run: Run) -> None:
    found = [run(tasks.where).result(60) for _ in range(6)]
    assert all("GRADER_TEST_TOKEN" not in environment for _, _, environment in found)
    assert all(environment["OMP_NUM_THREADS"] == "1" for _, _, environment in found)
    assert len({worker for worker, _, _ in found}) < 6


def test_the_time_limit_ends_one_task_only(run: Run) -> None:
    slow, quick = run(tasks.sleep, 60, timeout=1), run(tasks.double, 4)
    with pytest.raises(TookTooLong):
        slow.result(30)
    assert quick.result(30) == 8


def test_the_death_of_a_worker_process_ends_its_task_only(run: Run) -> None:
    dying, living = run(tasks.die), run(tasks.double, 4)
    with pytest.raises(WorkerDied, match="killed by signal 9"):
        dying.result(60)
    assert living.result(60) == 8


def test_a_task_whose_worker_is_lost_is_sent_again(run: Run, tmp_path: Path) -> None:
    assert run(tasks.lose_once, str(tmp_path / "lost")).result(120) == "back again"


def test_but_not_for_ever(run: Run) -> None:
    with pytest.raises(WorkerDied, match="The task was lost 3 times in the cluster"):
        run(tasks.lose_always).result(120)


def test_no_more_run_at_a_time_than_there_is_room_for(run: Run, tmp_path: Path) -> None:
    for future in [run(tasks.mark, (str(tmp_path), number, 0.7), kind="static") for number in range(6)]:
        future.result(120)
    assert len(list(tmp_path.iterdir())) == 6
    assert _most_at_a_time(tmp_path) <= 2


def _most_at_a_time(folder: Path) -> int:
    times = [[float(line.split()[1]) for line in file.read_text().splitlines()] for file in folder.iterdir()]
    moments = sorted([(begun, 1) for begun, _ in times] + [(ended, -1) for _, ended in times])
    return max(sum(change for _, change in moments[: number + 1]) for number in range(len(moments)))


def test_closing_stops_what_runs_and_leaves_nothing(tmp_path: Path) -> None:
    """In a process of its own: the module's executor uses this one's connection."""
    code = (
        "import sys, cluster_tasks as tasks\n"
        "from grader.batch.run.executor import Stopped\n"
        "from grader.batch.run.ray_executor import RayExecutor\n"
        "executor = RayExecutor(jobs=1)\n"
        "def run(*what): return executor.submit(*what, kind='train', timeout=60, on_news=print)\n"
        "worker, server, _ = run(tasks.where, None).result(60)\n"
        "running, waiting = run(tasks.sleep, 60), run(tasks.sleep, 60)\n"
        "while not running.running(): pass\n"
        "executor.close()\n"
        "late = run(tasks.double, 1)\n"
        "assert all(isinstance(one.exception(10), Stopped) for one in (running, waiting, late))\n"
        "executor.close()\n"
        "print(worker, server)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=180)
    deadline = time.monotonic() + 30
    for process in done.stdout.split():
        while Path("/proc", process).exists():
            assert time.monotonic() < deadline, f"{process} is still there"
            time.sleep(0.1)


def test_a_node_that_is_killed_loses_no_task(executor: RayExecutor, tmp_path: Path) -> None:
    """The module's own cluster is closed first: a process is in one cluster at a time."""
    executor.close()
    with cluster(1, 2) as nodes:
        second = nodes.list_all_nodes()[1]
        joined = RayExecutor(nodes.address)
        try:
            assert joined.capacity == 3
            futures = [
                _run(joined, tasks.mark, (str(tmp_path), number, 5 if number < 3 else 0.2)) for number in range(12)
            ]
            running = _begun_on(second, tmp_path)
            nodes.remove_node(second, allow_graceful=False)
            assert [future.result(120) for future in futures] == list(range(12))
        finally:
            joined.close()
    lines = [file.read_text().splitlines() for file in tmp_path.iterdir()]
    assert len(lines) == 12
    assert len((tmp_path / running).read_text().splitlines()) == 3  # begun there, then begun and ended elsewhere


@pytest.mark.parametrize(("device", "seen", "together"), [("auto", "0", 2), ("cpu", "", 3)])
def test_trainings_share_accelerators(
    device: str, seen: str, together: int, executor: RayExecutor, tmp_path: Path
) -> None:
    """Ray takes our word for the accelerator, and gives each task the share that it asks for."""
    executor.close()
    with cluster(3, gpus=1) as nodes:
        joined = RayExecutor(nodes.address, device=device, gpu_share=0.5)
        try:
            environment = _run(joined, tasks.where, kind="train").result(120)[2]
            assert environment.get("CUDA_VISIBLE_DEVICES", "") == seen
            for future in [_run(joined, tasks.mark, (str(tmp_path), number, 2)) for number in range(4)]:
                future.result(120)
        finally:
            joined.close()
    assert _most_at_a_time(tmp_path) == together


def _begun_on(node: Any, folder: Path) -> str:
    """Wait until a task has begun on a node; its number."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in folder.iterdir():
            lines = file.read_text().splitlines()
            if len(lines) == 1 and int(lines[0].split()[0]) in workers_of(node):
                return file.name
        time.sleep(0.01)
    raise AssertionError("no task has begun on the node")


def test_other_versions_on_a_node_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.batch.run.ray_executor.versions", lambda: "grader 99")
    with pytest.raises(
        UsageError, match=r"The node .* has grader .*; the coordinator has grader 99\. Install the same"
    ):
        RayExecutor(jobs=1)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", r"The Ray cluster 127\.0\.0\.1:1 can't be joined: Connection refused\."),
        ("auto", r"The Ray cluster auto can't be joined: "),
        ("ray://127.0.0.1:10001", r"'ray://127\.0\.0\.1:10001' is no address of a Ray cluster\."),
        ("127.0.0.1", r"'127\.0\.0\.1' is no address of a Ray cluster\."),
    ],
)
def test_a_cluster_that_is_not_there_is_one_sentence(address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RayExecutor(address)
