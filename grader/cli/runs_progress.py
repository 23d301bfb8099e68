"""Progress of many runs on stderr: a bar for each where there is a terminal, plain lines where there is none."""

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.cli.progress import bar, state
from grader.model.report import GradeReport
from grader.reference.runs import Wanted, Watch
from grader.report.notation import percent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from grader.training.launch import ProgressEvent


class RunsProgress:
    """What is going on, for the person who waits; its `watch` may be called from any thread."""

    def __init__(self, *, quiet: bool, runs: int) -> None:
        self._quiet, self._runs = quiet, runs
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._bar: Bar | None = None
        self._tasks: dict[Wanted, TaskID] = {}
        self._said: dict[Wanted, int] = {}  # how many epochs were announced
        self._done = 0

    @property
    def watch(self) -> Watch:
        """The callbacks."""
        return Watch(self._checked, self._found, self._training, self._finished)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _checked(self, key: str) -> None:
        self._say(f"{key}: the graph is what published.yaml says")

    def _found(self, wanted: Wanted) -> None:
        self._done += 1
        self._say(f"{wanted}: done before ({self._done} of {self._runs})")

    def _finished(self, wanted: Wanted, report: GradeReport) -> None:
        with self._lock:
            self._done += 1
            if self._bar is not None and wanted in self._tasks:
                self._bar.remove_task(self._tasks.pop(wanted))
        run = report.training.runs[0]
        result = f"best {percent(run.best_accuracy)}, last {percent(run.final_accuracy)}"
        self._say(f"{wanted}: {result} ({self._done} of {self._runs})")

    def _training(self, wanted: Wanted, event: "ProgressEvent") -> None:
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._draw(wanted, event)
        elif event.finished > self._said.get(wanted, 0):
            self._said[wanted] = event.finished
            self._say(f"{wanted}: epoch {event.finished} of {event.epochs}, {state(event)}")

    def _draw(self, wanted: Wanted, event: "ProgressEvent") -> None:
        title = f"{wanted}: epoch {event.epoch} of {event.epochs}"
        with self._lock:
            if self._bar is None:
                self._bar = bar()
                self._bar.start()
            if wanted not in self._tasks:
                self._tasks[wanted] = self._bar.add_task(title, total=1.0, state="")
            self._bar.update(self._tasks[wanted], completed=event.share, description=title, state=state(event))

    def _say(self, sentence: str) -> None:
        if not self._quiet:
            line = f"[{time.monotonic() - self._began:6.1f} s] {sentence}"
            if self._bar is not None:
                self._bar.console.print(line, highlight=False, markup=False)
            else:
                print(line, file=sys.stderr, flush=True)
