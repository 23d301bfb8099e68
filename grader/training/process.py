"""One training process, seen from outside: started clean, read line by line, always ended."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.errors import TrainingError
from grader.temporary_folder import temporary_folder
from grader.training.available_memory import killed_for_memory
from grader.training.event_lines import EventLines
from grader.training.events import Event, Refused
from grader.training.job import TrainingJob, write_job
from grader.training.too_little import machine_ran_out, too_little
from grader.training.worker import WEIGHTS

# Found by measurement: without these, glibc gives every activation back to the kernel after each step.
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_TOP_PAD_": str(2**28),
}
_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT")
_STDERR_SHOWN = 300
_STDERR_READ = 2**16
_LAST_SECONDS = 10  # between closing its end and ending

# -I leaves out environment, user site and current folder; the parent's path makes the same packages importable.
_BOOTSTRAP = """\
import runpy, sys
sys.path[:] = sys.argv.pop(1).split("\\n")
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""


class TrainingProcess:
    """A context: on leaving it the process is dead and its folder gone, whatever happened."""

    queues = False

    def __init__(self, job: TrainingJob) -> None:
        self.seed = job.seed
        self._job = job
        self._lines = EventLines()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = place = stack.enter_context(temporary_folder("training"))
            self._start(place, stack)
            self._stack = stack.pop_all()
        return self

    def _start(self, place: Path, stack: ExitStack) -> None:
        self._killed_for_memory = killed_for_memory()
        try:
            write_job(self._job, place)
            self._stderr = stack.enter_context((place / "stderr").open("wb+"))
            self._process = subprocess.Popen(
                command(place),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=place,
                env=environment(place),
                start_new_session=True,  # Ctrl-C in a terminal is for us; we end the process ourselves
            )
        except OSError as problem:
            raise TrainingError(f"The training process could not be started: {problem.strerror or problem}.") from None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._stack.close()

    def fileno(self) -> int:
        """Readable when `read` has something to say."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read(self) -> list[Event] | None:
        """The events that have come; None when the process has closed its end.

        Raises TrainingError for a line that is not an event.
        """
        content = os.read(self.fileno(), 2**16)
        return self._lines.take(content) if content else None

    def weights(self) -> bytes | None:
        """The best epoch's weights so far, where they were to be kept."""
        file = self._folder / WEIGHTS
        return file.read_bytes() if file.is_file() else None

    def want_of_memory(self) -> Refused | None:
        """What to say where the process, which has closed its end, was ended for want of memory, by kernel or C++."""
        code = self._ended()
        if code == -signal.SIGKILL and killed_for_memory() > self._killed_for_memory:
            return machine_ran_out()
        if code == -signal.SIGABRT and "std::bad_alloc" in self._said():
            return too_little(self._job)
        return None

    def last_words(self) -> str:
        """Why the process, which has closed its end, ended, in one clause."""
        code = self._ended()
        if code is None:
            return "it stopped talking"
        if code < 0:
            return f"it was killed by signal {-code}"
        lines = self._said().strip().splitlines()
        return f"exit code {code}" + (f", {lines[-1][:_STDERR_SHOWN]}" if lines else "")

    def _ended(self) -> int | None:
        """Its exit code; None where it goes on with nobody listening."""
        try:
            return self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def _said(self) -> str:
        """The end of what it wrote to stderr."""
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - _STDERR_READ))
        return self._stderr.read().decode("utf-8", "replace")


def command(folder: Path, module: str = "grader.training.worker") -> list[str]:
    """The command line of a training process, or of another that begins as clean."""
    path = "\n".join(entry or str(Path.cwd()) for entry in sys.path)
    return [sys.executable, "-I", "-c", _BOOTSTRAP, path, module, str(folder), str(os.getpid())]


def environment(folder: Path) -> dict[str, str]:
    """The whole environment of a training process: no credentials, one thread, memory kept between steps."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    place = {"HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**passed, **place, **_THREADS, **_MALLOC}
