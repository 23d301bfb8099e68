"""Which file an import means: the folder's own modules, never what is installed."""

import posixpath
import sys
from dataclasses import dataclass

from grader.intake.tree import SourceTree

# Far more likely meant than a file of that name somewhere in the repository.
_LIBRARY_NAMES = (
    "torch torchvision torchaudio torchtext numpy scipy pandas sklearn matplotlib seaborn PIL cv2 tqdm yaml einops "
    "timm lightning pytorch_lightning wandb safetensors"
)
_LIBRARIES = frozenset(sys.stdlib_module_names).union(_LIBRARY_NAMES.split())


@dataclass(frozen=True)
class LocalModule:
    """A module of the submission. `path` is None for a package folder without `__init__.py`."""

    name: str  # the dotted name that the import statement leads to
    path: str | None
    is_package: bool


class Resolver:
    """Finds local modules for import statements, as Python would from the importing file's folder or above it."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._folders = self._search_folders()

    def absolute(self, importer: str, name: str) -> LocalModule | None:
        """The module that `import name` in the file `importer` means, None where it is not local."""
        parts = name.split(".")
        for folder in self._from(importer):
            found = self._in(folder, parts, name)
            if found:
                return found
        return self._by_unique_suffix(parts, name)

    def relative(self, importer: str, importer_name: str, level: int, name: str | None) -> LocalModule | None:
        """The module that `from ..name import` means in a module whose dotted name is `importer_name`."""
        folder = posixpath.dirname(importer)
        for _ in range(level - 1):
            folder = _up(folder)
        package = importer_name.split(".")
        is_package = posixpath.basename(importer) == "__init__.py"
        kept = len(package) - level + (1 if is_package else 0)
        prefix = package[:kept] if kept > 0 else []
        parts = name.split(".") if name else []
        return self._in(folder, parts, ".".join([*prefix, *parts]))

    def _in(self, folder: str, parts: list[str], name: str) -> LocalModule | None:
        base = posixpath.normpath(posixpath.join(folder, *parts)) if parts or folder else "."
        base = self._tree.canonical(base)
        initial = posixpath.normpath(posixpath.join(base, "__init__.py"))
        if self._tree.get(initial):
            return LocalModule(name, initial, is_package=True)
        if parts and self._tree.get(f"{base}.py"):
            return LocalModule(name, f"{base}.py", is_package=False)
        if parts and base != "." and self._holds_modules(base):
            return LocalModule(name, None, is_package=True)
        return None

    def _holds_modules(self, folder: str) -> bool:
        """Whether a folder without `__init__.py` is a package all the same."""
        if folder.startswith(".."):
            return self._tree.is_folder(folder)
        return any(path.startswith(f"{folder}/") and path.endswith(".py") for path in self._tree.sources)

    def _from(self, importer: str) -> list[str]:
        """The importing file's folder, then each folder above it, then the checkout's above the root."""
        folders = [posixpath.dirname(importer)]
        while folders[-1] and not folders[-1].startswith(".."):
            folders.append(posixpath.dirname(folders[-1]))
        return list(dict.fromkeys([*folders, *self._folders]))

    def _search_folders(self) -> list[str]:
        folders, path = [""], self._tree.root
        while path != self._tree.checkout:
            folders.append(_up(folders[-1]))
            path = path.parent
        return folders

    def _by_unique_suffix(self, parts: list[str], name: str) -> LocalModule | None:
        """`sys.path` may have been changed: the only file of that name will be it, unless a library is called so."""
        while parts and parts[0] not in _LIBRARIES:
            ending = "/".join(parts) + ".py"
            found = [path for path in self._tree.sources if path == ending or path.endswith("/" + ending)]
            if len(found) == 1:
                return LocalModule(name, found[0], is_package=False)
            if found:
                return None
            if parts[0] != self._tree.root.name:  # `import src.model` where src itself is the graded folder
                return None
            parts = parts[1:]
        return None


def _up(folder: str) -> str:
    return posixpath.normpath(posixpath.join(folder, "..")) if folder else ".."
