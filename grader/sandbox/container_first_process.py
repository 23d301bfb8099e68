"""Run as a script in a container, as its first process: starts one command with limits, and takes all down with it.

The kernel ends everything in a container when its first process ends, and lets nobody inside kill that one. It ends
when its command does, when its standard input ends (grader held the other end, and is gone), and when time is up.
Standard library only; started with -I -S. Its one argument is JSON: {"command" (null in front: this Python),
"environment", "folder", "limits": {name of a resource: (soft, hard)}, "seconds"}. It says "ready" on standard output,
and starts the command at the first line of its input. When everything else in the container is dead, it says on
standard error what memory the container used: nobody can write after that line.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

READY = b"ready\n"
LAST_WORDS = "first process: memory"  # and bytes at the most, and how many processes were killed for want of it
_PR_SET_DUMPABLE = 4
_WAIT_SECONDS = 60.0
_KILL_SECONDS = 5.0
# (file, name of the line) of control groups v2 and v1 (Linux, admin-guide/cgroup-v2 and cgroup-v1)
_PEAK = (("memory.peak", ""), ("memory/memory.max_usage_in_bytes", ""))
_KILLED = (("memory.events", "oom_kill"), ("memory/memory.oom_control", "oom_kill"))


def main() -> NoReturn:
    """Start the command when told, wait for it, and end as it did (128 + signal for a signal)."""
    told = json.loads(sys.argv[1])
    # The command runs as the same user: this closes our memory, descriptors and environment to it (proc(5)).
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.write(1, READY)
    if not select.select([0], [], [], _WAIT_SECONDS)[0] or not os.read(0, 1):
        os._exit(1)
    while os.read(0, 1) not in (b"\n", b""):
        pass
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        library.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its own /proc would be closed to it
        _become(told)
    code = _exit_code(child, reading, time.monotonic() + told["seconds"])
    _kill_all()
    os.set_blocking(2, True)  # the command may have changed that
    os.write(2, f"\n{LAST_WORDS} {_counted(_PEAK)} {_counted(_KILLED)}\n".encode())
    os._exit(code)


def _exit_code(child: int, woken: int, deadline: float) -> int:
    while time.monotonic() < deadline:
        readable = select.select([0, woken], [], [], deadline - time.monotonic())[0]
        if 0 in readable and not os.read(0, 1):
            break
        if woken in readable:
            os.read(woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    return code if code >= 0 else 128 - code
    return 128 + signal.SIGKILL


def _kill_all() -> None:
    """Kill everything else in the container, and wait until it is gone."""
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _counted(places: tuple[tuple[str, str], ...]) -> int:
    """A number of the container's control group; 0 where it can't be read."""
    for file, name in places:
        with contextlib.suppress(OSError), open(f"/sys/fs/cgroup/{file}") as opened:  # noqa: PTH123
            for key, value in _pairs(opened.read()):
                if key == name:
                    return int(value)
    return 0


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.rpartition(" ")
        yield key, value


def _become(told: dict[str, Any]) -> NoReturn:
    program, *arguments = told["command"]
    program = program or sys.executable
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        os.closerange(3, 256)
        os.umask(0o022)
        os.chdir(told["folder"])
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write("1000")  # when memory runs out, it goes first, not we
        for name, bounds in told["limits"].items():
            resource.setrlimit(getattr(resource, name), bounds)
        os.execvpe(program, [program, *arguments], told["environment"])  # noqa: S606  this is what it is for
    except OSError as error:
        os.write(2, f"cannot start {program}: {error.strerror}\n".encode())
    os._exit(127)


if __name__ == "__main__":
    main()
