"""The sources of a folder: walked without following links, bounded, read once."""

import os
import posixpath
from pathlib import Path

from grader.intake.links import crosses_link, is_folder, is_link, is_regular_file, leads_into
from grader.intake.notebook import read_source
from grader.intake.readme_files import find_readmes
from grader.intake.source import Source

MOST_FILES = 2000
MOST_DEPTH = 64  # folders in folders
MOST_BYTES = 512 * 2**20
MOST_CODE = 4 * 2**20  # characters of Python in all: its syntax tree takes up to 600 times that in memory
IGNORED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".ipynb_checkpoints", "__pycache__", "node_modules", "site-packages", ".venv", "venv",
    ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".idea", ".vscode", ".eggs",
})  # fmt: skip


class SourceTree:
    """The `.py` files and notebooks under `root`, and on demand those of the checkout around it."""

    def __init__(self, root: Path, checkout: Path | None = None) -> None:
        self.root = root.resolve()
        self.checkout = checkout.resolve() if checkout else self.root
        if not self.root.is_relative_to(self.checkout):
            self.checkout = self.root
        self.sources: dict[str, Source] = {}
        self.problems: list[str] = []
        self.files: tuple[str, ...] = ()  # every source file's name, read or not
        self._outside: dict[str, Source | None] = {}
        self._read_all()

    def get(self, path: str) -> Source | None:
        """The source at a normalised path relative to the root; `..` reaches into the checkout only."""
        if path in self.sources or not path.startswith("../"):
            return self.sources.get(path)
        if path not in self._outside:
            target = self.root / path
            # First whether it is there at all: an import may name a path of thousands of folders.
            there = is_regular_file(target) and leads_into(target, self.checkout)
            own = there and not crosses_link(target, self.checkout)
            self._outside[path] = read_source(target, path)[0] if own else None
        return self._outside[path]

    def canonical(self, path: str) -> str:
        """A normalised path that leaves the root and comes back into it, without the detour."""
        if not path.startswith("../"):
            return path
        target = Path(os.path.normpath(self.root / path))
        return target.relative_to(self.root).as_posix() if target.is_relative_to(self.root) else path

    def is_folder(self, path: str) -> bool:
        """Whether a folder of that normalised path exists within the checkout."""
        target = self.root / path
        return is_folder(target) and leads_into(target, self.checkout)

    def readmes(self, named: str | None) -> list[tuple[str, str]]:
        """(file, text) of the README that was named, else of the root's own, else of the nearest folder above it."""
        found, _ = find_readmes(self.root, self.checkout, named)
        return [(readme.file, readme.text) for readme in found]

    def _read_all(self) -> None:
        files = self._walk()
        if len(files) > MOST_FILES:
            self.problems.append(f"The folder has {len(files)} source files; the first {MOST_FILES} were read.")
            files = files[:MOST_FILES]
        self.files = tuple(files)
        spent = code = 0
        for file in files:
            path = self.root / file
            try:
                spent += path.stat().st_size
            except OSError:
                continue
            if spent > MOST_BYTES:
                self.problems.append(
                    f"The source files exceed {MOST_BYTES // 2**20} MB; {file} and later were not read."
                )
                break
            source, problems = read_source(path, file)
            self.problems += problems
            code += sum(len(cell.source) for cell in source.cells) if source else 0
            if code > MOST_CODE:
                self.problems.append(
                    f"The source files hold more than {MOST_CODE // 2**20} MB of code; {file} and later were not read."
                )
                break
            if source:
                self.sources[file] = source
        self._add_written_files()

    def _walk(self) -> list[str]:
        """Source files, shallow ones first; links are never followed."""
        found: list[str] = []
        too_deep = ""
        for place, folders, names in os.walk(self.root, followlinks=False):
            here = Path(place).relative_to(self.root)
            folders[:] = sorted(
                name for name in folders
                if name not in IGNORED_FOLDERS and not is_regular_file(Path(place, name, "pyvenv.cfg"))
                and not is_link(Path(place, name))
            )  # fmt: skip
            if folders and len(here.parts) >= MOST_DEPTH:
                folders.clear()
                too_deep = too_deep or here.as_posix()
            for name in names:
                path = Path(place, name)
                if name.lower().endswith((".py", ".ipynb")) and is_regular_file(path) and not is_link(path):
                    found.append((here / name).as_posix())
        if too_deep:
            self.problems.append(f"Folders nested deeper than {MOST_DEPTH} levels were not read: {too_deep}/….")
        return sorted(found, key=lambda file: (file.count("/"), file))

    def _add_written_files(self) -> None:
        """A `%%writefile` cell defines a file, unless the repository holds that file."""
        for source in list(self.sources.values()):
            for cell in source.cells:
                if cell.writes is None or not cell.writes.endswith(".py"):
                    continue
                path = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), cell.writes))
                if path in self.files or path.startswith(("..", "/")):
                    continue
                earlier = self.sources[path].cells if path in self.sources else ()
                self.sources[path] = Source(path, (*earlier, cell))
