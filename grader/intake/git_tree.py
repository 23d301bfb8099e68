"""From a fetched commit to files on disk, without a checkout: no filter, link, submodule or hook has a part in it.

The tree is listed while it streams and refused as soon as it is too large, so a "git bomb" (few objects, a tree of
billions of paths) costs nothing. Only what grading reads is written.
"""

import errno
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from grader.errors import SubmissionError
from grader.intake import git_command
from grader.intake.git_command import TooMuch
from grader.intake.git_source import printable

_READ = frozenset(("py", "ipynb", "md", "markdown", "rst", "txt", "yml", "yaml", "json", "toml", "cfg", "ini"))
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_MOST_NOTES = 20
_OF_THIS_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of what a repository may cost."""

    seconds: float = 180
    transfer_bytes: int = 512 << 20
    entries: int = 200_000  # files and folders in the tree
    files: int = 10_000  # that grading reads
    file_bytes: int = 64 << 20
    total_bytes: int = 512 << 20


@dataclass(frozen=True)
class Blob:
    """A regular file of the tree that grading reads."""

    oid: str
    path: PurePosixPath


def list_blobs(
    told: Mapping[str, str], commit: str, path: str | None, limits: FetchLimits
) -> tuple[tuple[Blob, ...], tuple[str, ...]]:
    """The files below `path` that grading reads, and a note on each that it would read and can't.

    Raises TooMuch for a tree beyond the limits, SubmissionError for one that cannot be read.
    """
    blobs: list[Blob] = []
    notes: list[str] = []
    arguments = ("ls-tree", "-r", "-t", "-z", "--full-tree", commit, *(["--", f"{path}/"] if path else []))
    deadline = time.monotonic() + limits.seconds
    with git_command.started(arguments, told) as process:
        assert process.stdout and process.stderr
        for count, record in enumerate(_records(process.stdout, deadline)):
            if count >= limits.entries:
                raise TooMuch(f"The repository holds more than {limits.entries:,} files and folders.")
            _sort(record, blobs, notes)
            if len(blobs) > limits.files:
                raise TooMuch(f"The repository holds more than {limits.files:,} files of code and text.")
        if process.wait() != 0:
            raise SubmissionError(f"The repository's files cannot be listed: {_first_line(process.stderr)}.")
    return tuple(blobs), _bounded(notes)


def _records(stream: IO[bytes], deadline: float) -> Iterator[bytes]:
    rest = b""
    descriptor = stream.fileno()
    os.set_blocking(descriptor, False)
    while time.monotonic() < deadline:
        try:
            chunk = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            time.sleep(0.002)
            continue
        if not chunk:
            return
        *records, rest = (rest + chunk).split(b"\0")
        yield from records
        if len(rest) > 1 << 16:
            raise TooMuch("The repository holds a file name of more than 64 KiB.")
    raise TooMuch("The repository's list of files does not end.")


def _sort(record: bytes, blobs: list[Blob], notes: list[str]) -> None:
    """Put one record, `mode type oid<TAB>path`, where it belongs."""
    head, _, raw = record.partition(b"\t")
    mode, kind, oid = head.decode("ascii").split(" ")
    if kind == "tree":
        return
    name = raw.decode("utf-8", errors="replace")
    if kind == "commit":
        notes.append(f"{printable(name)} is a submodule and was not fetched.")
        return
    if PurePosixPath(name).suffix.lower().lstrip(".") not in _READ and not is_readme(name):
        return
    if mode == "120000":
        notes.append(f"{printable(name)} is a symbolic link and was left out.")
    elif not _is_sane(raw):
        notes.append(f"{printable(name)} has a name that cannot be used and was left out.")
    else:
        blobs.append(Blob(oid, PurePosixPath(name)))


def is_readme(name: str) -> bool:
    """Whether a file, named by its path, is a README, whatever its format."""
    return PurePosixPath(name).name.lower().startswith("readme")


def _is_sane(raw: bytes) -> bool:
    """Whether a path names a file below the folder that it is written to, on any file system."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    parts = raw.split(b"/")
    wrong = any(part in (b"", b".", b"..") or part.lower() == b".git" or len(part) > 255 for part in parts)
    return not wrong and len(raw) < 1024 and len(parts) < 64


def write_blobs(told: Mapping[str, str], blobs: Iterable[Blob], folder: Path, limits: FetchLimits) -> tuple[str, ...]:
    """Write the files below `folder`; returns a note on each that was left out.

    Raises TooMuch when they are too large together.
    """
    here, notes = _fitting(told, tuple(blobs), limits)
    given = b"".join(blob.oid.encode() + b"\n" for blob in here)
    with git_command.started(("cat-file", "--batch"), told, given) as process:
        assert process.stdout
        for blob in here:
            _, _, size = process.stdout.readline().split()
            content = process.stdout.read(int(size))
            process.stdout.read(1)
            if content.startswith(_LFS) and len(content) < 1024:
                notes.append(f"{printable(str(blob.path))} is kept in Git LFS and was not fetched.")
            elif not _written(folder, blob.path, content):
                notes.append(f"{printable(str(blob.path))} could not be written here and was left out.")
    return _bounded(notes)


def present(told: Mapping[str, str], blobs: Iterable[Blob], limits: FetchLimits) -> dict[str, int]:
    """The sizes in bytes of those blobs that are here, by id."""
    oids = list(dict.fromkeys(blob.oid for blob in blobs))
    given = "".join(f"{oid}\n" for oid in oids).encode()
    arguments = ("cat-file", "--batch-check=%(objecttype) %(objectsize)")
    done = git_command.run(arguments, told, seconds=limits.seconds, given=given, output_bytes=256 * (len(oids) + 1))
    rows = zip(oids, (line.split(" ") for line in done.output.decode("ascii").splitlines()), strict=True)
    return {oid: int(size) for oid, (kind, size) in rows if kind == "blob"}


def _fitting(
    told: Mapping[str, str], blobs: tuple[Blob, ...], limits: FetchLimits
) -> tuple[tuple[Blob, ...], list[str]]:
    """The blobs that are here and small enough, and notes on the others."""
    sizes = present(told, blobs, limits)
    fitting = tuple(blob for blob in blobs if sizes.get(blob.oid, limits.file_bytes + 1) <= limits.file_bytes)
    if sum(sizes[blob.oid] for blob in fitting) > limits.total_bytes:
        raise TooMuch(f"The repository's files of code and text are larger than {limits.total_bytes >> 20} MiB.")
    notes = []
    for blob in blobs:
        if blob.oid not in sizes:
            notes.append(f"{printable(str(blob.path))} is absent from the server and was left out.")
        elif sizes[blob.oid] > limits.file_bytes:
            notes.append(f"{printable(str(blob.path))} is larger than {limits.file_bytes >> 20} MiB and was left out.")
    return fitting, notes


def _written(folder: Path, path: PurePosixPath, content: bytes) -> bool:
    place = folder / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # Only files and folders are ever made here, so no part of the way can be a link that leads out.
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    except OSError as problem:
        if problem.errno in _OF_THIS_MACHINE:
            raise
        return False  # a name twice, or once as a file and once as a folder; one that this file system can't hold
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return True


def _bounded(notes: list[str]) -> tuple[str, ...]:
    more = len(notes) - _MOST_NOTES
    return (*notes[:_MOST_NOTES], *([f"And {more} more files were left out."] if more > 0 else []))


def _first_line(stream: IO[bytes]) -> str:
    lines = stream.read(4096).decode("utf-8", errors="replace").splitlines()
    return printable(lines[0].removeprefix("fatal: ")) if lines else "no reason given"
