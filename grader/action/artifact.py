"""The bytes of report.json out of what another job uploaded: bounded, and nothing is unpacked onto the disk."""

import os
import stat
import zipfile
from pathlib import Path
from typing import IO

from grader.errors import PublishError
from grader.intake.git_source import printable

NAME = "report.json"
MOST_BYTES = 16 * 2**20  # of report.json; real ones have up to 2 MB
_MOST_ARCHIVE = 64 * 2**20  # bytes, packed: the HTML report and pictures travel beside it
_MOST_ENTRIES = 1000


def read_report(place: Path) -> bytes:
    """report.json from that file, from a folder that holds it, or from the one zip archive there.

    Links are not followed. Raises PublishError, in a sentence, for anything else.
    """
    file = _found(place)
    with _opened(file) as stream:
        if file.suffix != ".zip":
            return _bounded(stream, file.name)
        if os.fstat(stream.fileno()).st_size > _MOST_ARCHIVE:
            raise PublishError(f"The artifact {_shown(file)} has more than {_MOST_ARCHIVE // 2**20} MiB.")
        return _unpacked(stream, file)


def _found(place: Path) -> Path:
    if not place.is_dir():
        return place
    plain = place / NAME
    if os.path.lexists(plain):
        return plain
    archives = sorted(place.glob("*.zip"))
    if len(archives) != 1:
        raise PublishError(f"The folder {_shown(place)} holds neither {NAME} nor one zip archive.")
    return archives[0]


def _opened(file: Path) -> IO[bytes]:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as problem:
        raise PublishError(f"The report {_shown(file)} can't be read: {problem.strerror or problem}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PublishError(f"The report {_shown(file)} is not a regular file.")
    return os.fdopen(descriptor, "rb")


def _unpacked(stream: IO[bytes], file: Path) -> bytes:
    """The member itself; its size is counted while it is unpacked, whatever the archive says of it."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            found = [member for member in members if member.filename == NAME]
            if len(members) > _MOST_ENTRIES or len(found) != 1:
                reason = f"{len(members):,} entries" if len(members) > _MOST_ENTRIES else f"{len(found)} files {NAME}"
                raise PublishError(f"The artifact {_shown(file)} has {reason}; it should have one report.")
            with archive.open(found[0]) as member:
                return _bounded(member, NAME)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError, OSError) as problem:
        # RuntimeError: encrypted; NotImplementedError: a method of compression that Python does not know
        reason = printable(str(problem))[:200] or type(problem).__name__
        raise PublishError(f"The artifact {_shown(file)} is not a zip archive that can be read: {reason}.") from None


def _bounded(stream: IO[bytes], name: str) -> bytes:
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise PublishError(f"{name} has more than {MOST_BYTES // 2**20} MiB and was not read.")
    return content


def _shown(path: Path) -> str:
    return printable(str(path))
