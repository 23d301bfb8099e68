"""A class of three for `grader batch` as a process, and what to ask of it afterwards."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from grader.model.pace import SIDE_BY_SIDE, Pace

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
TIMES = {"seconds", "created_at", "peak_memory_bytes", SIDE_BY_SIDE, *Pace.model_fields}


class Batch:
    """A class of three, two of whom have the same network, and the command over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = str(folder / "results" / "store.sqlite")
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


def is_as_undisturbed(batch: Batch) -> None:
    """Results equal those of a run of its own, every network was trained once, and the store is whole."""
    assert batch.run(out="undisturbed")[0] == 0
    assert batch.reports() == batch.reports("undisturbed")
    assert set(batch.reports()) == {"ada", "bob", "cyd"}
    trained = batch.rows("SELECT count(*) FROM stage WHERE name = 'train' AND outcome = 'done'")
    assert trained == batch.rows("SELECT count(*) FROM training") == [(2,)]
    reported = batch.rows("SELECT submission_id FROM stage WHERE name = 'report' ORDER BY submission_id")
    assert reported == [(1,), (2,), (3,)]
    check = [sys.executable, "-m", "grader", "store", "check", batch.store]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert batch.nothing_is_left()
    assert list(batch.temporary.iterdir()) == []
