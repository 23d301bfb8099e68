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
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal

from grader.errors import SandboxError
from grader.sandbox import bubblewrap_arguments as arguments
from grader.sandbox import interpreter, seccomp
from grader.sandbox.base import Availability, Job, Result, Status
from grader.sandbox.bubblewrap_availability import OTHERWISE, availability
from grader.sandbox.bubblewrap_leftovers import remove_leftovers
from grader.sandbox.follow import Followed, Tail, Usage, drain, follow, socket_memory, tree_usage
from grader.sandbox.outputs import read_outputs

_SETUP_SECONDS = 15.0
_FIRST_UID, _UIDS = 0x70000000, 0x0FFFFFFE  # systemd leaves this range unused (systemd.io/UIDS-GIDS)


class Bubblewrap:
    """Runs a job in namespaces of its own; see the module."""

    name = "bubblewrap"
    strength: Literal["isolated"] = "isolated"

    def availability(self) -> Availability:
        """Whether bubblewrap runs here: found, new enough, and allowed to make namespaces."""
        return _tried(os.geteuid())

    def run(self, job: Job) -> Result:
        """Run one job; see `Sandbox.run`. Raises SandboxError with the mend when bubblewrap cannot start."""
        here = self.availability()
        if not here.ok:
            raise SandboxError(here.reason, mend=here.mend)
        return _run(job)


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
        f"Python does not start in the sandbox ({_last_line(result.stderr) or result.status}).",
        f"See that everybody may read {sys.prefix} and {sys.base_prefix}, {OTHERWISE}.",
    )


@dataclass(frozen=True)
class _Namespace:
    """A namespace that is set up and held; writing to `release` lets its command start."""

    process: subprocess.Popen[bytes]
    init: int  # host pid of the first process inside: when it is gone, all are
    init_descriptor: int
    folders: tuple[int, ...]  # what can be written inside, opened from outside; the output folder comes first
    status: IO[bytes]
    release: IO[bytes]


def _run(job: Job) -> Result:
    started = time.monotonic()
    uid = _FIRST_UID + secrets.randbelow(_UIDS) if os.geteuid() == 0 else os.geteuid()
    stdout, stderr = Tail(job.limits.stdout_bytes), Tail(job.limits.stdout_bytes)
    with _namespace(job, uid) as namespace:
        assert namespace.process.stdout and namespace.process.stderr
        streams = {namespace.process.stdout.fileno(): stdout, namespace.process.stderr.fileno(): stderr}
        _release(namespace)
        followed = follow(namespace.init_descriptor, streams, job.limits, functools.partial(_usage, namespace))
        if followed.reason is not None:
            _kill(namespace.init_descriptor)
        namespace.process.wait()
        drain(streams)
        exit_code = _exit_code(namespace.status)
        if exit_code is None and followed.reason is None:
            raise SandboxError(f"The sandbox could not start its command: {_last_line(stderr.text())}")
        files, refused = read_outputs(namespace.folders[0], job.outputs, limit=job.limits.output_bytes, owner=uid)
    return Result(
        status=_status(followed, exit_code),
        exit_code=exit_code if followed.reason is None else None,
        files=files,
        stdout=stdout.text(),
        stderr=stderr.text(),
        seconds=time.monotonic() - started,
        peak_memory_bytes=followed.peak_memory_bytes,
        refused=refused,
    )


def _release(namespace: _Namespace) -> None:
    with contextlib.suppress(BrokenPipeError):  # it ended before its time, which its status tells
        namespace.release.write(b"go\n")
    namespace.release.close()


def _usage(namespace: _Namespace) -> Usage:
    memory, threads = tree_usage(namespace.init)
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


