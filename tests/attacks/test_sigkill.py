"""SIGKILL of grader at random moments of a check: nothing of it goes on, and the next start removes what lies about."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import reaper
from git_repository import Repository

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
"""
_DRAW = random.Random(1)  # the same moments in each run, so that one that fails can be looked at
MOMENTS = [round(_DRAW.random(), 3) for _ in range(10)]  # shares of the time that the whole check takes
FEW = [round(_DRAW.random(), 3) for _ in range(3)]
CLONING = [round(_DRAW.random(), 3) for _ in range(3)]  # shares of the time until the clone is there

FETCHING = "] fetching "


@dataclass(frozen=True)
class Length:
    """How long a check takes here, uninterrupted: in all, and fetching the repository."""

    seconds: float
    fetching: float


class Machine:
    """A temporary folder of its own, in which checks of one small model are started and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary, self.empty = folder / "temporary", folder / "empty"
        for place in (self.temporary, self.empty, folder / "home"):
            place.mkdir(parents=True)
        self.repository = Repository(folder / "repository")
        self.repository.commit(**{"model.py": MODEL})

    def check(self, seconds: float, source: str, *options: str, words: str = "") -> dict[str, Any]:
        """Start a check and kill it so many seconds after it said the words; what reaper.py prints."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-m", "grader", "check", source, "--rubric", "demo", "--device", "cpu"]
        command += ["--epochs", "2", "--seeds", "1", "--out", str(out), *options]
        done = subprocess.run(
            [sys.executable, reaper.__file__, str(seconds), words, *command],
            capture_output=True,
            text=True,
            env={**os.environ, "TMPDIR": str(self.temporary), "HOME": str(self.folder / "home")},
            check=True,
            timeout=300,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def next_start(self, *options: str) -> None:
        """The next start: of another submission, which holds nothing."""
        command = [sys.executable, "-m", "grader", "check", str(self.empty), "--no-train", *options]
        environment = {**os.environ, "TMPDIR": str(self.temporary), "HOME": str(self.folder / "home")}
        done = subprocess.run(
            [*command, "--out", str(self.folder / "out-of-the-next")],
            capture_output=True,
            env=environment,
            check=False,
            timeout=120,
        )
        assert done.returncode == 4, done.stderr


@pytest.fixture(scope="session")
def length(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Length]:
    """length(sandbox): measured once for each."""
    known: dict[str, Length] = {}

    def measured(sandbox: str) -> Length:
        if sandbox not in known:
            machine = Machine(tmp_path_factory.mktemp("uninterrupted"))
            told = machine.check(240, machine.repository.url, "--sandbox", sandbox)
            assert told["code"] in (0, 5), told
            began, ended = (stamp(told, words) for words in (FETCHING, "looking for the model"))
            known[sandbox] = Length(told["seconds"], ended - began)
            assert list(machine.temporary.iterdir()) == []
        return known[sandbox]

    return measured


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    yield Machine(tmp_path)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def stamp(told: dict[str, Any], words: str) -> float:
    """When grader said so, by its own clock: "[   0.2 s] looking for the model"."""
    return float(next(line for line in told["said"] if words in line)[1:].split()[0])


def kill_and_look(machine: Machine, seconds: float, source: str, sandbox: str, words: str = "") -> None:
    told = machine.check(seconds, source, "--sandbox", sandbox, words=words)
    if told["code"] != -9:  # quicker than the one that was measured
        told = machine.check(seconds / 2, source, "--sandbox", sandbox, words=words)
    left = [path.name for path in machine.temporary.iterdir()]
    doing = told["said"][-1] if told["said"] else "starting"
    print(f"killed after {seconds:.2f} s ({doing}); processes left {told['left']}, folders left {left}")
    if told["left"] or left:
        machine.next_start("--sandbox", sandbox)
    assert [pid for pid in told["left"] if alive(pid)] == []
    assert list(machine.temporary.iterdir()) == []


def alive(pid: int) -> bool:
    """Whether a process still runs a moment later; a zombie does not."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True


def moments(shares: list[float], during: str) -> list[object]:
    """Each moment is an attack of its own."""
    tried = [f"SIGKILL of grader after {share:.1%} of {during}." for share in shares]
    marks = [pytest.mark.attack("containment", words) for words in tried]
    return [pytest.param(share, marks=mark, id=str(share)) for share, mark in zip(shares, marks, strict=True)]


@pytest.mark.parametrize("share", moments(MOMENTS, "a check of a folder"))
def test_at_any_moment(share: float, machine: Machine, length: Callable[[str], Length]) -> None:
    kill_and_look(machine, share * length("bubblewrap").seconds, str(machine.repository.folder), "bubblewrap")


@pytest.mark.parametrize("share", moments(CLONING, "the cloning of a URL"))
def test_while_it_clones(share: float, machine: Machine, length: Callable[[str], Length]) -> None:
    seconds = share * length("bubblewrap").fetching
    kill_and_look(machine, seconds, machine.repository.url, "bubblewrap", words=FETCHING)


@pytest.mark.parametrize("share", moments(FEW, "a check of a URL without isolation"))
def test_without_isolation(share: float, machine: Machine, length: Callable[[str], Length]) -> None:
    kill_and_look(machine, share * length("process").seconds, machine.repository.url, "process")


@pytest.mark.attack("containment", "A check that nobody kills.", kind="control")
def test_a_check_that_ends_by_itself(machine: Machine) -> None:
    told = machine.check(240, str(machine.repository.folder), "--no-train")
    assert (told["code"], told["left"], list(machine.temporary.iterdir())) == (0, [], [])
    assert json.loads((machine.folder / "out" / "report.json").read_text())["gradable"]
