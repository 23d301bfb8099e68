"""What the stages of a submission cost a worker, in seconds of wall and of CPU time."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from grader.model.work import Stage


@dataclass(frozen=True)
class Cost:
    """One stage. CPU time is of the worker, of processes it waited for, and of the sandbox where that can tell."""

    stage: Stage
    seconds: float
    cpu_seconds: float


class Meter:
    """Measures one stage after the other; `elsewhere` is CPU time that this process's own counters lack."""

    def __init__(self, elsewhere: Callable[[], float] = lambda: 0.0) -> None:
        self._elsewhere = elsewhere
        self._began, self._cpu = time.monotonic(), self._now()
        self._costs: list[Cost] = []

    def end(self, stage: Stage) -> None:
        """The stage that has gone on since the last one ended, or since the beginning, is over."""
        began, cpu = self._began, self._cpu
        self._began, self._cpu = time.monotonic(), self._now()
        self._costs.append(Cost(stage, self._began - began, max(0.0, self._cpu - cpu)))

    @property
    def costs(self) -> tuple[Cost, ...]:
        """Of the stages that have ended."""
        return tuple(self._costs)

    def _now(self) -> float:
        return cpu_seconds() + self._elsewhere()


class Stopwatch:
    """Measures one stage of one thread; the CPU time is the thread's own, without what it started."""

    def __init__(self) -> None:
        self._began, self._cpu = time.monotonic(), time.thread_time()

    def cost(self, stage: Stage) -> Cost:
        """What has passed since."""
        return Cost(stage, time.monotonic() - self._began, time.thread_time() - self._cpu)


def cpu_seconds() -> float:
    """CPU time of this process and of the children that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
