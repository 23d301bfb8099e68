"""Running the real command line in this process, and looking afterwards for what it left behind."""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main as command_line
from grader.sandbox.base import Sandbox
from grader.sandbox.select import select


@dataclass(frozen=True)
class Answer:
    """What a run of `grader` gave."""

    code: int
    stdout: str
    stderr: str
    out: Path

    @property
    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.out / "report.json").read_text(encoding="utf-8"))
        return loaded


Run = Callable[..., Answer]


def children() -> set[int]:
    """Our direct child processes."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        found |= {int(pid) for pid in task.read_text().split()}
    return found


@pytest.fixture
def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], warm: Sandbox) -> Run:
    """`grader("check", path, ...)`; asserts that no process, no temporary folder and no traceback remains.

    Where no sandbox is named, the warm one is used: the runs of many tests are forked from one process.
    """
    monkeypatch.setattr("grader.cli.plan.select", lambda name: warm if name == "auto" else select(name))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("GRADER_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "out"

    def run(*arguments: str | Path, out: Path = out) -> Answer:
        extra = ["--out", str(out)] if arguments[0] == "check" else []
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments), *extra])
        before = children()
        code = 0
        try:
            command_line.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        stdout, stderr = capfd.readouterr()
        assert children() <= before, "a process was left behind"
        assert not list(temporary.iterdir()), "a temporary folder was left behind"
        assert "Traceback" not in stdout + stderr, stderr
        return Answer(code, stdout, stderr, out)

    return run


GOOD_MODEL = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.bn(self.conv(x))))
        return self.fc(x.mean((2, 3)))
"""


@pytest.fixture
def submission(tmp_path: Path) -> Callable[..., Path]:
    """`submission({"model.py": "..."})` writes a folder and returns it."""

    def write(files: dict[str, str | bytes], name: str = "submission") -> Path:
        root = tmp_path / name
        root.mkdir()
        for file, content in files.items():
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return write


@pytest.fixture
def good_model() -> str:
    return GOOD_MODEL
