"""Temporary folders that the next start removes where their owner was killed before it could.

Whose a folder is tells a lock (flock(2)) on a file in it, not a pid: the kernel lets go of it when the owner ends,
however it ends; a number that is used again, or another machine's on the same disk, never looks like the owner.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

Purpose = Literal["workspace", "training", "process", "container", "git"]

_LOCK = ".grader-owns-this-folder"
_NAME = re.compile(rf"grader-({'|'.join(get_args(Purpose))})-[a-z0-9_]{{8}}")  # the end is tempfile's
_searched: set[str] = set()


@contextlib.contextmanager
def temporary_folder(purpose: Purpose) -> Iterator[Path]:
    """A new private folder in the system's temporary folder, removed on leaving.

    The first one in each process removes what killed graders left there.
    """
    if tempfile.gettempdir() not in _searched:
        _searched.add(tempfile.gettempdir())
        remove_leftovers()
    folder, lock = _owned(purpose)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def remove_leftovers() -> None:
    """Remove the folders of ours in the system's temporary folder whose owner is gone."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_unowned(Path(entry.path))


def _owned(purpose: Purpose) -> tuple[Path, int]:
    """A new folder and the descriptor that holds its lock; another one where a cleaner was quicker than we."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"grader-{purpose}-"))
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            with contextlib.suppress(OSError):  # a file system without locks: nobody can take what is ours there
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, lock
            os.close(lock)


def _remove_unowned(folder: Path) -> None:
    """Remove a folder of our user's that nobody holds. Raises OSError where it is held or not ours."""
    if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
        return
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        folder.rmdir()  # killed before the lock was there; what holds anything else is not a folder of ours
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """The lock goes last: what is left where we are killed in between can still be told from a stranger's folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _LOCK:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()
    shutil.rmtree(folder, ignore_errors=True)
