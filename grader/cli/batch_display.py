"""Where a batch stands, on stderr: a live table where there is a terminal, plain lines where there is none."""

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.batch.results.words import WORDS
from grader.batch.run.watch import Watch
from grader.cli.progress import state
from grader.model.result import Result
from grader.model.work import Stage
from grader.report.escape import log_text, prose, visible

if TYPE_CHECKING:
    from rich.console import Console, Group

    from grader.training.launch import ProgressEvent

_MOST_ROWS = 12  # of submissions under way
_PULSE_SECONDS = 60.0  # between lines that say that it goes on
_LOOK_SECONDS = 1.0
STAGES = {
    Stage.CLONE: "fetching",
    Stage.PROBE: "building",
    Stage.ANALYSE: "measuring",
    Stage.TRAIN: "training",
    Stage.REPORT: "writing",
}


@contextlib.contextmanager
def display(*, quiet: bool) -> Iterator[Watch]:
    """The callbacks of a display, which ends with the block."""
    if quiet:
        yield Watch()
        return
    shown = _Table() if sys.stderr.isatty() else _Lines()
    try:
        yield Watch(shown.begun, shown.stage, shown.training, shown.ended)
    finally:
        shown.close()


@dataclass
class Standing:
    """The figures of a batch as they stand; the display's callbacks keep them."""

    students: int = 0
    wanted: int = 0
    finished: int = 0
    found: int = 0  # of the finished: had been done before
    began: float = field(default_factory=time.monotonic)
    results: "Counter[Result]" = field(default_factory=Counter)
    under_way: dict[str, tuple[Stage, str]] = field(default_factory=dict)  # student -> stage, how far

    def take(self, student: str, result: Result, found: bool) -> None:
        """A submission has ended."""
        self.under_way.pop(student, None)
        self.finished += 1
        self.found += found
        self.results[result] += 1

    def summary(self) -> str:
        """One line: how many, with which results, and how long it may go on."""
        known = ", ".join(f"{self.results[one]:,} {WORDS[one].text.lower()}" for one in WORDS if self.results[one])
        left = seconds_left(self.wanted - self.finished, self.finished - self.found, time.monotonic() - self.began)
        parts = (f"{self.finished:,} of {self.wanted:,}", known, f"about {duration(left)} left" if left else "")
        return ", ".join(filter(None, parts))


def seconds_left(remaining: int, done: int, seconds: float) -> float | None:
    """How long `remaining` submissions may take where `done` took so many seconds; None where it can't be told."""
    return seconds / done * remaining if done and remaining else None


def duration(seconds: float) -> str:
    """A rough length of time: seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


class _Lines:
    """A line for each submission that ends, and one a minute while none does."""

    def __init__(self) -> None:
        self._standing, self._lock = Standing(), threading.Lock()
        self._said = time.monotonic()
        self._closed = threading.Event()
        self._pulse = threading.Thread(target=self._beat, daemon=True)
        self._pulse.start()

    def begun(self, students: int, wanted: int) -> None:
        with self._lock:
            self._standing.students, self._standing.wanted = students, wanted
            self._say(f"{students:,} students, {wanted:,} to grade")

    def stage(self, student: str, stage: Stage) -> None:
        with self._lock:
            self._standing.under_way[student] = (stage, "")

    def training(self, student: str, event: "ProgressEvent") -> None:
        pass

    def ended(self, student: str, result: Result, reason: str, found: bool) -> None:
        with self._lock:
            self._standing.take(student, result, found)
            word = WORDS[result].text.lower()
            why = f": {prose(reason, 300)}" if result in ("unreached", "error") else ""
            before = ", done before" if found else ""
            number = f"{self._standing.finished:,} of {self._standing.wanted:,}"
            self._say(f"{number}: {visible(student)}: {word}{before}{why}")

    def close(self) -> None:
        self._closed.set()
        self._pulse.join()

    def _beat(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            with self._lock:
                if time.monotonic() - self._said >= _PULSE_SECONDS and self._standing.wanted:
                    self._say(self._standing.summary())

    def _say(self, sentence: str) -> None:
        self._said = time.monotonic()
        passed = self._said - self._standing.began
        print(log_text(f"[{passed:7.1f} s] {sentence}"), file=sys.stderr, flush=True)


class _Table:
    """A table of what is under way, below a line of what has been reached."""

    def __init__(self) -> None:
        from rich.live import Live

        self._standing, self._lock = Standing(), threading.Lock()
        self._live = Live(console=_console(), get_renderable=self._drawn, refresh_per_second=4)
        self._live.start()

    def begun(self, students: int, wanted: int) -> None:
        with self._lock:
            self._standing.students, self._standing.wanted = students, wanted

    def stage(self, student: str, stage: Stage) -> None:
        with self._lock:
            self._standing.under_way[student] = (stage, "")

    def training(self, student: str, event: "ProgressEvent") -> None:
        far = f"seed {event.seed}: epoch {event.epoch} of {event.epochs}, {state(event)}".removesuffix(", ")
        with self._lock:
            self._standing.under_way[student] = (Stage.TRAIN, far)

    def ended(self, student: str, result: Result, reason: str, found: bool) -> None:
        with self._lock:
            self._standing.take(student, result, found)
        if result in ("unreached", "error"):
            text = log_text(f"{visible(student)}: {WORDS[result].text.lower()}: {prose(reason, 300)}")
            self._live.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        self._live.stop()

    def _drawn(self) -> "Group":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        with self._lock:
            shown = list(self._standing.under_way.items())
            summary = self._standing.summary()
        for student, (stage, far) in shown[:_MOST_ROWS]:
            table.add_row(*map(Text, (visible(student, 40), STAGES[stage], far)))
        if len(shown) > _MOST_ROWS:
            table.add_row(Text(f"and {len(shown) - _MOST_ROWS} more"))
        return Group(Text(summary), table)


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