@contextlib.contextmanager
def _namespace(job: Job, uid: int) -> Iterator[_Namespace]:
    """Start bubblewrap and hold it once everything is mounted; on leaving, nothing of it runs any more."""
    root = os.geteuid() == 0
    marker = f"/.{secrets.token_hex(8)}"
    view = interpreter.view()
    with contextlib.ExitStack() as stack:
        status, status_inside = _pipe(stack)
        held, release = _pipe(stack)
        request = _memory_file(stack, job.request)
        filter_ = _memory_file(stack, seccomp.program())
        options = arguments.options(job.limits, view, request=request, marker=marker, root=root)
        options += ["--json-status-fd", str(status_inside.fileno()), "--seccomp", str(filter_)]
        # Not on the command line, which can be read inside: /proc/1/cmdline.
        told = _memory_file(stack, b"".join(os.fsencode(option) + b"\0" for option in options))
        command = job.command or interpreter.probe_command(
            interpreter.PROBE_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER, view.import_folders
        )
        bubblewrap = ["bwrap", "--args", str(told), "--"]
        process = subprocess.Popen(
            [*bubblewrap, *arguments.prefix(job.limits, uid, root=root), *command],
            env={"PATH": os.environ.get("PATH", os.defpath)},  # inside, it can be read as /proc/1/environ
            stdin=held,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(told, request, filter_, status_inside.fileno()),
            start_new_session=True,  # Ctrl-C reaches grader, which ends it
            bufsize=0,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        status_inside.close()
        held.close()
        yield _when_set_up(stack, process, status, release, marker)


def _when_set_up(
    stack: contextlib.ExitStack, process: subprocess.Popen[bytes], status: IO[bytes], release: IO[bytes], marker: str
) -> _Namespace:
    deadline = time.monotonic() + _SETUP_SECONDS
    try:
        init = int(json.loads(_line(status, deadline))["child-pid"])
        init_descriptor = os.pidfd_open(init)
        stack.callback(os.close, init_descriptor)
        stack.callback(_kill, init_descriptor)
        while not os.path.lexists(f"/proc/{init}/root{marker}"):
            if _readable(init_descriptor, 0.001) or time.monotonic() > deadline:
                raise OSError("it did not finish its set-up")
        writable = (interpreter.OUTPUT_FOLDER, arguments.TEMPORARY_FOLDER, arguments.SHARED_MEMORY_FOLDER)
        folders = []
        for folder in writable:
            folders.append(os.open(f"/proc/{init}/root{folder}", os.O_RDONLY | os.O_DIRECTORY))
            stack.callback(os.close, folders[-1])
    except (OSError, ValueError) as error:
        process.kill()
        assert process.stderr
        said = _last_line(process.stderr.read().decode(errors="replace"))
        raise SandboxError(f"The sandbox could not be set up: {said or error}.") from None
    return _Namespace(process, init, init_descriptor, tuple(folders), status, release)


def _pipe(stack: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    ends = os.pipe()
    read, write = os.fdopen(ends[0], "rb", buffering=0), os.fdopen(ends[1], "wb", buffering=0)
    return stack.enter_context(read), stack.enter_context(write)


def _memory_file(stack: contextlib.ExitStack, content: bytes) -> int:
    """A descriptor to read `content` from; it has no name anywhere."""
    file = stack.enter_context(os.fdopen(os.memfd_create("grader"), "w+b"))
    file.write(content)
    file.flush()
    file.seek(0)
    return file.fileno()


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _line(stream: IO[bytes], deadline: float) -> bytes:
    """The next line; what there is of it at the deadline or the end."""
    line = b""
    while not line.endswith(b"\n") and _readable(stream.fileno(), max(0.0, deadline - time.monotonic())):
        byte = stream.read(1)
        if not byte:
            break
        line += byte
    return line


def _exit_code(status: IO[bytes]) -> int | None:
    """What bubblewrap reports once its command ended; nothing if the command never started."""
    line = _line(status, time.monotonic() + 1)
    return int(json.loads(line)["exit-code"]) if line else None


def _kill(init_descriptor: int) -> None:
    """Kill the first process of a namespace, and so all of them, and wait until they are gone."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(init_descriptor, signal.SIGKILL)
    _readable(init_descriptor, 10)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("bwrap: ") if lines else ""
