"""`report.json`, `report.md` and `report.html` in a folder; a failed write loses nothing that was there."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.errors import GraderError, UsageError
from grader.model.report import GradeReport
from grader.report.escape import visible
from grader.report.html import to_html
from grader.report.json_report import to_json
from grader.report.markdown import to_markdown

_NAMES = ("report.json", "report.md", "report.html")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_report(report: GradeReport, folder: Path) -> None:
    """Write the three files; each is replaced whole, and none before all three are written beside it.

    Raises UsageError where the folder can't be written to, GraderError where the disk is full or fails.
    """
    texts = (to_json(report), to_markdown(report), to_html(report))
    write_texts(folder, dict(zip(_NAMES, texts, strict=True)))


def require_writable(folder: Path, names: Iterable[str] = _NAMES) -> None:
    """Find out before an hour of training whether files of these names can be written; leaves everything as it was.

    Raises as `write_report` does.
    """
    _replace(folder, dict.fromkeys(names, "?"), rehearsal=True)


def write_texts(folder: Path, contents: Mapping[str, str]) -> None:
    """Write files by name, all or none, each replaced whole. Raises as `write_report` does."""
    _replace(folder, contents)


def _replace(folder: Path, contents: Mapping[str, str], *, rehearsal: bool = False) -> None:
    made = not folder.exists()
    staged: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            target = folder / name
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
            staging = folder / f".{name}.{secrets.token_hex(4)}.partial"
            staged.append((staging, target))
            _write(staging, text)
        for staging, target in staged if not rehearsal else ():
            staging.replace(target)
    except OSError as problem:
        raise _explained(problem, folder) from problem
    finally:
        for staging, _ in staged:
            with contextlib.suppress(OSError):
                staging.unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()  # goes only if it is empty: nothing was written


def _write(path: Path, text: str) -> None:
    """A new file with the usual permissions, on the disk before it takes another's place."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _explained(problem: OSError, folder: Path) -> GraderError:
    where = visible(str(folder))
    if problem.errno in _FULL:
        return GraderError(
            f"The report can't be written to {where}: the disk is full.",
            mend="Free some space, or name a folder on another disk with --out.",
        )
    reasons: dict[int | None, str] = {
        errno.EEXIST: "there is a file of that name",
        errno.ENOTDIR: "part of the path is a file, not a folder",
        errno.EISDIR: "it holds a folder named like a report file",
        errno.EACCES: "this user may not write there",
        errno.EPERM: "this user may not write there",
        errno.EROFS: "it is read-only",
        errno.ENAMETOOLONG: "the name is too long",
    }
    reason = reasons.get(problem.errno)
    if reason is None:
        return GraderError(f"The report can't be written to {where}: {problem.strerror or problem}.")
    return UsageError(f"The report can't be written to {where}: {reason}.", mend="Name another folder with --out.")
