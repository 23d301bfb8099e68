"""Trainings that share a device: a process that trains them side by side, and a training in it, seen from outside."""

import contextlib
import os
import socket
import subprocess
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


class SharedDevice:
    """A context: within it there is a process that trains up to `lanes` jobs side by side, to be met at `door`."""

    def __init__(self, device: str, lanes: int) -> None:
        self._device, self._lanes = device, lanes

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            place = stack.enter_context(temporary_folder("training"))
            stderr = stack.enter_context((place / "stderr").open("wb+"))
            process = subprocess.Popen(
                [*command(place, "grader.training.shared_worker"), self._device, str(self._lanes)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=place,
                env=environment(place),
                start_new_session=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            self.door = place / SOCKET
            self._wait_for(process)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _wait_for(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _BEGIN_SECONDS
        while not self.door.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise TrainingError("The process that trains side by side did not begin.")
            time.sleep(_PAUSE_SECONDS)


class SharedTraining:
    """One training in a shared process, with the face of a `TrainingProcess`: a context that ends it on leaving."""

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
