"""The README that speaks for a folder: whatever its format or spelling, its own, else the nearest one above it."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.intake.links import crosses_link, leads_into
from grader.intake.text_file import read_text

MOST_README_BYTES = 2 * 2**20
MOST_READMES = 8  # of one folder
TEXT_FORMATS = frozenset({"", ".md", ".markdown", ".mdown", ".mkdn", ".mkd", ".mdx", ".rst", ".rest", ".txt", ".text",
                          ".adoc", ".asciidoc", ".org", ".textile", ".html", ".htm"})  # fmt: skip


@dataclass(frozen=True)
class ReadmeFile:
    """A README's text; `file` is relative to the graded folder and may begin with `../`."""

    file: str
    text: str


def is_readme(name: str) -> bool:
    """Whether a file name is a README's, in any case and text format: ReadMe.markdown, readme, README_2.md."""
    path = PurePosixPath(name.lower().strip())
    return path.name.startswith("readme") and path.suffix in TEXT_FORMATS


def find_readmes(root: Path, checkout: Path, named: str | None) -> tuple[list[ReadmeFile], tuple[str, ...]]:
    """The README that was named, else those of `root`, else of the nearest folder above it; and what can't be read.

    Links are not followed and nothing outside `checkout` is read; each file is read up to 2 MB.
    """
    if named:
        return _read([(named, root / named)], checkout)
    folder, prefix = root, ""
    notes: tuple[str, ...] = ()
    while True:
        found, problems = _read(_entries(folder, prefix), checkout)
        notes += problems
        if found or folder == checkout or not folder.is_relative_to(checkout):
            return found, notes
        folder, prefix = folder.parent, f"../{prefix}"


def _entries(folder: Path, prefix: str) -> list[tuple[str, Path]]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []
    return [(prefix + name, folder / name) for name in names if is_readme(name)][:MOST_READMES]


def _read(entries: list[tuple[str, Path]], checkout: Path) -> tuple[list[ReadmeFile], tuple[str, ...]]:
    found: list[ReadmeFile] = []
    notes: list[str] = []
    for file, path in entries:
        problem = _obstacle(path, file, checkout)
        if problem:
            notes.append(problem)
            continue
        text, problems = read_text(path, file, MOST_README_BYTES)
        notes += problems
        if text is not None:
            found.append(ReadmeFile(file, text))
    return found, tuple(notes)


def _obstacle(path: Path, file: str, checkout: Path) -> str:
    """Why the file is not read at all, or nothing."""
    try:
        if crosses_link(path, checkout):
            return f"{file} is reached through a symbolic link and was not read."
        if not leads_into(path, checkout):
            return f"{file} lies outside the submission and was not read."
        if path.is_dir():
            return f"{file} is a folder, not a file."
        if not path.exists():
            return f"There is no file {file} to read as README."
        return "" if path.is_file() else f"{file} is not a regular file and was not read."
    except (OSError, ValueError) as error:
        return f"{file} can't be read: {error}."
