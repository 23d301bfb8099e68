"""`grader batch` as a process: stopped and killed in the middle of real work, and gone on with."""

import csv
import fcntl
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main as command_line

MODEL = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, {maps}, 7, stride=3)
        self.norm = nn.BatchNorm2d({maps})
        self.fc = nn.Linear({maps}, 10)

    def forward(self, images):
        return self.fc(torch.relu(self.norm(self.conv(images))).mean(dim=(2, 3)))
"""
RUBRIC = """\
id: quick
title: Quick
task: {dataset: digits, epochs: 1, seeds: [0]}
recipe: reference
reference_recipe: digits
criteria:
  - {id: accuracy, title: Accuracy, check: accuracy, parameters: {target: 0.99}, points: 10, text: Train well.}
  - {id: parameters, title: Small, check: parameters, parameters: {less_than: 20000}, points: 5, text: Be small.}
"""
TIMES = {"seconds", "created_at", "peak_memory_bytes"}


class Batch:
    """A class of three, two of whom have the same network, and the command over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        other = MODEL.replace("conv", "first").replace("Net", "Mine")
        for student, text in (("ada", MODEL.format(maps=8)), ("bob", MODEL.format(maps=6)), ("cyd", other)):
            (folder / student).mkdir()
            (folder / student / "model.py").write_text(text.replace("{maps}", "8"))
        (folder / "rubric.yaml").write_text(RUBRIC)
        rows = "".join(f"{student},{folder / student}\n" for student in ("ada", "bob", "cyd"))
        (folder / "roster.csv").write_text(f"student,repository\n{rows}")

    def start(self, *further: str, out: str = "results") -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "grader", "batch", "roster.csv", "--rubric", "rubric.yaml", "--out", out]
        return subprocess.Popen(
            [*command, "--jobs", "1", *further],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.temporary), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *further: str, out: str = "results") -> tuple[int, str, str]:
        with self.start(*further, out=out) as process:
            stdout, stderr = process.communicate(timeout=300)
        assert "Traceback" not in stderr
        return process.returncode, stdout, stderr

    def rows(self, query: str, out: str = "results") -> list[Any]:
        store = self.folder / out / "store.sqlite"
        if not store.exists():
            return []
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:  # its tables are not there yet
                return []

    def until(self, process: "subprocess.Popen[str]", query: str) -> None:
        """Wait until the store answers."""
        deadline = time.monotonic() + 240
        while not self.rows(query):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def results(self, out: str = "results") -> dict[str, str]:
        with (self.folder / out / "results.csv").open(encoding="utf-8-sig") as file:
            return {row["student"]: row["result"] for row in csv.DictReader(file)}

    def reports(self, out: str = "results") -> dict[str, Any]:
        files = (self.folder / out / "reports").glob("*/report.json")
        return {file.parent.name: without_times(json.loads(file.read_text())) for file in files}

    def nothing_is_left(self) -> bool:
        """Whether no process works below the temporary folder any more."""
        deadline = time.monotonic() + 20
        while (left := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not left

    def _processes(self) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink().is_relative_to(self.temporary):
                    found.append(process.name)
            except OSError:
                continue
        return found


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def is_as_undisturbed(batch: Batch) -> None:
    """Results equal those of a run of its own, every network was trained once, and the store is whole."""
    assert batch.run(out="undisturbed")[0] == 0
    assert batch.reports() == batch.reports("undisturbed")
    assert set(batch.reports()) == {"ada", "bob", "cyd"}
    trained = batch.rows("SELECT count(*) FROM stage WHERE name = 'train' AND outcome = 'done'")
    assert trained == batch.rows("SELECT count(*) FROM training") == [(2,)]
    reported = batch.rows("SELECT submission_id FROM stage WHERE name = 'report' ORDER BY submission_id")
    assert reported == [(1,), (2,), (3,)]
    check = [sys.executable, "-m", "grader", "store", "check", str(batch.folder / "results" / "store.sqlite")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert batch.nothing_is_left()
    assert list(batch.temporary.iterdir()) == []


def test_stopped_and_killed_it_goes_on_and_does_nothing_twice(batch: Batch) -> None:
    with batch.start() as process:
        batch.until(process, "SELECT 1 FROM training")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The same command goes on from here." in stderr
    assert "waiting" in batch.results().values()
    assert batch.nothing_is_left()
    with batch.start() as process:
        batch.until(process, "SELECT 1 FROM report")
        process.kill()
    assert batch.nothing_is_left()
    code, stdout, _ = batch.run()
    assert (code, stdout.splitlines()[1].split()) == (0, ["3", "students"])
    is_as_undisturbed(batch)


@pytest.mark.system
def test_killed_at_twenty_random_moments(batch: Batch) -> None:
    moments = random.Random(5)
    for _ in range(20):
        with batch.start() as process:
            try:
                process.wait(moments.uniform(0.5, 15))
            except subprocess.TimeoutExpired:
                process.kill()
        assert batch.nothing_is_left()
    assert batch.run()[0] == 0
    is_as_undisturbed(batch)


@pytest.fixture
def here(batch: Batch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """`here("--only", "zoe")`: the command in this process, for what ends before it starts another."""
    monkeypatch.chdir(batch.folder)
    monkeypatch.setattr(tempfile, "tempdir", str(batch.temporary))

    def run(*options: str, roster: str = "roster.csv") -> tuple[Any, str, str]:
        arguments = ["grader", "batch", roster, "--rubric", "rubric.yaml", "--out", "results", *options]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        return (ended.value.code, *capfd.readouterr())

    return run


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--only", "zoe"), "The roster has no student 'zoe'."),
        (("--trust-commit-dates",), "name one with --deadline"),
        (("--deadline", "tomorrow"), "is not a time in ISO 8601"),
        (("--starter", "nowhere"), "There is no folder nowhere."),
        (("--store", "mysql://h/d"), "Stores are SQLite files or PostgreSQL databases"),
        (("--out", "roster.csv"), "can't be written to roster.csv"),
        (("--rubric", "none"), "There is no rubric 'none'"),
        (("--recipe", "none"), "There is no recipe 'none'"),
    ],
)
def test_wrong_use_is_said_before_anything_runs(
    batch: Batch, here: Any, options: tuple[str, ...], sentence: str
) -> None:
    code, stdout, stderr = here("--no-train", *options)
    assert (code, stdout) == (2, "")
    assert sentence in stderr
    assert len(stderr.splitlines()) == 1
    assert batch.rows("SELECT 1 FROM stage") == []


@pytest.mark.parametrize(
    ("roster", "sentence"),
    [
        (None, "The roster roster.csv can't be read: No such file or directory."),
        ("name\na\n", "The roster's first line names no columns that are known: name."),
        ("student,repository\na,https://h.example/a\na,https://h.example/a\n", "The roster has 1 error: line 3:"),
        ("student,repository,recipe\na,https://h.example/a,odd\n", "Line 2 of the roster: There is no recipe 'odd'"),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused_whole(
    batch: Batch, here: Any, roster: str | None, sentence: str
) -> None:
    (batch.folder / "roster.csv").unlink()
    if roster is not None:
        (batch.folder / "roster.csv").write_text(roster)
    code, stdout, stderr = here("--no-train")
    assert (code, stdout) == (2, "")
    assert sentence in stderr
    assert not (batch.folder / "results").exists()


def test_two_at_a_time_do_not_work_in_one_folder(batch: Batch, here: Any) -> None:
    (batch.folder / "results").mkdir()
    with (batch.folder / "results" / ".grader-batch").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, stderr = here("--no-train")
    assert code == 2
    assert "Another `grader batch` is at work in results." in stderr


def test_without_the_data_nothing_begins(batch: Batch, here: Any) -> None:
    (batch.folder / "rubric.yaml").write_text(RUBRIC.replace("digits, epochs", "mnist, epochs"))
    code, _, stderr = here("--data-dir", str(batch.temporary))
    assert code == 3
    assert "MNIST is not in" in stderr
    assert "grader data fetch" in stderr
    assert batch.rows("SELECT 1 FROM stage") == []
