"""Reading what a sandbox left behind, once nothing in it runs any more: regular files of bounded size, no links."""

import os
import stat
from collections.abc import Iterable


def read_outputs(
    folder: int, names: Iterable[str], *, limit: int, owner: int | None
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The named files in the folder open as descriptor `folder`, and a sentence for each that was refused.

    `limit` is in bytes per file; `owner` is the uid that must own a file (None: any). A file that is not there is
    neither read nor refused.
    """
    files: dict[str, bytes] = {}
    refused: list[str] = []
    for name in names:
        try:
            content = _read(folder, name, limit, owner)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            refused.append(f"{name} was not read: {error}.")
        else:
            files[name] = content
    return files, tuple(refused)


def _read(folder: int, name: str, limit: int, owner: int | None) -> bytes:
    if "/" in name or name in ("", ".", ".."):
        raise ValueError("it is not a plain file name")
    kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISREG(kind):
        raise ValueError("it is not a regular file")
    # Opened only now, and without following or blocking: what is open decides, not what the name was.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if owner is not None and status.st_uid != owner:
            raise ValueError("it belongs to somebody else")
        if status.st_nlink > 1:  # the other one may be a file that lay there before
            raise ValueError("it is a file with several names")
        if status.st_size > limit:
            raise ValueError(f"it has {status.st_size} bytes, more than {limit}")
        return file.read(limit)
