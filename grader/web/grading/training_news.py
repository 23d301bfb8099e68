"""What a training says while it goes on, kept where pages look for it: every epoch, and now and then in between."""

import threading
import time
from collections.abc import Callable

from pydantic import TypeAdapter

from grader.training.launch import ProgressEvent

_EVENT = TypeAdapter(ProgressEvent)
_SECONDS = 5.0  # between two events within an epoch


class TrainingNews:
    """`tell(job, event as JSON)` keeps an event. Called from any thread."""

    def __init__(self, tell: Callable[[int, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._last: dict[int, float] = {}
        self._lock = threading.Lock()

    def __call__(self, student: str, event: ProgressEvent) -> None:
        """The news of a job's training; `student` is the number of the job."""
        job, now = int(student), self._clock()
        with self._lock:
            if event.ended is None and now - self._last.get(job, now - _SECONDS) < _SECONDS:
                return
            self._last[job] = now
        self._tell(job, _EVENT.dump_json(event).decode())

    def forget(self, student: str) -> None:
        """The job has ended."""
        with self._lock:
            self._last.pop(int(student), None)
