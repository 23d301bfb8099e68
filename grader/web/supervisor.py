"""The web process keeps a process that grades, and starts it again where it ends."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

_FIRST_PAUSE = 1.0  # seconds before it is started again; twice as long each time, until it has run for a while
_LONGEST_PAUSE = 60.0
_A_WHILE = 60.0
_TO_END = 20.0  # seconds that it has to give its work back
READY = "ready"  # what it prints once it can work
_LOG = logging.getLogger("grader.serve")


class Supervisor:
    """`start`, and `stop` in the end. The process dies with the thread that started it, which is this one's own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = list(command), dict(environment)
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to keep it."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether it runs, and has everything that it needs."""
        return self._ready.is_set()

    def stop(self) -> None:
        """End it: it gives its jobs back first."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)
        self._thread.join(_TO_END)
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._run()
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _A_WHILE else min(_LONGEST_PAUSE, 2 * pause)
            _LOG.error("The workers ended with exit code %s and are started again in %d seconds.", code, pause)
            self._stopping.wait(pause)

    def _run(self) -> int | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env=self._environment,
                text=True,
                start_new_session=True,  # Ctrl-C in a terminal is for this process, which ends that one
            )
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if line.strip() == READY:
                    self._ready.set()
        code = process.wait()
        self._ready.clear()
        with self._lock:
            self._process = None
        return code
