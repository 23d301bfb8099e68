"""A checkout as bytes, for workers that do not see the coordinator's disk: regular files and folders, nothing else."""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.temporary_folder import temporary_folder

_GIT = ".git"


def packed(checkout: Path) -> bytes:
    """All regular files and symbolic links below `checkout` as a compressed tar, without git folders and owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for file in files_below(checkout):
            if not (file.is_symlink() or file.is_file()):
                continue
            information = tarfile.TarInfo(os.path.relpath(file, checkout))
            if file.is_symlink():
                information.type, information.linkname = tarfile.SYMTYPE, str(file.readlink())
                archive.addfile(information)
            else:
                with file.open("rb") as stream:
                    information.size = os.fstat(stream.fileno()).st_size
                    archive.addfile(information, stream)
    return buffer.getvalue()


@contextmanager
def unpacked(content: bytes) -> Iterator[Path]:
    """A temporary folder with the files that `packed` took.

    The tar is ours, but the names in it are a student's: what would lie outside, or link there, is not made.
    """
    with temporary_folder("workspace") as workspace, tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        folder = workspace / "checkout"
        folder.mkdir()
        archive.extractall(folder, filter=_harmless)  # noqa: S202  the filter is `tarfile.data_filter`
        yield folder


def files_below(checkout: Path) -> list[Path]:
    """All that is no folder, sorted: files, links wherever they lead, and what else there may be; no git folder."""
    found: list[Path] = []
    for place, folders, names in os.walk(checkout):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if name != _GIT and name not in links]
        found += [here / name for name in (*names, *links) if name != _GIT]
    return sorted(found)


def _harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
