"""Where an attack is tried: the real command, on a machine dressed with secrets, looked over afterwards."""

import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import markup
import pytest

from grader.cli import main as command_line
from grader.sandbox.base import Sandbox
from grader.sandbox.select import select

CANARY = "c4n4ry-7f3a9e51d2"  # stands for every secret of this machine; no report may ever hold it
BAIT = "grader-canary-secret"  # the name of files that hold it: an attack may walk the whole disk for them
MARK = "grader-attack-was-here"  # attacks name what they leave behind like this: files, processes
PORTS = range(47911, 47919)  # attacks may call home here; a worker listens on one of them
_WELL_KNOWN = ("/tmp", "/var/tmp", "/dev/shm", "/")  # where attacks try to leave a file


@dataclass(frozen=True)
class Answer:
    """What a run of the command gave. `breaches` says in a sentence each what was not contained."""

    code: int
    stdout: str
    stderr: str
    out: Path
    breaches: tuple[str, ...] = ()

    @property
    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.out / "report.json").read_text(encoding="utf-8"))
        return loaded

    @property
    def texts(self) -> dict[str, str]:
        """Everything that a person or a program may see of this run, by where it stands."""
        files = sorted(self.out.rglob("*")) if self.out.is_dir() else []
        texts = {file.name: file.read_text("utf-8", "replace") for file in files if file.is_file()}
        return {"stdout": self.stdout, "stderr": self.stderr, **texts}


@dataclass
class Arena:
    """A dressed machine: `run("check", path, ...)` is `grader check path ... --out OUT`."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    runs: int = 0
    calls_home: list[socket.socket] = field(default_factory=list)

    def run(self, *arguments: str | Path) -> Answer:
        """Run the command in this process. Nothing is asserted; see `Answer.breaches`."""
        self.runs += 1
        out = self.folder / f"out-{self.runs}"
        extra = ["--out", str(out)] if arguments[0] == "check" else []
        self.monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments), *extra])
        before, code = _children(), 0
        try:
            command_line.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        stdout, stderr = self.capture.readouterr()
        answer = Answer(code, stdout, stderr, out)
        return Answer(code, stdout, stderr, out, tuple(self._breaches(answer, before)))

    def _breaches(self, answer: Answer, before: set[int]) -> Iterator[str]:
        for child in _children() - before:
            yield f"process {child} was left behind"
        for pid in _survivors():
            yield f"process {pid} of the attack survived"
        for left in (self.folder / "temporary").iterdir():
            yield f"{left.name} was left in the temporary folder"
        for place in (*_WELL_KNOWN, str(self.folder / "home"), str(Path.cwd())):
            for left in Path(place).glob(f"{MARK}*"):
                yield f"{left} was written outside the sandbox"
        for name, text in answer.texts.items():
            for secret in (CANARY, *_shadow()):
                if secret in text:
                    yield f"{name} holds a secret of this machine"
        if "Traceback (most recent call last)" in answer.stdout + answer.stderr:
            yield "grader itself crashed with a traceback"
        yield from markup.breaches(answer.texts)
        for listener in self.calls_home:
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                yield "something called home over the network"


@pytest.fixture
def arena(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], warm: Sandbox
) -> Iterator[Arena]:
    """An arena with secrets in the environment, in a home folder and beside the data; closed afterwards.

    Its sandbox is the one that attacks could outlive.
    """
    monkeypatch.setattr("grader.cli.plan.select", lambda name: warm if name == "auto" else select(name))
    for name in ("temporary", "home/.ssh", "home/.cache"):
        (tmp_path / name).mkdir(parents=True)
    for name in (f"home/{BAIT}", "home/.ssh/id_rsa", "home/.netrc", f"home/.cache/{BAIT}"):
        (tmp_path / name).write_text(CANARY)
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "AWS_SECRET_ACCESS_KEY", "GRADER_SECRET"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home/.cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("GRADER_DATA_DIR", raising=False)
    with contextlib.ExitStack() as stack:
        yield Arena(tmp_path, capfd, monkeypatch, calls_home=[*_listeners(stack)])


def _listeners(stack: contextlib.ExitStack) -> Iterator[socket.socket]:
    """One TCP port of PORTS and one abstract unix socket, both waiting for a call that must not come."""
    for port in PORTS:
        listener = stack.enter_context(socket.socket())
        with contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            break
    local = stack.enter_context(socket.socket(socket.AF_UNIX))
    with contextlib.suppress(OSError):
        local.bind(f"\0{MARK}-{os.getpid()}")
    for one in (listener, local):
        one.listen()
        one.setblocking(False)
        yield one


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in task.read_text().split()}
    return found


def _survivors() -> list[int]:
    """Processes of an attack that go on; those of a run beside this one end with that run."""
    deadline = time.monotonic() + 20
    while (found := _processes_named(MARK)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _processes_named(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and text.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def _shadow() -> list[str]:
    """Lines of /etc/shadow, where this process may read it."""
    with contextlib.suppress(OSError):
        return [line for line in Path("/etc/shadow").read_text().splitlines() if len(line) > 8]
    return []
