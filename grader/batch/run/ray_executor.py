"""The executor of a cluster: tasks on the nodes of Ray (https://docs.ray.io), files and answers as messages.

One thread speaks to Ray. It sends no more tasks than the cluster can run, so that arguments do not pile up in Ray's
object store, and hears of news and answers as they come. Retries are counted here and not by Ray: a stream of news
can't be replayed, and a task that takes its node's memory each time must not go round for ever.
"""

import itertools
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.batch.run.executor import Answer, Argument, Kind, Say, Stopped, WorkerDied
from grader.batch.run.ray_cluster import SAME_VERSIONS, joined, require_equal_nodes
from grader.batch.run.ray_worker import Errand, run_errand, versions
from grader.errors import GraderError

GPU_SHARE = 0.25  # of an accelerator, for one training: these networks are small
_MOST_ATTEMPTS = 3  # at a task whose worker or node is lost
_ORDER: dict[Kind, int] = {"train": 0, "static": 1}  # what is begun is finished first
_PULSE_SECONDS = 0.1
_STOPPED = "The run was ended."


@dataclass(frozen=True, order=True)
class _Ticket:
    """A task, until its future is done."""

    order: tuple[int, int]
    errand: Errand = field(compare=False)
    on_news: Say = field(compare=False)
    future: "Future[Any]" = field(compare=False, default_factory=Future)
    attempts: list[str] = field(compare=False, default_factory=list)  # how the earlier ones were lost


class RayExecutor:
    """See `Executor`. Joins a cluster, or starts one of this machine alone."""

    name = "ray"
    sees_files = False

    def __init__(
        self,
        address: str | None = None,
        *,
        jobs: int | None = None,
        device: str = "auto",
        gpu_share: float = GPU_SHARE,
        container: bool = False,
    ) -> None:
        """`address` is "auto" or HOST:PORT of the cluster, None for one of this machine alone.

        `jobs` bounds the tasks that run at the same time; by default there are as many as the cluster has CPUs now.
        `container` tells that the sandbox is a container engine. Raises UsageError where Ray is not installed,
        there is no such cluster, or one of its nodes has another grader, torch or Python.
        """
        self._ray = joined(address, jobs)
        self._versions = versions()
        try:
            require_equal_nodes(self._ray, self._versions)
        except BaseException:
            self._ray.shutdown()
            raise
        self._task = self._ray.remote(run_errand)
        resources: Mapping[str, float] = self._ray.cluster_resources()
        self.capacity = jobs or max(1, int(resources.get("CPU", 1)))
        gpus = 0.0 if device == "cpu" else resources.get("GPU", 0.0)
        self._demand: dict[Kind, dict[str, float]] = {"static": {"num_cpus": 1}, "train": {"num_cpus": 1}}
        self._most: dict[Kind, int] = {"static": self.capacity, "train": self.capacity}
        if gpus:
            self._demand["train"]["num_gpus"] = gpu_share
            self._most["train"] = max(1, min(self.capacity, int(gpus / gpu_share)))
        self._container = container
        self._numbers = itertools.count()
        self._waiting: dict[Kind, queue.PriorityQueue[_Ticket]] = {kind: queue.PriorityQueue() for kind in _ORDER}
        self._running: dict[Any, _Ticket] = {}  # Ray's stream of what a task says -> the task
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._something = threading.Event()
        self._end: GraderError = Stopped(_STOPPED)  # what is told to those whose task did not end
        self._thread = threading.Thread(target=self._work, daemon=True, name="ray")
        self._thread.start()

    def submit(
        self,
        function: Callable[[Argument, Say], Answer],
        argument: Argument,
        *,
        kind: Kind,
        timeout: float,
        on_news: Say,
    ) -> Future[Answer]:
        """See `Executor.submit`. A task whose worker or node is lost is sent to another, three times at most."""
        errand = Errand(kind, function, argument, timeout, self._container, self._versions)
        ticket = _Ticket((_ORDER[kind], next(self._numbers)), errand, on_news)
        with self._lock:
            if self._closing.is_set():
                ticket.future.set_exception(self._end)
            else:
                self._waiting[kind].put(ticket)
        self._something.set()
        return ticket.future

    def open_door(self, device: str) -> Path | None:
        """See `Executor.open_door`: Ray says which GPU each training has."""
        return None

    def close(self) -> None:
        """See `Executor.close`. A cluster that was there before goes on without this run's tasks."""
        with self._lock:
            self._closing.set()
        self._something.set()
        self._thread.join()
        self._ray.shutdown()

    def _work(self) -> None:
        try:
            self._serve()
        except Exception as problem:  # the connection to the cluster is lost: nobody may wait for ever
            self._end = WorkerDied(f"The Ray cluster is lost: {type(problem).__name__}.")
        with self._lock:
            self._closing.set()
        for ticket in self._running.values():
            ticket.future.set_exception(self._end)
        self._running.clear()
        for waiting in self._waiting.values():
            while not waiting.empty():
                ticket = waiting.get()
                if ticket.attempts or ticket.future.set_running_or_notify_cancel():
                    ticket.future.set_exception(self._end)

    def _serve(self) -> None:
        """Send tasks while there is room, and listen to those that run."""
        while not self._closing.is_set():
            self._send()
            if not self._running:
                self._something.wait(_PULSE_SECONDS)
                self._something.clear()
                continue
            streams = list(self._running)
            ready, _ = self._ray.wait(streams, num_returns=len(streams), timeout=_PULSE_SECONDS)
            for stream in ready:
                self._listen(stream)

    def _send(self) -> None:
        counts = Counter(ticket.errand.kind for ticket in self._running.values())
        for kind in _ORDER:
            waiting = self._waiting[kind]
            while not waiting.empty() and counts[kind] < self._most[kind] and counts.total() < self.capacity:
                ticket = waiting.get()
                if not ticket.attempts and not ticket.future.set_running_or_notify_cancel():
                    continue
                self._running[self._begun(ticket)] = ticket
                counts[kind] += 1

    def _begun(self, ticket: _Ticket) -> Any:
        options = {"num_returns": "streaming", "max_retries": 0, "name": ticket.errand.function.__name__}
        return self._task.options(**options, **self._demand[ticket.errand.kind]).remote(ticket.errand)

    def _listen(self, stream: Any) -> None:
        """The next thing that a task says; it has arrived on this machine."""
        ticket = self._running[stream]
        try:
            word, value = self._ray.get(next(stream))
        except self._ray.exceptions.RayTaskError as problem:  # not the task's own errors: those are said
            del self._running[stream]
            said = f"A node of the cluster could not run the task: {type(problem.cause).__name__}."
            ticket.future.set_exception(GraderError(said, mend=SAME_VERSIONS))
            return
        except (self._ray.exceptions.RayError, StopIteration) as problem:
            del self._running[stream]
            self._lost(ticket, problem)
            return
        if word == "news":
            ticket.on_news(value)
            return
        del self._running[stream]
        if word == "done":
            ticket.future.set_result(value)
        else:
            ticket.future.set_exception(value)

    def _lost(self, ticket: _Ticket, problem: Exception) -> None:
        """Its worker or node is gone, or Ray failed: the task is sent again, but not for ever."""
        ticket.attempts.append(type(problem).__name__)
        if len(ticket.attempts) < _MOST_ATTEMPTS:
            self._waiting[ticket.errand.kind].put(ticket)
            return
        tries = ", ".join(ticket.attempts)
        ticket.future.set_exception(WorkerDied(f"The task was lost {_MOST_ATTEMPTS} times in the cluster ({tries})."))
