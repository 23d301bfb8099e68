"""Following every file of a submission as a program of its own."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.intake.resolve import Resolver
from grader.intake.source import Source
from grader.intake.trace.census import Census, census
from grader.intake.trace.events import Built, Trained
from grader.intake.trace.interpreter import Interpreter
from grader.intake.trace.journal import Journal
from grader.intake.trace.machine import Frame, OutOfSteps, is_module_class
from grader.intake.trace.values import ClassValue, FunctionValue, Instance, Layer, ModuleValue, Origin, Value, options
from grader.intake.tree import SourceTree

MAIN = "__main__"


@dataclass(eq=False)
class Trace:
    """What all programs of the folder do with models."""

    classes: dict[ast.ClassDef, ClassValue] = field(default_factory=dict)  # module classes only
    origins: dict[ast.stmt, Origin] = field(default_factory=dict)
    built: list[Built] = field(default_factory=list)
    trained: list[Trained] = field(default_factory=list)
    censuses: dict[ast.stmt, Census] = field(default_factory=dict)
    builds: dict[ast.stmt, str] = field(default_factory=dict)  # how to build each with its defaults
    in_force: set[ast.stmt] = field(default_factory=set)  # classes that a module still holds at its end
    journals: list[Journal] = field(default_factory=list)  # what each program does to train
    problems: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Program:
    machine: Interpreter
    module: ModuleValue


def follow(tree: SourceTree, only: Callable[[Source], bool] | None = None) -> Trace:
    """Follow every source as a program, then the functions that no program calls, then count each model.

    `only` chooses the sources that are followed as programs; others are read where they are imported.
    """
    resolver = Resolver(tree)
    trace = Trace()
    paths = [path for path, source in tree.sources.items() if only is None or only(source)]
    programs = [_start(tree, resolver, path) for path in paths]
    for program in programs:
        _guard(program, trace, lambda one: one.machine.run_module(one.module, main=True))
    called: set[ast.AST] = set().union(*(program.machine.called for program in programs)) if programs else set()
    for program in programs:
        _guard(program, trace, lambda one: _follow_uncalled(one, called))
        _guard(program, trace, lambda one: _count_classes(one, trace, nested=False))
    for program in programs:
        _guard(program, trace, lambda one: _count_classes(one, trace, nested=True))
    for program in programs:
        trace.built += program.machine.built
        trace.trained += program.machine.trained
        trace.origins |= program.machine.origins
        trace.journals.append(program.machine.journal)
        held = (value for name in program.module.scope.names.values() for value in options(name))
        trace.in_force |= {value.node for value in held if isinstance(value, ClassValue)}
    for event in trace.trained:
        _prefer_trained_count(trace, event)
    return trace


def _start(tree: SourceTree, resolver: Resolver, path: str) -> _Program:
    machine = Interpreter(tree, resolver)
    source = tree.sources[path]
    machine.entry, machine.journal = path, Journal(path, source)
    name = path.removesuffix(".py").replace("/", ".") if not source.is_notebook else MAIN
    module = ModuleValue(name.removesuffix(".__init__"), source)
    return _Program(machine, module)


def _guard(program: _Program, trace: Trace, action: Callable[[_Program], None]) -> None:
    """Run a part; what is too long or too deep is left half-followed and said."""
    machine = program.machine
    try:
        action(program)
    except (OutOfSteps, RecursionError):
        sentence = f"{machine.entry} is too long or too deeply nested to be followed to its end."
        if sentence not in trace.problems:
            trace.problems.append(sentence)
    finally:
        machine.frames.clear()
        machine.constructing.clear()
        machine.loops.clear()
        machine.conditions.clear()
        machine.undecided = 0


def _follow_uncalled(program: _Program, called: set[ast.AST]) -> None:
    """What nothing calls may be called by hand: follow it with unknown arguments, as weaker evidence."""
    machine, module = program.machine, program.module
    machine.reached = False
    for value in list(module.scope.names.values()):
        for function in options(value):
            if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
                continue
            if function.module is module and function.node not in called and function.node not in machine.called:
                machine.frames.append(Frame(module.scope, module, function.cell))
                machine.call_function(function, (), {}, function.node)
                machine.frames.pop()


def _count_classes(program: _Program, trace: Trace, *, nested: bool) -> None:
    """Build each module class with its defaults: first each file's own, then those that only a caller brings out."""
    machine = program.machine
    machine.reached = False
    for node, value in list(machine.classes.items()):
        own = value.module is program.module
        if node in trace.classes or not (own or nested) or value.cell.file.startswith("../"):
            continue
        if not is_module_class(value):
            continue
        trace.classes[node] = value
        machine.frames.append(Frame(value.scope, value.module, value.cell))
        built, trained, acts = len(machine.built), len(machine.trained), len(machine.journal.acts)
        instance = machine.construct(value, (), {}, node)
        machine.frames.pop()
        trace.censuses[node] = census(instance)
        if isinstance(instance, Instance) and instance.build is not None:
            trace.builds[node] = instance.build
        machine.built[built:] = [event for event in machine.built[built:] if event.within is not None]
        del machine.trained[trained:]
        del machine.journal.acts[acts:]
    for event in machine.built:
        if isinstance(event.model, Layer):
            trace.censuses.setdefault(event.node, census(event.model))


def _prefer_trained_count(trace: Trace, event: Trained) -> None:
    """The model that was trained, with its real arguments, counts rather than one with defaults."""
    model: Value = event.model
    if isinstance(model, Instance | Layer):
        counted = census(model)
        if counted.parameters is not None or event.node not in trace.censuses:
            trace.censuses[event.node] = counted
