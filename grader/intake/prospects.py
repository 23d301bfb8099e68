"""The classes and factories of a folder that may be the submission, with what was seen of each."""

import ast
import hashlib
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.python_text import parse
from grader.intake.source import Cell
from grader.intake.trace.census import Census
from grader.intake.trace.events import Built, Trained
from grader.intake.trace.follow import Trace
from grader.intake.trace.machine import is_module_path
from grader.intake.trace.values import ClassValue, External, Instance, Layer
from grader.model.submission import Candidate, Location

# A local class that extends one of these is a whole model; one that extends another layer of torch.nn is a part.
WHOLE = frozenset({"Module", "Sequential", "ModuleList", "LightningModule", "ScriptModule", "PyTorchModelHubMixin"})


@dataclass(frozen=True)
class Build:
    """The expression that builds a model, and where it stands in the training code."""

    expression: str | None
    site: Location | None
    complete: bool  # False: arguments that could not be told were left to their defaults


@dataclass(eq=False)
class Prospect:
    """A possible submission and the traces it left."""

    node: ast.stmt
    cell: Cell
    name: str
    kind: Literal["class", "factory", "variable"]
    census: Census | None
    default_build: str | None
    in_force: bool  # its name still means it at the end of its file
    trained: list[Trained] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)  # in training code, not inside another model
    fingerprint: str = ""  # equal for the same code under another name or in another file

    @property
    def line(self) -> int:
        """Where the definition begins, the decorators not counted."""
        return self.node.lineno

    def build(self) -> "Build":
        """How it is built in the last training call, else where it was last built, else with its defaults."""
        trained = sorted(self.trained, key=lambda event: (event.reached, event.order))
        built = sorted(self.built, key=lambda event: (event.reached, event.order))
        for model in reversed([*(event.model for event in built), *(event.model for event in trained)]):
            if isinstance(model, Instance) and model.build is not None:
                return Build(model.build, model.site, model.complete)
            if isinstance(model, Layer) and model.origin is not None and model.origin.build is not None:
                return Build(model.origin.build, None, complete=True)
        return Build(self.default_build, None, complete=not built)

    def candidate(self, score: float = 0.0, evidence: tuple[str, ...] = ()) -> Candidate:
        """The type that the report lists."""
        build = self.build()
        if build.expression is not None and not build.complete:
            note = f"arguments that the source doesn't tell were left to their defaults: {build.expression}"
            evidence = (*evidence, note)
        plain = build.expression == f"{self.name}()"
        return Candidate(
            file=self.cell.file,
            cell=self.cell.index,
            name=self.name,
            line=self.line,
            kind=self.kind,
            build=None if plain else build.expression,
            built_at=build.site,
            score=round(score, 1),
            evidence=evidence,
        )


def prospects(trace: Trace) -> list[Prospect]:
    """Every module class, factory and model variable that is no mere part of another model."""
    found = [_of_class(trace, node, value) for node, value in trace.classes.items()]
    for node, origin in trace.origins.items():
        if not origin.cell.file.startswith("../"):
            kind: Literal["factory", "variable"] = "variable" if isinstance(node, ast.Assign) else "factory"
            census = trace.censuses.get(node)
            found.append(Prospect(node, origin.cell, origin.name, kind, census, origin.build, in_force=True))
    by_node = {prospect.node: prospect for prospect in found}
    for trained in trace.trained:
        if trained.node in by_node:
            by_node[trained.node].trained.append(trained)
    parts: set[ast.stmt] = set()
    for built in trace.built:
        if built.within is None and built.node in by_node:
            by_node[built.node].built.append(built)
        elif built.within is not None and built.within is not built.node:
            parts.add(built.node)
    whole = [prospect for prospect in found if _may_be_submitted(prospect, parts, trace)]
    # Where nothing else is there, a model that seems to hold no layers is: its constructor may raise before it has any.
    kept = [prospect for prospect in whole if _holds_layers(prospect)] or whole
    for prospect in kept:
        prospect.fingerprint = _fingerprint(prospect)
    return kept


def prospect_for(trace: Trace, node: ast.stmt, cell: Cell, name: str) -> Prospect:
    """A definition that --model names although discovery would not have listed it."""
    value = trace.classes.get(node) if isinstance(node, ast.ClassDef) else None
    if value is not None:
        prospect = _of_class(trace, node, value)
    else:
        kind: Literal["class", "factory"] = "class" if isinstance(node, ast.ClassDef) else "factory"
        prospect = Prospect(node, cell, name, kind, trace.censuses.get(node), None, node in trace.in_force)
    prospect.trained = [event for event in trace.trained if event.node is node]
    prospect.built = [event for event in trace.built if event.node is node and event.within is None]
    return prospect


def _of_class(trace: Trace, node: ast.stmt, value: ClassValue) -> Prospect:
    in_force = node in trace.in_force or value.function is not None
    census = trace.censuses.get(node)
    return Prospect(node, value.cell, value.node.name, "class", census, trace.builds.get(node), in_force)


def _may_be_submitted(prospect: Prospect, parts: set[ast.stmt], trace: Trace) -> bool:
    """No building block, no layer, no loss; what was trained is a model whatever it looks like."""
    if any(isinstance(event, Trained) for event in prospect.trained):
        return True
    if prospect.node in parts:
        return False
    value = trace.classes.get(prospect.node) if isinstance(prospect.node, ast.ClassDef) else None
    if value is not None:
        path = value.external_base
        if is_module_path(path) and path is not None and path.rsplit(".", 1)[-1] not in WHOLE:
            return False
        if value.find("forward") is None and _is_plain_module(value):
            return False
        if _is_base_of_another(value, trace):
            return False
    return True


def _holds_layers(prospect: Prospect) -> bool:
    """A module without parameters that nothing trains or builds is a loss or a helper."""
    if any(isinstance(event, Trained) for event in prospect.trained) or prospect.built:
        return True
    return prospect.census is None or prospect.census.parameters != 0


def _is_plain_module(value: ClassValue) -> bool:
    """Whether it extends Module itself, which has no forward of its own."""
    return any(
        isinstance(base, External) and base.path.endswith("Module") for one in value.ancestors() for base in one.bases
    )


def _is_base_of_another(value: ClassValue, trace: Trace) -> bool:
    """Whether other models extend it and it has no layers that fit by itself."""
    extended = any(value in other.bases for other in trace.classes.values())
    counted = trace.censuses.get(value.node)
    return extended and (counted is None or not counted.outputs)


def _fingerprint(prospect: Prospect) -> str:
    """A digest of the definition without its name, comments and docstrings."""
    text = ast.dump(_without_words(prospect.node))
    parameters = prospect.census.parameters if prospect.census else None
    return hashlib.sha256(f"{parameters}:{text}".encode()).hexdigest()


def _without_words(node: ast.stmt) -> ast.stmt:
    copy = parse(ast.unparse(node)).body[0]
    own = getattr(node, "name", None)
    for inner in ast.walk(copy):
        body = getattr(inner, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            del body[0]
        if isinstance(inner, ast.ClassDef | ast.FunctionDef) and inner.name == own:
            inner.name = "_"
        if isinstance(inner, ast.Name) and inner.id == own:
            inner.id = "_"
    return copy
