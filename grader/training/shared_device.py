"""Trainings that share a device: a process that trains them side by side, and a training in it, seen from outside."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.errors import TrainingError
from grader.temporary_folder import temporary_folder
from grader.training.event_lines import EventLines
from grader.training.events import Event, Refused
from grader.training.job import TrainingJob, write_job
from grader.training.process import command, environment
from grader.training.shared_worker import SOCKET
from grader.training.worker import WEIGHTS

_BEGIN_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_TIMES = 5  # that the process is begun; a device that fails so often is better shared by processes


class SharedDevice:
    """A context: within it there is a process that trains up to `lanes` jobs side by side, to be met at `door`.

    Where that process ends, as it does after an error of the device, a new one takes its place a few times.
    Raises TrainingError on entering where none can be begun.
    """

    def __init__(self, device: str, lanes: int) -> None:
        self._device, self._lanes = device, lanes
        self._leaving = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._place = stack.enter_context(temporary_folder("training"))
            self.door = self._place / SOCKET
            # Processes end with the thread that began them, so it has to be one that stays.
            keeper = threading.Thread(target=self._keep, daemon=True)
            keeper.start()
            stack.callback(keeper.join)
            stack.callback(self._leave)
            self._wait(keeper)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _keep(self) -> None:
        for _ in range(_TIMES):
            with self._lock:  # `_leave` sees it, or it does not start
                if self._leaving.is_set():
                    return
                self.door.unlink(missing_ok=True)
                try:
                    self._process = self._begin()
                except OSError:
                    return
            self._process.wait()
            if not self.door.exists():  # there is no such device: there won't be one the next time
                return

    def _begin(self) -> "subprocess.Popen[bytes]":
        with (self._place / "stderr").open("ab") as stderr:
            return subprocess.Popen(
                [*command(self._place, "grader.training.shared_worker"), self._device, str(self._lanes)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=self._place,
                env=environment(self._place),
                start_new_session=True,
            )

    def _wait(self, keeper: threading.Thread) -> None:
        deadline = time.monotonic() + _BEGIN_SECONDS
        while not self.door.exists():
            if not keeper.is_alive() or time.monotonic() > deadline:
                raise TrainingError("The process that trains side by side did not begin.")
            time.sleep(_PAUSE_SECONDS)

    def _leave(self) -> None:
        with self._lock:
            self._leaving.set()
            if self._process is not None:
                self._process.kill()


class TrainingLane:
    """One training in a shared process, with the face of a `TrainingProcess`: a context that ends it on leaving."""

    queues = True

    def __init__(self, job: TrainingJob, door: Path) -> None:
        self.seed = job.seed
        self._job, self._door = job, door
        self._lines = EventLines()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = stack.enter_context(temporary_folder("training"))
            write_job(self._job, self._folder)
            self._connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            try:
                self._connection.connect(str(self._door))
                self._connection.sendall(os.fsencode(self._folder) + b"\n")
            except OSError as problem:
                raise TrainingError(f"The shared training process is away: {problem.strerror}.") from None
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def fileno(self) -> int:
        """Readable when `read` has something to say."""
        return self._connection.fileno()

    def read(self) -> list[Event] | None:
        """See `TrainingProcess.read`."""
        content = b""
        with contextlib.suppress(ConnectionError):
            content = self._connection.recv(2**16)
        return self._lines.take(content) if content else None

    def weights(self) -> bytes | None:
        """See `TrainingProcess.weights`."""
        file = self._folder / WEIGHTS
        return file.read_bytes() if file.is_file() else None

    def want_of_memory(self) -> Refused | None:
        """Nothing that could be told apart: the process is not this training's alone."""
        return None

    def last_words(self) -> str:
        """See `TrainingProcess.last_words`."""
        return "the process that trained it beside others ended or failed"
