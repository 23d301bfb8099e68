"""The state of following one program: its modules, its frames, its budget, what was seen."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.intake.resolve import LocalModule, Resolver
from grader.intake.source import Cell, in_page_order
from grader.intake.trace.events import Built, Trained
from grader.intake.trace.journal import Act, Condition, Journal, Loop, Verb
from grader.intake.trace.library_values import LibraryObject, Range
from grader.intake.trace.values import (
    UNKNOWN,
    Choice,
    ClassValue,
    Collection,
    Constant,
    External,
    FunctionValue,
    Instance,
    Layer,
    ModuleValue,
    Origin,
    Parameters,
    Scope,
    Value,
    options,
)
from grader.intake.tree import SourceTree
from grader.model.submission import Location

MOST_STEPS = 300_000  # expressions evaluated per program; a real one needs some thousands
MOST_CALLS = 16  # calls within calls


class OutOfSteps(Exception):
    """The program is longer than we care to follow."""


@dataclass(eq=False)
class Frame:
    """A function call, a class body or a module being followed."""

    scope: Scope
    module: ModuleValue
    cell: Cell
    function: FunctionValue | None = None
    returned: list[Value] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)


class Machine:
    """What every part of the interpreter shares."""

    def __init__(self, tree: SourceTree, resolver: Resolver) -> None:
        self.tree = tree
        self.resolver = resolver
        self.modules: dict[str, ModuleValue] = {}
        self.built: list[Built] = []
        self.trained: list[Trained] = []
        self.journal = Journal("")
        self.loops: list[Loop] = []
        self.conditions: list[Condition] = []
        self.called: set[ast.AST] = set()  # functions that ran
        self.classes: dict[ast.ClassDef, ClassValue] = {}  # every class that was defined
        self.origins: dict[ast.stmt, Origin] = {}  # functions and variables that give a model of torch's own classes
        self.frames: list[Frame] = []
        self.constructing: list[ast.stmt] = []  # module classes whose constructor is running
        self.undecided = 0  # how many undecided branches we are in
        self.reached = True
        self.entry = ""
        self.place: tuple[Cell, int] | None = None
        self._steps = 0
        self._order = 0

    @property
    def frame(self) -> Frame:
        """The innermost frame."""
        return self.frames[-1]

    def step(self) -> None:
        """Count one expression. Raises OutOfSteps."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise OutOfSteps

    def next_order(self) -> int:
        """A number that grows with the program."""
        self._order += 1
        return self._order

    def site(self, node: ast.AST) -> Location:
        """Where a node of the current frame stands."""
        return self.frame.cell.at(node)

    def local_module(self, module: LocalModule) -> ModuleValue:
        """The module, run at its first import."""
        known = self.modules.get(module.name)
        if known is not None:
            return known
        source = self.tree.get(module.path) if module.path else None
        value = ModuleValue(module.name, source)
        self.modules[module.name] = value
        if source is not None:
            self.run_module(value, main=False)
        return value

    def run_module(self, module: ModuleValue, *, main: bool) -> None:
        """Follow a module's cells in running order."""
        if module.source is None:
            return
        module.scope.names["__name__"] = Constant("__main__" if main else module.name)
        if not in_page_order(module.source.cells):
            self._import_first(module, module.source.cells)
        for cell in module.source.cells:
            if cell.writes is not None and module.source.is_notebook:  # it writes a file and runs nothing
                continue
            self.frames.append(Frame(module.scope, module, cell))
            self.execute(cell.tree.body)
            self.frames.pop()

    def _import_first(self, module: ModuleValue, cells: tuple[Cell, ...]) -> None:
        """Imports of a notebook that ran out of order: a cell of imports that was run again ran before, too."""
        for cell in sorted(cells, key=lambda one: one.index or 0):
            self.frames.append(Frame(module.scope, module, cell))
            self.execute([node for node in cell.tree.body if isinstance(node, ast.Import | ast.ImportFrom)])
            self.frames.pop()

    def execute(self, body: list[ast.stmt]) -> bool:
        """Follow statements; True when they surely leave the function."""
        raise AssertionError("the statements belong to the interpreter")

    def record_training(self, value: Value, node: ast.AST, optimizer: str) -> None:
        """Note that a model's parameters reach an optimizer."""
        owners = options(value)
        for owner in owners:
            origin = origin_of(owner)
            if origin is None:
                continue
            sole, order = len(owners) == 1, self.next_order()
            self.trained.append(
                Trained(origin, owner, self.site(node), optimizer, sole, order, self.reached, self.entry)
            )

    def record(
        self, verb: Verb, value: Value, node: ast.AST, positional: Sequence[Value], keywords: Mapping[str, Value]
    ) -> None:
        """Note what the training code does."""
        cell, order = self.frame.cell, self.next_order()
        loops, conditions = tuple(self.loops), tuple(self.conditions)
        self.journal.write(
            Act(verb, value, node, cell, tuple(positional), dict(keywords), loops, conditions, order, self.reached)
        )

    def library_object(
        self, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> LibraryObject:
        """What a call of a library gives, with its arguments and its place."""
        return LibraryObject(path, tuple(positional), dict(keywords), self.frame.cell, node)

    def counted(self, positional: Sequence[Value]) -> Value:
        """`range(…)` in training code."""
        ends = list(positional[:3]) if positional else [UNKNOWN]
        start, stop = (Constant(0), ends[0]) if len(ends) == 1 else (ends[0], ends[1])
        return Range(start, stop, ends[2] if len(ends) == 3 else Constant(1))

    def record_building(self, node: ast.stmt, model: Value, site: Location, complete: bool) -> None:
        """Note that a model was built."""
        within = self.constructing[-1] if self.constructing else None
        self.built.append(Built(node, model, site, complete, within, self.next_order(), self.reached, self.entry))


def origin_of(value: Value) -> ast.stmt | None:
    """The class, function or variable that a model comes from."""
    if isinstance(value, Instance):
        return value.kind.node
    if isinstance(value, Layer) and value.origin is not None:
        return value.origin.node
    return None


def is_module_class(value: Value) -> bool:
    """Whether a local class derives from torch.nn.Module, as far as its bases tell.

    A class with a base that can't be found counts where it has a `forward` method.
    """
    if not isinstance(value, ClassValue):
        return False
    path = value.external_base
    if is_module_path(path):
        return True
    lost = any(base is UNKNOWN or isinstance(base, External) for one in value.ancestors() for base in one.bases)
    foreign = path is not None and path.startswith(("torch.", "keras.", "tensorflow.", "builtins.object"))
    return lost and not foreign and value.find("forward") is not None


def is_module_path(path: str | None) -> bool:
    """Whether a dotted path is a module class of torch.nn or lightning."""
    if path is None:
        return False
    if path.startswith("torch.nn.") and not path.startswith(("torch.nn.functional", "torch.nn.init", "torch.nn.utils")):
        return path.rsplit(".", 1)[-1][:1].isupper() and not path.endswith((".Parameter", "Loss"))
    return path.rsplit(".", 1)[-1] in ("LightningModule", "ScriptModule", "PyTorchModelHubMixin")


def models_in(value: Value, depth: int = 4) -> list[Value]:
    """The models whose parameters a value holds, e.g. of `[{"params": model.parameters()}]`."""
    if isinstance(value, Parameters):
        return [value.owner]
    if isinstance(value, Choice):
        return [model for option in value.options for model in models_in(option, depth)]
    if isinstance(value, Collection) and depth:
        return [model for item in value.items for model in models_in(item, depth - 1)]
    return []
