"""Symbolic links of a submission: never followed inside it, never out of it, and no loop of them is an error."""

import os
from pathlib import Path


def crosses_link(path: Path, above: Path) -> bool:
    """Whether the path, or a folder between it and `above`, is a symbolic link."""
    if is_link(path):
        return True
    try:
        parts = path.relative_to(above).parts[:-1]
    except ValueError:
        return False
    return any(is_link(Path(above, *parts[: depth + 1])) for depth in range(len(parts)))


def without_links(path: Path) -> Path:
    """The absolute path that links lead to. Unlike `Path.resolve`, which raises, it ends at a loop of links."""
    return Path(os.path.realpath(path))


def leads_into(path: Path, folder: Path) -> bool:
    """Whether the path lies in the folder after all links were followed."""
    return without_links(path).is_relative_to(without_links(folder))


# `Path.is_dir` and its like raise where a name is too long for the file system; a submission chooses its names.


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name, or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112


def is_regular_file(path: Path) -> bool:
    """Whether there is a regular file of that name, or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113


def is_link(path: Path) -> bool:
    """Whether there is a symbolic link of that name, wherever it leads."""
    return os.path.islink(path)  # noqa: PTH114
