"""The handle on a zygote: a process that has torch imported, and forks runs into namespaces made for them.

Importing torch and its exporter costs seconds of CPU time; in a batch they are paid once. What a run sees and may do is
what it is for a run that begins from nothing: the same namespaces, a uid of its own, limits and filter of system calls.
The program is in `zygote_process`.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from grader.errors import SandboxError
from grader.sandbox import interpreter
from grader.sandbox.base import Job
from grader.sandbox.bubblewrap_arguments import TEMPORARY_FOLDER, bounds
from grader.sandbox.pipes import line, pipe

REFUSED = 125  # the exit code of a run that could not give up its privileges, and so never began
_PROGRAM = Path(__file__).with_name("zygote_process.py")
_START_SECONDS = 120.0
_FORK_SECONDS = 15.0
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Forked:
    """A run that waits for its first word. `parent` and `process` are host pids."""

    parent: int
    process: int
    descriptor: int  # pidfd of `process`
    status: IO[bytes]
    go: IO[bytes]

    def begin(self) -> None:
        """Let the run begin; it need not be there any more."""
        with contextlib.suppress(BrokenPipeError):
            self.go.write(b"g")

    def end(self) -> tuple[int, float] | None:
        """(exit code, seconds of CPU time) of a run whose namespace is dead; None where nobody can say."""
        match line(self.status, time.monotonic() + _END_SECONDS).split():
            case [b"ended", code, seconds]:
                return int(code), float(seconds)
        return None


class Zygote:
    """One process, started when it is first needed, and again if it died. Several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._closing: weakref.finalize[..., Zygote] | None = None

    @contextlib.contextmanager
    def fork(self, namespace: int, job: Job, uid: int, filter_: bytes, outputs: tuple[int, int]) -> Iterator[Forked]:
        """A run in the namespaces of the process whose pidfd is `namespace`, printing to the pipes `outputs`.

        Raises SandboxError where it can't be started. On leaving, its descriptors are closed; ending it is for who
        ends the namespace.
        """
        asked = json.dumps(_run(job, uid, filter_)).encode()
        with contextlib.ExitStack() as stack:
            status, status_inside = pipe(stack)
            go_inside, go = pipe(stack)
            descriptors = [namespace, *outputs, status_inside.fileno(), go_inside.fileno()]
            with self._lock:
                self._send(asked, descriptors)
            status_inside.close()
            go_inside.close()
            said = line(status, time.monotonic() + _FORK_SECONDS).decode(errors="replace").strip()
            word, _, rest = said.partition(" ")
            if word != "started":
                self.close()
                raise SandboxError(f"The sandbox could not be entered: {rest or 'its process died'}.")
            process = int(rest)
            descriptor = os.pidfd_open(process)
            stack.callback(os.close, descriptor)
            yield Forked(_parent(process), process, descriptor, status, go)

    def close(self) -> None:
        """End the process. Runs that it has forked go on without it."""
        if self._closing is not None:
            self._closing()

    def _send(self, asked: bytes, descriptors: list[int]) -> None:
        for attempt in range(2):
            channel = self._started()
            try:
                socket.send_fds(channel, [asked], descriptors)
                return
            except OSError as problem:  # it has died: of the machine's lack of memory, say
                self.close()
                if attempt:
                    raise SandboxError(f"The sandbox's warm process can't be reached: {problem.strerror}.") from None

    def _started(self) -> socket.socket:
        if self._channel is None or self._process is None or self._process.poll() is not None:
            self.close()
            self._process, self._channel = _start()
            self._closing = weakref.finalize(self, _stop, self._process, self._channel)
        return self._channel


def _start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, _PROGRAM.open("rb") as program:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-", str(theirs.fileno())],
            env=interpreter.environment(TEMPORARY_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER),
            stdin=program,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            cwd="/",
        )
    view = interpreter.view()
    told = {
        "probe": interpreter.PROBE_FOLDER,
        "sources": [[str(here), inside] for here, inside in interpreter.probe_sources()],
        "import_folders": [str(folder) for folder in view.import_folders],
        "temporary": tempfile.gettempdir(),
        "parent": os.getpid(),
    }
    ours.settimeout(_START_SECONDS)
    try:
        ours.send(json.dumps(told).encode())
        answer = ours.recv(1 << 16)
        threads = json.loads(answer)["threads"] if answer else 0
    except (OSError, ValueError):
        threads = 0
    if threads != 1:  # of several threads only one would live on in a fork, and the locks of the others for ever
        assert process.stderr
        process.kill()
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
        _stop(process, ours)
        reason = said[-1] if said else f"it runs {threads} threads"
        raise SandboxError(f"The sandbox's warm process does not start: {reason}.")
    return process, ours


def _stop(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    channel.close()
    process.kill()
    process.wait()
    if process.stderr:
        process.stderr.close()


def _run(job: Job, uid: int, filter_: bytes) -> Mapping[str, Any]:
    return {
        "root": os.geteuid() == 0,
        "uid": uid,
        "folder": TEMPORARY_FOLDER,
        "limits": bounds(job.limits),
        "environment": interpreter.environment(TEMPORARY_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER),
        "filter": filter_.hex(),
        "command": job.command,
        "arguments": [interpreter.REQUEST, interpreter.OUTPUT_FOLDER],
        "refused": REFUSED,
    }


def _parent(process: int) -> int:
    """The parent of a process (proc(5), `stat`: after the name in parentheses, the state, then the parent)."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
