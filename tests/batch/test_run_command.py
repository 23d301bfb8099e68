"""`grader batch` as a process: stopped and killed in the middle of real work, and gone on with."""

import fcntl
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from command_runs import RUBRIC, Batch, is_as_undisturbed

from grader.cli import main as command_line


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


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


@pytest.mark.long
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
