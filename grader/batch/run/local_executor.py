"""The executor of one machine: worker processes that outlive their tasks, and die without harm to others.

Each worker has a socket of its own and shares no lock with another, so that killing one at any moment hurts one task
only. (A pool with shared queues, as those of `concurrent.futures` and pebble, can be left with a lock that a killed
worker holds, and brings no progress.) Workers are started with a clean environment, not forked: the coordinator has
threads, database connections and credentials.
"""

import contextlib
import itertools
import queue
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.batch.run.executor import Answer, Argument, Kind, Say, Stopped
from grader.batch.run.train_part import WITHOUT_GPU
from grader.batch.run.worker_process import WorkerProcess
from grader.errors import TrainingError
from grader.temporary_folder import temporary_folder
from grader.training.shared_device import SharedDevice

_TASKS_PER_PROCESS = 250  # then a fresh one, so that what libraries keep does not pile up
_ORDER: dict[Kind, int] = {"train": 0, "static": 1}  # what is begun is finished first
_STOPPED = "The run was ended."


@dataclass(frozen=True)
class _Ticket:
    """A task that waits for its place."""

    kind: Kind
    function: Callable[[Any, Say], Any]
    argument: Any
    timeout: float
    on_news: Say
    future: "Future[Any]" = field(default_factory=Future)


class LocalExecutor:
    """`jobs` places; in each runs one task at a time, in a process for tasks of its kind. See `Executor`."""

    name = "local"
    sees_files = True

    def __init__(self, jobs: int, *, container: bool = False) -> None:
        """`container` tells that the sandbox is a container engine, which needs more of the environment."""
        self.capacity = jobs
        self._container = container
        # Order, number, ticket; None for the end of a place.
        self._waiting: queue.PriorityQueue[tuple[int, int, _Ticket | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._closing = threading.Event()
        self._lock, self._door_lock = threading.Lock(), threading.Lock()
        self._asked = False
        self._door: Path | None = None
        self._processes: set[WorkerProcess] = set()
        self._stack = ExitStack()
        self._folder = self._stack.enter_context(temporary_folder("workspace"))
        self._places = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for place in self._places:
            place.start()

    def submit(
        self,
        function: Callable[[Argument, Say], Answer],
        argument: Argument,
        *,
        kind: Kind,
        timeout: float,
        on_news: Say,
    ) -> Future[Answer]:
        """See `Executor.submit`."""
        ticket = _Ticket(kind, function, argument, timeout, on_news)
        with self._lock:
            if self._closing.is_set():
                ticket.future.set_exception(Stopped(_STOPPED))
            else:
                self._waiting.put((_ORDER[kind], next(self._numbers), ticket))
        return ticket.future

    def open_door(self, device: str) -> Path | None:
        """See `Executor.open_door`. On a CPU processes share better, on a GPU those within one process."""
        if device in WITHOUT_GPU:
            return None
        with self._door_lock:
            if not self._asked and not self._closing.is_set():
                self._asked = True
                with contextlib.suppress(TrainingError):  # without it they train as well, but not as fast
                    self._door = self._stack.enter_context(SharedDevice("cuda", self.capacity)).door
            return self._door

    def close(self) -> None:
        """See `Executor.close`."""
        with self._lock:
            self._closing.set()
            for process in self._processes:
                process.kill()
        for _ in self._places:
            self._waiting.put((-1, next(self._numbers), None))
        for place in self._places:
            place.join()
        with self._door_lock:
            self._door = None
        while not self._waiting.empty():
            _, _, left = self._waiting.get()
            if left is not None and left.future.set_running_or_notify_cancel():
                left.future.set_exception(Stopped(_STOPPED))
        self._stack.close()

    def _serve(self) -> None:
        """One place: takes tasks until the end."""
        own: dict[Kind, WorkerProcess] = {}
        try:
            while (ticket := self._waiting.get()[2]) is not None:
                if not ticket.future.set_running_or_notify_cancel():
                    continue
                try:
                    answer = self._run(own, ticket)
                except BaseException as problem:
                    ticket.future.set_exception(Stopped(_STOPPED) if self._closing.is_set() else problem)
                else:
                    ticket.future.set_result(answer)
                del ticket  # with its answer, which may be large
        finally:
            for process in own.values():
                self._end(process)

    def _run(self, own: dict[Kind, WorkerProcess], ticket: _Ticket) -> Any:
        process = own.pop(ticket.kind, None) or self._start(ticket.kind)
        try:
            return process.run(ticket.function, ticket.argument, timeout=ticket.timeout, on_news=ticket.on_news)
        finally:
            if process.usable and process.tasks < _TASKS_PER_PROCESS:
                own[ticket.kind] = process
            else:
                self._end(process)

    def _start(self, kind: Kind) -> WorkerProcess:
        folder = self._folder / f"worker-{next(self._numbers)}"
        with self._lock:  # `close` sees it, or it does not start
            if self._closing.is_set():
                raise Stopped(_STOPPED)
            process = WorkerProcess(kind, folder, container=self._container)
            self._processes.add(process)
        return process

    def _end(self, process: WorkerProcess) -> None:
        with self._lock:
            self._processes.discard(process)
        process.close()
        shutil.rmtree(process.folder, ignore_errors=True)
