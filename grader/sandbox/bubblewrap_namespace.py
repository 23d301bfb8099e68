"""Setting up the namespaces of one run with bubblewrap, holding them until it may begin, and ending them."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from grader.errors import SandboxError
from grader.sandbox import bubblewrap_arguments as arguments
from grader.sandbox import interpreter, seccomp
from grader.sandbox.base import Job
from grader.sandbox.pipes import line, memory_file, pipe, readable

_SETUP_SECONDS = 15.0


@dataclass(frozen=True)
class Namespace:
    """A namespace that is set up and held; a word to `held` lets its command start."""

    process: subprocess.Popen[bytes]
    init: int  # host pid of the first process inside: when it is gone, all are
    init_descriptor: int
    folders: tuple[int, ...]  # what can be written inside, opened from outside; the output folder comes first
    status: IO[bytes]
    held: IO[bytes]

    def begin(self) -> None:
        """Let the command start."""
        with contextlib.suppress(BrokenPipeError):  # it ended before its time, which its status tells
            self.held.write(b"go\n")
        self.held.close()

    def end(self) -> None:
        """Kill everything inside, and wait until it is gone."""
        _kill(self.init_descriptor)

    def exit_code(self) -> int | None:
        """What bubblewrap reports once its command ended; nothing if the command never started."""
        said = line(self.status, time.monotonic() + 1)
        return int(json.loads(said)["exit-code"]) if said else None


@contextlib.contextmanager
def set_up_namespace(job: Job, uid: int, *, hold: bool) -> Iterator[Namespace]:
    """Start bubblewrap and hold it once everything is mounted; on leaving, nothing of it runs any more.

    With `hold` it has no command but to be there.
    """
    root = os.geteuid() == 0
    marker = f"/.{secrets.token_hex(8)}"
    view = interpreter.view()
    with contextlib.ExitStack() as stack:
        status, status_inside = pipe(stack)
        held, release = pipe(stack)
        request = memory_file(stack, job.request)
        filter_ = memory_file(stack, seccomp.program())
        options = arguments.options(job.limits, view, request=request, marker=marker, root=root)
        options += ["--json-status-fd", str(status_inside.fileno()), "--seccomp", str(filter_)]
        # Not on the command line, which can be read inside: /proc/1/cmdline.
        told = memory_file(stack, b"".join(os.fsencode(option) + b"\0" for option in options))
        command = arguments.keeper(job.limits, uid, root=root) if hold else _command(job, view, uid)
        bubblewrap = ["bwrap", "--args", str(told), "--"]
        process = subprocess.Popen(
            [*bubblewrap, *command],
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
        namespace = _when_set_up(stack, process, status, release, marker)
        if hold:
            # While bubblewrap changes its root, whoever joins would find the one before.
            assert process.stdout
            if not line(process.stdout, time.monotonic() + _SETUP_SECONDS):
                raise SandboxError("The sandbox could not be set up: what keeps it does not answer.")
        yield namespace


def _command(job: Job, view: interpreter.View, uid: int) -> list[str]:
    probe = interpreter.probe_command(
        interpreter.PROBE_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER, view.import_folders
    )
    return [*arguments.prefix(job.limits, uid, root=os.geteuid() == 0), *(job.command or probe)]


def _when_set_up(
    stack: contextlib.ExitStack, process: subprocess.Popen[bytes], status: IO[bytes], release: IO[bytes], marker: str
) -> Namespace:
    deadline = time.monotonic() + _SETUP_SECONDS
    try:
        init = int(json.loads(line(status, deadline))["child-pid"])
        init_descriptor = os.pidfd_open(init)
        stack.callback(os.close, init_descriptor)
        stack.callback(_kill, init_descriptor)
        while not os.path.lexists(f"/proc/{init}/root{marker}"):
            if readable(init_descriptor, 0.001) or time.monotonic() > deadline:
                raise OSError("it did not finish its set-up")
        writable = (interpreter.OUTPUT_FOLDER, arguments.TEMPORARY_FOLDER, arguments.SHARED_MEMORY_FOLDER)
        folders = []
        for folder in writable:
            folders.append(os.open(f"/proc/{init}/root{folder}", os.O_RDONLY | os.O_DIRECTORY))
            stack.callback(os.close, folders[-1])
    except (OSError, ValueError) as error:
        process.kill()
        assert process.stderr
        said = last_line(process.stderr.read().decode(errors="replace"))
        raise SandboxError(f"The sandbox could not be set up: {said or error}.") from None
    return Namespace(process, init, init_descriptor, tuple(folders), status, release)


def _kill(init_descriptor: int) -> None:
    """Kill the first process of a namespace, and so all of them, and wait until they are gone."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(init_descriptor, signal.SIGKILL)
    readable(init_descriptor, 10)


def last_line(text: str) -> str:
    """What bubblewrap, or what it starts, said last."""
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("bwrap: ") if lines else ""
