"""Imports the slice: every module is its chunks, executed in order in one namespace, original line numbers kept.

A submission may call its modules like others (`statistics.py`, `profile.py`). While the model is built they come first,
as they do for a script that lies beside them; afterwards they make way, so that no library meets them.
"""

import __future__

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import re
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

from grader.probe.failure import chunk_name
from grader.probe.stubs import asked_by_the_slice

_FUTURE = re.compile(r"^[ \t]*from[ \t]+__future__[ \t]+import[^\n]*$", re.MULTILINE)


class SliceFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of a slice (as request.json carries it) before anything that is installed."""

    def __init__(self, modules: list[dict[str, Any]]) -> None:
        self._modules = {module["name"]: module for module in modules}
        for module in modules:
            for chunk in module["chunks"]:
                _remember(chunk)
        self._first = False

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """While it lasts, modules of the slice come before any of the same name that are loaded or installed."""
        names = self._names() - {"__main__"}
        hidden = {name: sys.modules.pop(name) for name in names if name in sys.modules}
        self._first = True
        try:
            yield
        finally:
            self._first = False
            for name in names:
                if (top := name.partition(".")[0]) in sys.stdlib_module_names or top in hidden:
                    sys.modules.pop(name, None)
            sys.modules.update(hidden)

    def _names(self) -> set[str]:
        """Of its modules, and of the packages that only these names imply."""
        names = set(self._modules)
        for name in self._modules:
            while name := name.rpartition(".")[0]:
                names.add(name)
        return names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for a module of the slice, or for a package that only its modules' names imply."""
        if not self._first and not asked_by_the_slice():
            return None
        return self._spec(fullname)

    def _spec(self, fullname: str) -> importlib.machinery.ModuleSpec | None:
        module = self._modules.get(fullname)
        implied = any(name.startswith(f"{fullname}.") for name in self._modules)
        if module is None and not implied:
            return None
        is_package = implied or bool(module and module["is_package"])
        return importlib.util.spec_from_loader(fullname, self, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Run the chunks in the module's namespace."""
        entry = self._modules.get(module.__name__)
        for chunk in entry["chunks"] if entry else ():
            exec(_compiled(chunk), module.__dict__)  # noqa: S102 - the student's code; this is the sandbox

    def load_entry(self, name: str) -> ModuleType:
        """Import the entry module, also where it is called `__main__`."""
        spec = self._spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"the slice has no module {name!r}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        self.exec_module(module)
        return module


def _compiled(chunk: dict[str, Any]) -> CodeType:
    """The chunk's code. A notebook may import from __future__ in any cell; in one file only the first line may."""
    source, flags = chunk["source"], 0
    if _FUTURE.search(source):
        source, flags = _FUTURE.sub("", source), __future__.annotations.compiler_flag
    code: CodeType = compile(source, chunk_name(chunk["label"]), "exec", flags=flags, dont_inherit=True)
    return code


def _remember(chunk: dict[str, Any]) -> None:
    """Let `inspect.getsource` and tracebacks find the chunk's source."""
    source = chunk["source"]
    name = chunk_name(chunk["label"])
    known = linecache.cache.get(name)
    if known is not None:  # several chunks of one file: lay them over each other, line numbers are the original's
        lines = _overlay(list(known[2]), source.splitlines(keepends=True))  # type: ignore[misc]
    else:
        lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)


def _overlay(lower: list[str], upper: list[str]) -> list[str]:
    length = max(len(lower), len(upper))
    lower += ["\n"] * (length - len(lower))
    return [upper[i] if i < len(upper) and upper[i].strip() else lower[i] for i in range(length)]
