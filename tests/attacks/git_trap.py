"""A command that hostile repositories try to have run, and what the tests of the family `git` ask of every answer."""

import os
import sys
from functools import partial
from pathlib import Path

import pytest
from arena import MARK, Answer, Arena
from git_repository import Repository

from grader.intake.git_tree import FetchLimits

PLAIN = "WIDTH = 3\n"  # Python without a model: the report comes at once, and says so
NO_MODEL = "No model was found"


class Trap:
    """`command` leaves a file behind; the arena finds that file, so it shows in `Answer.breaches`."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "home" / f"{MARK}-trap"
        script = folder / "trap.sh"
        script.write_text(f"#!/bin/sh\ntouch '{self.mark}'\ncat\n")
        script.chmod(0o755)
        self.command = str(script)


@pytest.fixture
def trap(arena: Arena) -> Trap:
    return Trap(arena.folder)


@pytest.fixture
def repository(arena: Arena) -> Repository:
    """What the student hands in."""
    return Repository(arena.folder / "handed-in")


@pytest.fixture
def elsewhere(arena: Arena) -> Repository:
    """A private repository of whoever grades, with a commit."""
    other = Repository(arena.folder / "home" / "private")
    other.commit(**{"solution.py": PLAIN})
    return other


def contained(answer: Answer, code: int, *says: str) -> None:
    """Nothing got out, the exit code is that one, and these words stand on the terminal, on however many lines."""
    assert answer.breaches == ()
    shown = " ".join((answer.stdout + answer.stderr).split())
    assert answer.code == code, shown
    for words in says:
        assert words in shown


def no_model(answer: Answer, commit: str | None, *, dirty: bool) -> None:
    """The report of a folder without a model: it was looked at, and the repository was read as it is."""
    contained(answer, 4, NO_MODEL)
    provenance = answer.report["provenance"]
    assert (provenance["commit"], provenance["dirty"]) == (commit, dirty)


def notes(answer: Answer) -> list[str]:
    """What the report says was left out of the repository."""
    return [flag["message"] for flag in answer.report["flags"] if flag["kind"] == "intake"]


def put_on_path(arena: Arena, name: str, script: str) -> None:
    """A Python program of that name, found before all others. Its processes are known by the arena's mark."""
    folder = arena.folder / f"{MARK}-programs"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    arena.monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def limit(arena: Arena, **limits: float) -> None:
    """Lower the bounds of a fetch."""
    arena.monkeypatch.setattr("grader.intake.git.FetchLimits", partial(FetchLimits, **limits))
