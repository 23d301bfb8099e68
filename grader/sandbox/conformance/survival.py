"""Whether anything outlives a run: when it ends by itself, and when grader is killed in the middle of it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.sandbox.base import Sandbox
from grader.sandbox.conformance.bait import Bait, token
from grader.sandbox.conformance.guarantee import Verdict
from grader.sandbox.conformance.trial import LIMITS, job, judge, run

_DAEMON_SECONDS = 20  # what a sandbox leaves behind ends by itself after that
_START_SECONDS = 60.0
_END_SECONDS = 5.0

# A grader of its own, to be killed. What it runs it reads: nothing of it stands in its arguments.
_GRADER = """\
import importlib, json, sys
from grader.sandbox.base import Job, Limits
told = json.load(sys.stdin)
sandbox = getattr(importlib.import_module(told["module"]), told["name"])()
sandbox.run(Job(told["request"].encode(), tuple(told["command"]), (), Limits(**told["limits"])))
"""


def daemons(sandbox: Sandbox, bait: Bait) -> Verdict:
    """Children that detached themselves are gone when `run` returns."""
    name = token()
    with _watching(name) as seen:
        trial = run(sandbox, bait, "limits.starts", told={"token": name, "seconds": _DAEMON_SECONDS, "stays": 0.5})
        left = named(name)
    if left:
        _end(left)
        return Verdict(False, f"{len(left)} processes were still there")
    verdict = judge(bait, trial)
    if verdict.held and not seen:
        return Verdict(None, "its processes cannot be seen from here")
    return verdict


def killed_grader(sandbox: Sandbox, bait: Bait) -> Verdict:
    """SIGKILL of grader: no process, no mount and no folder remains, or the next start removes it."""
    name = token()
    told = {"token": name, "seconds": _DAEMON_SECONDS, "stays": _DAEMON_SECONDS}
    with _grader(sandbox, bait, told) as grader:
        if not eventually(lambda: bool(named(f"{name}-")), _START_SECONDS):
            return Verdict(None, "its processes cannot be seen from here")
        grader.send_signal(signal.SIGKILL)
        grader.wait()
    if eventually(lambda: not _left(name, bait), _END_SECONDS):
        return Verdict(True)
    with _grader(sandbox, bait, {"token": token(), "seconds": 0, "stays": 0}) as next_grader:
        next_grader.wait()
    if eventually(lambda: not _left(name, bait), _END_SECONDS):
        return Verdict(True, "the next start removed what was left")
    left = _left(name, bait)
    _end(named(name))
    return Verdict(False, f"left behind: {', '.join(left)}")


@contextlib.contextmanager
def _grader(sandbox: Sandbox, bait: Bait, told: dict[str, object]) -> Iterator[subprocess.Popen[bytes]]:
    """Another grader in the middle of a run."""
    wanted = job(bait, "limits.starts", told=told)
    kind = type(sandbox)
    request = {
        "module": kind.__module__,
        "name": kind.__qualname__,
        "request": wanted.request.decode(),
        "command": wanted.command,
        "limits": {**vars(LIMITS), "wall_seconds": 2 * _DAEMON_SECONDS},
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(_folder(bait))}
    grader = subprocess.Popen(
        [sys.executable, "-B", "-c", _GRADER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with grader:
        assert grader.stdin
        grader.stdin.write(json.dumps(request).encode())
        grader.stdin.close()
        yield grader
        grader.kill()


def _folder(bait: Bait) -> Path:
    folder = bait.temporary / "grader"
    folder.mkdir(exist_ok=True)
    return folder


def _left(name: str, bait: Bait) -> list[str]:
    folder = _folder(bait)
    left = [f"process {process}" for process in named(name)]
    left += [f"folder {place.name}" for place in folder.iterdir()]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [*left, *(f"mount {line.split()[4]}" for line in mounts if name in line or str(folder) in line)]


@contextlib.contextmanager
def _watching(name: str) -> Iterator[list[int]]:
    """The processes with a name that were seen meanwhile."""
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.extend(named(name))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def named(name: str) -> list[int]:
    """The processes of this machine with a name in their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and name.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def _end(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
