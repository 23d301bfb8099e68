"""What a Ray task does on its node: it hands the work to a worker process as the local executor has them.

So a submission meets the same isolation, the same time limit and the same environment on any machine: no network, no
credentials, one thread. The worker process stays for the next task of its kind that Ray sends to the same process.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from platform import python_version
from typing import Any, Literal

from grader import __version__
from grader.batch.run.described import described
from grader.batch.run.executor import Kind, Say
from grader.batch.run.worker_process import WorkerProcess
from grader.errors import GraderError
from grader.temporary_folder import temporary_folder

_TASKS_PER_PROCESS = 250
_VISIBLE = "CUDA_VISIBLE_DEVICES"  # Ray sets it for each task

Said = tuple[Literal["news", "done", "failed"], Any]


@dataclass(frozen=True)
class Errand:
    """A task on its way to a node."""

    kind: Kind
    function: Callable[[Any, Say], Any]
    argument: Any
    timeout: float  # seconds
    container: bool  # the sandbox is a container engine
    versions: str  # of the coordinator


def versions() -> str:
    """What has to be the same on all machines, so that they give the same results."""
    python = ".".join(python_version().split(".")[:2])
    return f"grader {__version__}, torch {version('torch')}, Python {python}"


def run_errand(errand: Errand) -> Iterator[Said]:
    """News as it comes, then what the task came to. Runs as a Ray task, one at a time in a process."""
    here = versions()
    if here != errand.versions:
        message = f"A node of the cluster has {here}; the coordinator has {errand.versions}."
        yield "failed", GraderError(message, mend="Install the same versions on all nodes.")
        return
    _Servant.of_this_process().take(errand)
    while True:
        said: Said = _Servant.of_this_process().answers.get()
        yield said
        if said[0] != "news":
            return


class _Servant:
    """The thread that has this process's worker processes: they die with the thread that started them."""

    _own: "_Servant | None" = None

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._errands: queue.SimpleQueue[Errand] = queue.SimpleQueue()
        self._processes: dict[tuple[Kind, str | None], WorkerProcess] = {}
        threading.Thread(target=self._serve, daemon=True, name="errands").start()

    @classmethod
    def of_this_process(cls) -> "_Servant":
        """The one of this process, made at the first call."""
        if cls._own is None:
            cls._own = cls()
        return cls._own

    def take(self, errand: Errand) -> None:
        """Begin with it; `answers` has what it says, the last of it "done" or "failed"."""
        self._errands.put(errand)

    def _serve(self) -> None:
        with temporary_folder("workspace") as folder:
            number = 0
            while True:
                errand = self._errands.get()
                number += 1
                try:
                    place = (errand.kind, os.environ.get(_VISIBLE))
                    process = self._processes.pop(place, None)
                    process = process or WorkerProcess(errand.kind, folder / f"{number}", container=errand.container)
                    self.answers.put(("done", self._run(process, errand, place)))
                except GraderError as problem:
                    self.answers.put(("failed", problem))
                except Exception as problem:  # this thread must go on: Ray waits for its answers
                    self.answers.put(("failed", GraderError(described(problem))))

    def _run(self, process: WorkerProcess, errand: Errand, place: tuple[Kind, str | None]) -> Any:
        try:
            return process.run(
                errand.function,
                errand.argument,
                timeout=errand.timeout,
                on_news=lambda news: self.answers.put(("news", news)),
            )
        finally:
            if process.usable and process.tasks < _TASKS_PER_PROCESS:
                self._processes[place] = process
            else:
                process.close()
