"""Repositories to run the action on, and one run of it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from actions_runner import Machine, Ran, run_action
from artifact_store import ArtifactStore

PASSING = """\
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
FAILING = PASSING.replace("        self.drop = nn.Dropout(0.1)\n", "").replace("self.drop(torch.relu", "(torch.relu")


def commit(folder: Path, message: str = "hand in") -> str:
    """Commit everything in a folder; returns the commit."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@x.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Graded:
    """A run of the action on one repository."""

    ran: Ran
    commit: str
    artifacts: ArtifactStore

    @property
    def report(self) -> bytes:
        return (Path(self.ran.outputs["report"]) / "report.json").read_bytes()

    @property
    def artifact(self) -> bytes:
        return self.artifacts.held["1"]["grader-report"]


def grade(folder: Path, files: dict[str, str], **inputs: str) -> Graded:
    """Run the action, without retraining, on a checkout with these files, in run 1."""
    artifacts = ArtifactStore()
    machine = Machine(folder, stubs=artifacts.stubs("1"))
    write(machine.workspace, files)
    git(machine.workspace, "init", "--quiet", "--initial-branch", "main")
    made = commit(machine.workspace)
    told = {"rubric": "demo", "train": "false", "install": "false", **inputs}
    return Graded(run_action("grade", told, machine), made, artifacts)
