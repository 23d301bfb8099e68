"""The commit of a local folder, and whether its files differ from it, found out without trusting the repository.

A folder that was handed in may bring a `.git` whose configuration names commands: fsmonitor, filters, hooks, a pager.
So git is never run in it: HEAD is read as the text that it is, and the comparison is made in a repository of our own
that borrows the objects (gitrepository-layout(5), `objects/info/alternates`) and a copy of the index.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.intake import git_command
from grader.intake.links import is_folder, is_link, is_regular_file, leads_into, without_links
from grader.temporary_folder import temporary_folder

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
_SECONDS = 20
_MOST_BYTES = 64 << 20
_MOST_HOPS = 5


@dataclass(frozen=True)
class State:
    """Where a working folder stands; `dirty` is also true where it could not be found out."""

    commit: str | None
    dirty: bool = False


def state(folder: Path) -> State:
    """The state of the working folder that `folder` is or lies in; outside of git it has no commit."""
    found = _git_folder(without_links(folder))
    if found is None:
        return State(None)
    top, git_folder = found
    commit = _head(git_folder)
    if commit is None:
        return State(None)
    try:
        return State(commit, dirty=_differs(without_links(folder), top, git_folder, commit))
    except (GraderError, OSError):
        return State(commit, dirty=True)


def _git_folder(folder: Path) -> tuple[Path, Path] | None:
    """(top of the working folder, its git folder). A bare repository is none, wherever it lies; nor is a link."""
    for top in (folder, *folder.parents):
        entry = top / ".git"
        if is_link(entry):
            return None
        if is_folder(entry):
            return top, entry
        if is_regular_file(entry):
            text = _text(entry, top)
            if text.startswith("gitdir: "):
                elsewhere = without_links(top / text.removeprefix("gitdir: ").strip())
                return (top, elsewhere) if _belongs(elsewhere, entry) else None
    return None


def _belongs(git_folder: Path, entry: Path) -> bool:
    """Whether the git folder that a `.git` file names is its own, and not one that the submission only points at.

    It lies in the `.git` of a folder around it (a submodule, a working folder inside another), or it points back
    (`git worktree add`). See gitrepository-layout(5), `worktrees/<id>/gitdir`.
    """
    if any(git_folder.is_relative_to(around / ".git") for around in entry.parents):
        return True
    back = _text(git_folder / "gitdir", git_folder).strip()
    return bool(back) and without_links(git_folder / back) == entry


def _common(git_folder: Path) -> Path:
    """Where refs and objects are: the git folder, or for one in its `worktrees/` that of the main working folder."""
    main = git_folder.parent.parent
    named = _text(git_folder / "commondir", git_folder).strip()
    is_main = bool(named) and git_folder.parent.name == "worktrees" and without_links(git_folder / named) == main
    return main if is_main else git_folder


def _head(git_folder: Path) -> str | None:
    text = "ref: HEAD"
    for _ in range(_MOST_HOPS):
        name = text.removeprefix("ref: ")
        if name == text:
            break
        if name != "HEAD" and (not _REF.fullmatch(name) or ".." in name):
            return None
        text = _reference(git_folder, name)
    return text if _COMMIT.fullmatch(text) else None


def _reference(git_folder: Path, name: str) -> str:
    common = _common(git_folder)
    for folder in (git_folder, common):
        text = _text(folder / name, folder).strip()
        if text:
            return text
    for line in _text(common / "packed-refs", common).splitlines():
        commit, _, packed = line.partition(" ")
        if packed == name:
            return commit
    return ""


def _text(path: Path, within: Path) -> str:
    """A small text file; empty where there is none. No link leads it out of `within`, and it never waits for a FIFO."""
    if not leads_into(path, within):
        return ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(1 << 20).decode("utf-8", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    except OSError:
        return ""


def _differs(folder: Path, top: Path, git_folder: Path, commit: str) -> bool:
    with temporary_folder("git") as temporary:
        ours = temporary / "ours.git"
        told = git_command.environment(
            {"core.bare": "false"}, GIT_DIR=str(ours), GIT_WORK_TREE=str(top), GIT_INDEX_FILE=str(ours / "index")
        )
        _succeed(("init", "--quiet", "--bare", "--template=", str(ours)), git_command.environment())
        objects = _common(git_folder) / "objects"
        if not leads_into(objects, _common(git_folder)):
            raise GraderError("The repository's objects lie elsewhere.")
        (ours / "objects" / "info").mkdir(parents=True, exist_ok=True)
        (ours / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        (ours / "HEAD").write_text(f"{commit}\n")
        index = git_folder / "index"
        if is_regular_file(index) and leads_into(index, git_folder) and index.stat().st_size < _MOST_BYTES:
            shutil.copyfile(index, ours / "index")
        compare = ("status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all", "--untracked-files=normal")
        return bool(_succeed((*compare, "--", str(folder)), told, cwd=folder))


def _succeed(arguments: tuple[str, ...], told: dict[str, str], cwd: Path | None = None) -> bytes:
    done = git_command.run(arguments, told, seconds=_SECONDS, output_bytes=_MOST_BYTES, cwd=cwd)
    if done.code != 0:
        raise GraderError("git could not compare the folder with its commit.")
    return done.output
