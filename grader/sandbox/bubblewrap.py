"""The default sandbox on Linux: bubblewrap namespaces, an unprivileged uid of its own, a seccomp allow-list.

Everything that a run can write lies in memory file systems of its own namespace, so a run that dies, or a grader that
is killed, leaves nothing to remove. The output folder is opened from outside while the namespace is set up and held,
and read when every process in it is dead: an open descriptor keeps the file system. What holds it is a shell that
waits for a word from us: if grader died before bubblewrap could bind itself to its life, it reads the end and ends.

As root no user namespace is used: bubblewrap sets up, then setpriv becomes a random uid that owns nothing (`--uid`
would leave host uid 0 inside). As anybody else one is used, with nested ones disabled.
"""

import contextlib
import functools
import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from typing import Literal

from grader.errors import SandboxError
from grader.sandbox import seccomp
from grader.sandbox.base import Availability, Job, Limits, Result, Status
from grader.sandbox.bubblewrap_availability import OTHERWISE, availability
from grader.sandbox.bubblewrap_leftovers import remove_leftovers
from grader.sandbox.bubblewrap_namespace import Namespace, last_line, set_up_namespace
from grader.sandbox.follow import Followed, Tail, Usage, drain, follow, socket_memory, tree_usage
from grader.sandbox.outputs import read_outputs
from grader.sandbox.pipes import pipe
from grader.sandbox.zygote import REFUSED, Forked, Zygote

_FIRST_UID, _UIDS = 0x70000000, 0x0FFFFFFE  # systemd leaves this range unused (systemd.io/UIDS-GIDS)


class Bubblewrap:
    """Runs a job in namespaces of its own; see the module.

    A warm one keeps a zygote, whose imports the runs share: a second less for each, and a process that stays.
    """

    name = "bubblewrap"
    strength: Literal["isolated"] = "isolated"

    def __init__(self, *, warm: bool = False) -> None:
        self._zygote = Zygote() if warm else None

    def availability(self) -> Availability:
        """Whether bubblewrap runs here: found, new enough, and allowed to make namespaces."""
        return _tried(os.geteuid())

    def run(self, job: Job) -> Result:
        """Run one job; see `Sandbox.run`. Raises SandboxError with the mend when bubblewrap cannot start."""
        here = self.availability()
        if not here.ok:
            raise SandboxError(here.reason, mend=here.mend)
        return _run(job) if self._zygote is None else _run_warm(job, self._zygote)


@functools.cache
def _tried(uid: int) -> Availability:
    here = availability(uid)
    if not here.ok:
        return here
    remove_leftovers()
    try:
        result = _run(Job(b"", (sys.executable, "-I", "-S", "-c", "print('started')"), outputs=()))
    except SandboxError as error:
        return Availability(False, error.message, error.mend or OTHERWISE)
    if result.stdout.strip() == "started":
        return here
    return Availability(
        False,
        f"Python does not start in the sandbox ({last_line(result.stderr) or result.status}).",
        f"See that everybody may read {sys.prefix} and {sys.base_prefix}, {OTHERWISE}.",
    )


def _run(job: Job) -> Result:
    started, uid = time.monotonic(), _uid()
    with set_up_namespace(job, uid, hold=False) as namespace:
        streams = _streams(namespace, job.limits)
        namespace.begin()
        followed = follow(namespace.init_descriptor, streams, job.limits, functools.partial(_usage, namespace))
        if followed.reason is not None:
            namespace.end()
        namespace.process.wait()
        drain(streams)
        exit_code = namespace.exit_code()
        if exit_code is None and followed.reason is None:
            raise SandboxError(f"The sandbox could not start its command: {last_line(_texts(streams)[1])}")
        files, refused = read_outputs(namespace.folders[0], job.outputs, limit=job.limits.output_bytes, owner=uid)
    ended = _Ended(followed, exit_code)
    return _result(ended, files, refused, _texts(streams), time.monotonic() - started)


def _run_warm(job: Job, zygote: Zygote) -> Result:
    """As `_run`, but what runs is a fork of the zygote, beside the process that keeps the namespace."""
    started, uid = time.monotonic(), _uid()
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(set_up_namespace(job, uid, hold=True))
        pipes = [pipe(stack) for _ in range(2)]
        streams = {read.fileno(): Tail(job.limits.stdout_bytes) for read, _ in pipes}
        outputs = (pipes[0][1].fileno(), pipes[1][1].fileno())
        forked = stack.enter_context(zygote.fork(namespace.init_descriptor, job, uid, seccomp.program(), outputs))
        for _, write in pipes:
            write.close()
        forked.begin()
        usage = functools.partial(_usage, namespace, forked)
        followed = follow(forked.descriptor, streams, job.limits, usage)
        namespace.end()
        drain(streams)
        exit_code, seconds = forked.end() or (None, None)
        if followed.reason is None and exit_code in (None, REFUSED):
            raise SandboxError(f"The sandbox could not start its command: {last_line(_texts(streams)[1])}")
        files, refused = read_outputs(namespace.folders[0], job.outputs, limit=job.limits.output_bytes, owner=uid)
    ended = _Ended(followed, exit_code, seconds)
    return _result(ended, files, refused, _texts(streams), time.monotonic() - started)


@dataclass(frozen=True)
class _Ended:
    """How a run ended."""

    followed: Followed
    exit_code: int | None
    cpu_seconds: float | None = None  # of its first process and those that this one waited for


def _result(
    ended: _Ended, files: dict[str, bytes], refused: tuple[str, ...], texts: tuple[str, str], seconds: float
) -> Result:
    reason = ended.followed.reason
    return Result(
        status=_status(ended.followed, ended.exit_code),
        exit_code=ended.exit_code if reason is None else None,
        files=files,
        stdout=texts[0],
        stderr=texts[1],
        seconds=seconds,
        peak_memory_bytes=ended.followed.peak_memory_bytes,
        refused=refused,
        cpu_seconds=ended.cpu_seconds,
    )


def _uid() -> int:
    return _FIRST_UID + secrets.randbelow(_UIDS) if os.geteuid() == 0 else os.geteuid()


def _streams(namespace: Namespace, limits: Limits) -> dict[int, Tail]:
    assert namespace.process.stdout and namespace.process.stderr
    files = (namespace.process.stdout, namespace.process.stderr)
    return {file.fileno(): Tail(limits.stdout_bytes) for file in files}


def _texts(streams: dict[int, Tail]) -> tuple[str, str]:
    """What was printed to stdout and stderr."""
    stdout, stderr = streams.values()
    return stdout.text(), stderr.text()


def _usage(namespace: Namespace, forked: Forked | None = None) -> Usage:
    # What loses its parent inside becomes a child of the namespace's first process.
    memory, threads = tree_usage(namespace.init, *(() if forked is None else (forked.parent,)))
    systems = [os.statvfs(folder) for folder in namespace.folders]
    memory += sum((system.f_blocks - system.f_bfree) * system.f_frsize for system in systems)
    memory += socket_memory(namespace.init)
    return Usage(memory, threads, files=sum(system.f_files - system.f_ffree for system in systems))


def _status(followed: Followed, exit_code: int | None) -> Status:
    if followed.reason is not None:
        return followed.reason
    if exit_code == 128 + signal.SIGXCPU:
        return "timeout"
    return "killed" if exit_code == 128 + signal.SIGKILL else "exited"
