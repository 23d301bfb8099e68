"""Run as a script by the process backend: starts one command with limits, and ends with everything it started.

It adopts orphans (PR_SET_CHILD_SUBREAPER), so that a child that detached itself is found and killed too, and it dies
cleanly with its parent (PR_SET_PDEATHSIG). Standard library only; started with -I -S, so nothing of grader is imported.
Its one argument is JSON: {"command", "environment", "folder", "limits": {name of a resource: (soft, hard)}, "parent"};
`folder` is the current folder of the command, and is removed if the parent dies.
"""

import contextlib
import ctypes
import functools
import json
import os
import resource
import shutil
import signal
import sys
import time
from types import FrameType
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> NoReturn:
    """Start the command, wait for it, kill what is left of it, and exit as it did (128 + signal for a signal)."""
    told = json.loads(sys.argv[1])
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, functools.partial(_end, told))
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != told["parent"]:  # it died before we could be told
        shutil.rmtree(told["folder"], ignore_errors=True)
        sys.exit(1)
    child = os.fork()
    if child == 0:
        _become(told)
    status = 0
    while True:
        ended, state = os.wait()
        if ended == child:
            status = state
            break
    _kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _become(told: dict[str, Any]) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.chdir(told["folder"])
        for name, bounds in told["limits"].items():
            limit = getattr(resource, name)
            ceiling = resource.getrlimit(limit)[1]
            soft, hard = (bound if ceiling == resource.RLIM_INFINITY else min(bound, ceiling) for bound in bounds)
            resource.setrlimit(limit, (soft, hard))
        os.execve(told["command"][0], told["command"], told["environment"])  # noqa: S606  this is what it is for
    except OSError as error:
        os.write(2, f"cannot start {told['command'][0]}: {error.strerror}\n".encode())
    os._exit(127)


def _end(told: dict[str, Any], _signal: int, _frame: FrameType | None) -> NoReturn:
    _kill_descendants()
    if os.getppid() != told["parent"]:
        shutil.rmtree(told["folder"], ignore_errors=True)
    os._exit(143)


def _kill_descendants() -> None:
    """Kill until there is none: stopped first, so that none can start another meanwhile."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = _descendants(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    pending = [process]
    while pending:
        folder = f"/proc/{pending.pop()}/task"
        with contextlib.suppress(OSError):
            for thread in os.listdir(folder):  # noqa: PTH208  a script that starts fast
                with open(f"{folder}/{thread}/children") as file:  # noqa: PTH123
                    children = [int(number) for number in file.read().split()]
                found += children
                pending += children
    return found


if __name__ == "__main__":
    main()
