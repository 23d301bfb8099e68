"""A worker process, seen from the coordinator: started clean, spoken to over a socket of its own, always ended."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from grader.batch.run.executor import Kind, Say, TookTooLong, WorkerDied
from grader.errors import GraderError
from grader.sandbox import container_engine

_START_SECONDS = 180.0
_SHORTEST_WAIT = 0.001
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "SYSTEMROOT")
_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

# -I leaves out environment, user site and current folder; the parent's path makes the same packages importable.
_BOOTSTRAP = """\
import runpy, sys
sys.path[:] = sys.argv.pop(1).split("\\n")
runpy.run_module("grader.batch.run.worker", run_name="__main__")
"""


class WorkerProcess:
    """One process for tasks of one kind, one after the other. Used by one thread, which must live as long as it does.

    `kill` may be called by any. The process dies with the thread that started it: see prctl(2), PR_SET_PDEATHSIG.
    """

    def __init__(self, kind: Kind, folder: Path, *, container: bool) -> None:
        """Start it; `folder` is for its temporary files. `container` leaves it what the container engine needs.

        Raises GraderError where it can't be started.
        """
        self.folder, self.tasks = folder, 0
        self.usable = True  # whether it can take another task
        self._ready = False
        ours, theirs = socket.socketpair()
        self._stderr = folder / "stderr"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with theirs, self._stderr.open("wb") as stderr:
                self._process = subprocess.Popen(
                    _command(theirs.fileno(), kind, "shared" if container else "none"),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    cwd=folder,
                    env=_environment(folder, container=container),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C in a terminal is for the coordinator, which ends this
                )
        except OSError as problem:
            ours.close()
            raise GraderError(f"A worker process could not be started: {problem.strerror or problem}.") from None
        self._connection = Connection(ours.detach())

    def run(self, function: Callable[[Any, Say], Any], argument: Any, *, timeout: float, on_news: Say) -> Any:
        """Run one task to its end; `timeout` begins when the process has imported what it needs.

        Raises what the task raised, TookTooLong or WorkerDied.
        """
        self.usable = False
        if not self._ready:
            self._receive(time.monotonic() + _START_SECONDS, "A worker process did not start in time.")
            self._ready = True
        self.tasks += 1
        with self._death():
            self._connection.send((function, argument))
        deadline = time.monotonic() + timeout
        while True:
            word, value = self._receive(deadline, f"It took longer than {timeout:,g} seconds and was stopped.")
            if word == "news":
                on_news(value)
                continue
            self.usable = True
            if word == "failed":
                raise value
            return value

    def kill(self) -> None:
        """End it, whatever it does; another thread that waits for it notices."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def _receive(self, deadline: float, too_late: str) -> Any:
        with self._death():
            if not self._connection.poll(max(_SHORTEST_WAIT, deadline - time.monotonic())):
                raise TookTooLong(too_late)
            return self._connection.recv()

    @contextlib.contextmanager
    def _death(self) -> Any:
        try:
            yield
        except (EOFError, OSError):
            raise WorkerDied(f"The worker process ended before its task did: {self._last_words()}.") from None

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self._process.poll()
        if code is None:
            return "it stopped talking"
        if code < 0:
            return f"it was killed by signal {-code}"
        lines = self._stderr.read_text(errors="replace").strip().splitlines() if self._stderr.exists() else []
        return f"exit code {code}" + (f", {lines[-1][:300]}" if lines else "")


def _command(descriptor: int, kind: Kind, network: str) -> list[str]:
    path = "\n".join(entry or str(Path.cwd()) for entry in sys.path)
    told = [str(descriptor), str(os.getpid()), kind, network]
    return [sys.executable, "-I", "-c", _BOOTSTRAP, path, *told]


def _environment(folder: Path, *, container: bool) -> dict[str, str]:
    """The whole environment of a worker: no credentials, one thread."""
    names = (container_engine.ENGINE_VARIABLE, container_engine.IMAGE_VARIABLE) if container else ()
    passed = {name: os.environ[name] for name in (*_PASSED_ON, *names) if name in os.environ}
    place = {"HOME": str(folder), "TMPDIR": str(folder), "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor")}
    engine = container_engine.environment() if container else {}
    return {**place, **engine, **passed, **_THREADS, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
