"""Progress on stderr: a bar where there is a terminal, plain lines where there is none."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.report.escape import log_text, visible
from grader.report.notation import percent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from grader.training.launch import ProgressEvent


class Progress:
    """What is going on, for the person who waits. stdout is never touched."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._bar: Bar | None = None
        self._tasks: dict[int, TaskID] = {}
        self._said: dict[int, int] = {}  # seed -> how many epochs were announced

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_bar()

    def stage(self, name: str) -> None:
        """A new stage of the pipeline begins."""
        self._stop_bar()
        self._said = {}
        self._say(visible(name))

    def training(self, event: "ProgressEvent") -> None:
        """A retraining went on."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._draw(event)
        elif event.finished > self._said.get(event.seed, 0):
            self._said[event.seed] = event.finished
            self._say(f"seed {event.seed}: epoch {event.finished} of {event.epochs}, {state(event)}")

    def warn(self, sentence: str) -> None:
        """What the person must know even with --quiet."""
        self._stop_bar()
        print(log_text(visible(sentence, 600)), file=sys.stderr, flush=True)

    def _draw(self, event: "ProgressEvent") -> None:
        if self._bar is None:
            self._bar = bar()
            self._bar.start()
        if event.seed not in self._tasks:
            self._tasks[event.seed] = self._bar.add_task(_title(event), total=1.0, state="")
        self._bar.update(self._tasks[event.seed], completed=event.share, description=_title(event), state=state(event))

    def _say(self, sentence: str) -> None:
        if not self._quiet:
            print(log_text(f"[{time.monotonic() - self._began:6.1f} s] {sentence}"), file=sys.stderr, flush=True)

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._tasks = None, {}


def _title(event: "ProgressEvent") -> str:
    return f"seed {event.seed}: epoch {event.epoch} of {event.epochs}"


def state(event: "ProgressEvent") -> str:
    """Accuracy so far and time left, in a few words; empty before the first epoch has ended."""
    if event.accuracy is None or event.best_accuracy is None:
        return ""
    left = "" if event.seconds_left is None else f", {_duration(event.seconds_left)} left"
    return f"{percent(event.accuracy)}, best {percent(event.best_accuracy)}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def bar() -> "Bar":
    """A progress display on stderr; a task has a description, a share and a `state`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    return Progress(*columns, console=Console(stderr=True), transient=False)
