"""The `process` backend: limits only. A run has the caller's rights, files and network: for submissions one trusts.

It must be asked for by name and is stamped in the report. What it does promise: bounded time, memory, output and
number of files, an environment without secrets, no inherited descriptors, and that nothing survives, detached or not.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from grader.sandbox import interpreter, process_guard
from grader.sandbox.base import Availability, Job, Limits, Result, Status
from grader.sandbox.follow import Followed, Tail, Usage, drain, follow, tree_usage
from grader.sandbox.outputs import read_outputs
from grader.temporary_folder import temporary_folder


class Process:
    """Runs a job as a plain child process; see the module."""

    name = "process"
    strength: Literal["limits only"] = "limits only"

    def availability(self) -> Availability:
        """Whether this is Linux: the tree of processes is followed through /proc."""
        if sys.platform == "linux":
            return Availability(True)
        return Availability(False, "The process sandbox needs Linux.", "Grade in a Linux container or virtual machine.")

    def run(self, job: Job) -> Result:
        """Run one job; see `Sandbox.run`."""
        with temporary_folder("process") as folder:
            return _run(job, folder)


def _run(job: Job, folder: Path) -> Result:
    started = time.monotonic()
    request, output, home = folder / "request.json", folder / "out", folder / "home"
    request.write_bytes(job.request)
    output.mkdir()
    home.mkdir()
    stdout, stderr = Tail(job.limits.stdout_bytes), Tail(job.limits.stdout_bytes)
    with _guard(job, folder) as guard, _opened(os.pidfd_open(guard.pid)) as ended:
        assert guard.stdout and guard.stderr
        streams = {guard.stdout.fileno(): stdout, guard.stderr.fileno(): stderr}
        followed = follow(ended, streams, job.limits, functools.partial(_usage, guard.pid, folder))
        if followed.reason is not None:
            guard.send_signal(signal.SIGTERM)
        exit_code = guard.wait()
        drain(streams)
        with _opened(os.open(output, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)) as opened:
            files, refused = read_outputs(opened, job.outputs, limit=job.limits.output_bytes, owner=os.geteuid())
    return Result(
        status=_status(followed, exit_code),
        exit_code=(exit_code if exit_code >= 0 else 128 - exit_code) if followed.reason is None else None,
        files=files,
        stdout=stdout.text(),
        stderr=stderr.text(),
        seconds=time.monotonic() - started,
        peak_memory_bytes=followed.peak_memory_bytes,
        refused=refused,
    )


def _status(followed: Followed, exit_code: int) -> Status:
    if followed.reason is not None:
        return followed.reason
    if exit_code == 128 + signal.SIGXCPU:
        return "timeout"
    return "killed" if exit_code in (128 + signal.SIGKILL, -signal.SIGKILL) else "exited"


@contextlib.contextmanager
def _guard(job: Job, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The guard of the command, started; on leaving it is gone, with everything below it."""
    request, output, home = str(folder / "request.json"), str(folder / "out"), str(folder / "home")
    command = job.command or _probe_command(request, output)
    told = {
        "command": [shutil.which(command[0]) or command[0], *command[1:]],
        "environment": interpreter.environment(home, request, output),
        "folder": str(folder),
        "limits": _resource_limits(job.limits),
        "parent": os.getpid(),
    }
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", process_guard.__file__, json.dumps(told)],
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches grader, which ends it
        bufsize=0,
    )
    with guard:
        try:
            yield guard
        finally:
            guard.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _probe_command(request: str, output: str) -> tuple[str, ...]:
    # The folder that holds grader: here, unlike in bubblewrap, all of it can be seen.
    probe = Path(interpreter.__file__).resolve().parents[2]
    return interpreter.probe_command(str(probe), request, output, ())


def _resource_limits(limits: Limits) -> dict[str, tuple[int, int]]:
    """Name of a resource -> (soft, hard)."""
    bounds = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.output_bytes,
        "RLIMIT_NPROC": _threads_of_user() + limits.processes,  # the kernel counts all of a user's, here
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 1,  # not 0: where dumps are piped to a handler, only this keeps the kernel from starting it
    }
    cpu = (limits.cpu_seconds, limits.cpu_seconds + 5)  # SIGXCPU first, which tells why
    return {"RLIMIT_CPU": cpu, **{name: (value, value) for name, value in bounds.items()}}


def _threads_of_user() -> int:
    threads = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and folder.stat().st_uid == os.getuid():
                threads += len(list((folder / "task").iterdir()))
    return threads


def _usage(guard: int, folder: Path) -> Usage:
    memory, threads = tree_usage(guard)
    files = file_bytes = 0
    for place, _, names in os.walk(folder):
        files += 1 + len(names)
        for name in names:
            with contextlib.suppress(OSError):
                file_bytes += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118  called very often
    return Usage(memory, threads, files, file_bytes)
