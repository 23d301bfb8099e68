"""Following names from one definition through its module and the local modules it imports."""

import ast
import re

from grader.intake.resolve import LocalModule, Resolver
from grader.intake.slicing.module import END, ModuleCut
from grader.intake.slicing.names import attribute_paths, uses
from grader.intake.slicing.units import Unit
from grader.intake.source import Source
from grader.intake.trace.evaluate import CUSTOMARY
from grader.intake.tree import SourceTree

MOST_MODULES = 200


class Slicer:
    """Collects, module by module, the units that are needed."""

    def __init__(self, tree: SourceTree, resolver: Resolver) -> None:
        self.tree = tree
        self.resolver = resolver
        self.modules: dict[str, ModuleCut] = {}

    def module(self, local: LocalModule) -> ModuleCut:
        """The cut of a module, its parent packages included."""
        known = self.modules.get(local.name)
        if known is not None:
            return known
        source = self.tree.get(local.path) if local.path else None
        cut = ModuleCut.of(local, source)
        if len(self.modules) < MOST_MODULES:
            self.modules[local.name] = cut
        return cut

    def entry(self, source: Source) -> ModuleCut:
        """The cut of the module that holds the definition, named so that its relative imports work."""
        name = self.module_name(source.path)
        return self.module(LocalModule(name, source.path, source.path.endswith("__init__.py")))

    def module_name(self, path: str) -> str:
        """A dotted name from a path relative to the root, the folders above the root included."""
        above = self.tree.root.relative_to(self.tree.checkout).parts
        parts = [*above, *path.split("/")]
        while ".." in parts:
            position = parts.index("..")
            del parts[max(position - 1, 0) : position + 1]
        parts[-1] = re.sub(r"\.(py|ipynb)$", "", parts[-1], flags=re.IGNORECASE)
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        names = [re.sub(r"\W", "_", part) or "_" for part in parts]
        return ".".join(f"_{name}" if name[0].isdigit() else name for name in names)

    def require(self, cut: ModuleCut, name: str, limit: int = END, needing: Unit | None = None) -> list[Unit]:
        """Take what gives a name in a module. Returns the units; none where nothing does."""
        found = cut.find(name, limit)
        if not found:
            found = self._from_star(cut, name)
        for unit in found:
            self.take(cut, unit)
            if needing is not None:
                cut.run_before(unit, needing)
        if not found:
            cut.missing.add(name)
            self._customary(cut, name)
        return found

    def take(self, cut: ModuleCut, unit: Unit) -> None:
        """Take a unit and everything it needs."""
        if not cut.take(unit):
            return
        for name in sorted(unit.uses.at_once):
            self._follow(cut, unit, name, unit.order, at_once=True)
        for name in sorted(unit.uses.when_called):
            self._follow(cut, unit, name, cut.moment, at_once=False)
        if unit.kind in ("import", "star"):
            self._import(cut, unit)
        elif unit.kind in ("definition", "compound"):
            for node in ast.walk(unit.node):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    for alias in node.names:
                        self._import_alias(cut, node, alias)
        if unit.kind in ("assignment", "compound", "definition"):
            for change in cut.changes(unit):
                self.take(cut, change)
                cut.run_before(unit, change)

    def _follow(self, cut: ModuleCut, unit: Unit, name: str, limit: int, *, at_once: bool) -> None:
        for given in self.require(cut, name, limit, unit if at_once else None):
            if given.kind != "import" or given.alias is None:
                continue
            target = self._imported_module(cut, given)
            if target is not None:
                for path in attribute_paths(unit.node, name):
                    self._request(target, path)

    def _imported_module(self, cut: ModuleCut, unit: Unit) -> ModuleCut | None:
        """The local module that an import's name stands for."""
        node, alias = unit.node, unit.alias
        importer = cut.local.path or ""
        if alias is None:
            return None
        if isinstance(node, ast.Import):
            name = alias.name if alias.asname else alias.name.split(".")[0]
            local = self.resolver.absolute(importer, name)
            return self.module(local) if local else None
        if isinstance(node, ast.ImportFrom):
            base = self._base(cut, node)
            if base is None or self._gives(base, alias.name):
                return None
            return self._submodule(base, alias.name)
        return None

    def _import(self, cut: ModuleCut, unit: Unit) -> None:
        if isinstance(unit.node, ast.Import | ast.ImportFrom) and unit.alias is not None and unit.kind == "import":
            self._import_alias(cut, unit.node, unit.alias)

    def _import_alias(self, cut: ModuleCut, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
        """Make the local module of an import, and take from it what the import names."""
        importer = cut.local.path or ""
        if isinstance(node, ast.Import):
            parts = alias.name.split(".")
            for end in range(1, len(parts) + 1):
                local = self.resolver.absolute(importer, ".".join(parts[:end]))
                if local:
                    self.module(local)
            return
        base = self._base(cut, node)
        if base is None or alias.name == "*":
            return
        if self._gives(base, alias.name):
            self.require(base, alias.name)
        else:
            self._submodule(base, alias.name)

    def _base(self, cut: ModuleCut, node: ast.ImportFrom) -> ModuleCut | None:
        importer = cut.local.path or ""
        if node.level:
            local = self.resolver.relative(importer, cut.local.name, node.level, node.module)
        else:
            local = self.resolver.absolute(importer, node.module or "")
        if local is None:
            return None
        parts = local.name.split(".")
        for end in range(1, len(parts)):
            parent = self.resolver.absolute(importer, ".".join(parts[:end]))
            if parent:
                self.module(parent)
        return self.module(local)

    def _submodule(self, base: ModuleCut, name: str) -> ModuleCut | None:
        path = base.local.path or ""
        if base.local.path is not None and base.local.is_package:
            local = self.resolver.relative(path, base.local.name, 1, name)
        else:
            local = self.resolver.absolute(path, f"{base.local.name}.{name}")
        return self.module(local) if local else None

    def _request(self, cut: ModuleCut, path: tuple[str, ...]) -> None:
        """Take `module.a.b`; all definitions of a module that is handed around as a whole."""
        if not path:
            for unit in cut.units:
                if unit.kind == "definition":
                    self.take(cut, unit)
            return
        if self._gives(cut, path[0]):
            self.require(cut, path[0])
            return
        child = self._submodule(cut, path[0])
        if child is not None:
            self._request(child, path[1:])

    def _gives(self, cut: ModuleCut, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a module gives a name, by itself or by a star import."""
        if any(name in unit.gives and unit.kind != "change" for unit in cut.units):
            return True
        if cut.local.name in seen:
            return False
        for star in cut.stars():
            base = self._base(cut, star.node) if isinstance(star.node, ast.ImportFrom) else None
            if base is not None and self._gives(base, name, seen | {cut.local.name}):
                return True
        return False

    def _from_star(self, cut: ModuleCut, name: str) -> list[Unit]:
        """The star import that gives a name: a local module's that has it, else all from outside."""
        outside: list[Unit] = []
        for star in cut.stars():
            base = self._base(cut, star.node) if isinstance(star.node, ast.ImportFrom) else None
            if base is None:
                outside.append(star)
            elif self._gives(base, name):
                self.require(base, name)
                return [star]
        return outside

    def _customary(self, cut: ModuleCut, name: str) -> None:
        """A notebook's import cell may be broken: `nn` and its like then mean what they always mean."""
        if name in CUSTOMARY and cut.source is not None and cut.source.is_notebook:
            line = f"import {CUSTOMARY[name]} as {name}" if name != "torch" else "import torch"
            if line not in cut.prelude:
                cut.prelude.append(line)

    def provide(self, cut: ModuleCut, name: str) -> None:
        """Give the entry a name of the build expression that it doesn't have: torch, or another file's definition."""
        if name == "torch":
            cut.prelude.append("import torch")
            return
        holders = [
            path for path, source in self.tree.sources.items()
            if not source.is_notebook and any(_defines(node, name) for cell in source.cells for node in cell.tree.body)
        ]  # fmt: skip
        if holders:
            dotted = self.module_name(holders[0])
            other = self.module(LocalModule(dotted, holders[0], is_package=False))
            self.require(other, name)
            cut.prelude.append(f"from {dotted} import {name}")


def names_of(expression: str) -> frozenset[str]:
    """The names that a build expression looks up."""
    found = uses(expression)
    return found.at_once | found.when_called


def _defines(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
