"""Temporary folders: private, gone on leaving, and removed at the next start where their owner was killed."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.temporary_folder import remove_leftovers, temporary_folder

HOLD = """
import os, sys
from grader.temporary_folder import temporary_folder
with temporary_folder("workspace") as folder:
    (folder / "clone").mkdir()
    (folder / "clone" / "file").write_text("content")
    print(folder, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_private_and_gone_afterwards(temporary: Path) -> None:
    with temporary_folder("training") as folder:
        assert folder.parent == temporary
        assert folder.name.startswith("grader-training-")
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep" / "deeper").mkdir(parents=True)
    assert names(temporary) == []


def test_a_folder_goes_when_its_work_fails(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), temporary_folder("git"):
        raise ZeroDivisionError
    assert names(temporary) == []


def test_only_the_folders_of_killed_owners_are_removed(temporary: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        left = Path(owner.stdout.readline().decode().strip())
        remove_leftovers()
        assert (left / "clone" / "file").read_text() == "content"
        owner.stdin.close()
        assert owner.wait(20) == -9
    assert left.is_dir()
    with temporary_folder("workspace") as held:
        remove_leftovers()
        assert names(temporary) == [held.name]


def test_the_next_start_removes_leftovers_by_itself(temporary: Path) -> None:
    left = temporary / "grader-training-abcd_123"
    left.mkdir()
    (left / ".grader-owns-this-folder").touch()
    with temporary_folder("workspace") as held:
        assert names(temporary) == [held.name]


def test_what_is_not_ours_stays(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A report folder, a folder of that name without our lock, a link to somewhere else, a file."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / ".grader-owns-this-folder").touch()
    (temporary / "grader-report").mkdir()
    (temporary / "grader-workspace-my_homework").mkdir()
    (temporary / "grader-training-aaaaaaaa").mkdir()
    (temporary / "grader-training-aaaaaaaa" / "thesis.md").write_text("not ours")
    (temporary / "grader-training-bbbbbbbb").symlink_to(elsewhere)
    (temporary / "grader-training-cccccccc").write_text("a file")
    before = names(temporary)
    remove_leftovers()
    assert names(temporary) == before
    assert (elsewhere / ".grader-owns-this-folder").exists()


def test_a_folder_whose_owner_died_before_it_was_locked_goes(temporary: Path) -> None:
    (temporary / "grader-process-zzzzzzzz").mkdir()
    remove_leftovers()
    assert names(temporary) == []


def test_a_folder_of_somebody_else_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary / "grader-process-zzzzzzzz"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    remove_leftovers()
    assert folder.is_dir()


def test_the_lock_is_the_last_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with pytest.raises(Killed), temporary_folder("workspace") as folder:
        (folder / "file").write_text("x")
        (folder / "sub").mkdir()
        monkeypatch.setattr(shutil, "rmtree", killed)
    assert ".grader-owns-this-folder" in names(folder)
    monkeypatch.undo()
    shutil.rmtree(folder)
