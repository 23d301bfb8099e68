"""A training in the code: an optimizer, what it is given, and the loops it steps in."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.trace.journal import Act, Journal, Loop
from grader.intake.trace.library_values import LibraryObject, Range
from grader.intake.trace.machine import models_in, origin_of
from grader.intake.trace.values import Constant, Value, options

# Whose training it is: the graded definition's own, that of the same code elsewhere, of a model that can't be told, or
# of another model.
Owner = Literal["own", "twin", "unknown", "other"]


@dataclass(eq=False)
class CodeTraining:
    """A training of one or several models."""

    journal: Journal
    optimizer: Act  # that builds it
    models: frozenset[ast.stmt]  # the definitions of those that it may train
    owner: Owner = "own"
    steps: list[Act] = field(default_factory=list)  # its `.step()`
    handed: list[Act] = field(default_factory=list)  # calls out of sight that are given it, within a loop
    rivals: list[Act] = field(default_factory=list)  # other optimizers of the model that step in the same loop
    batch_loops: list[Loop] = field(default_factory=list)
    epoch_loops: list[Loop] = field(default_factory=list)

    @property
    def seen(self) -> bool:
        """Whether it is in sight where the optimizer steps, or at least where it is handed to what steps it."""
        return bool(self.batch_loops or self.handed)

    def in_batches(self, act: Act) -> bool:
        """Whether an act happens batch by batch."""
        return any(loop in self.batch_loops for loop in act.loops)

    def in_epochs(self, act: Act) -> bool:
        """Whether an act happens within the loop over epochs."""
        return any(loop in self.epoch_loops for loop in act.loops)


def trainings(journal: Journal) -> Iterator[CodeTraining]:
    """Every training of a program, with its loops."""
    for act in journal.every("optimize"):
        models = [model for value in (*act.positional, *act.keywords.values()) for model in models_in(value)]
        origins = [origin_of(option) for model in models for option in options(model)]
        known = frozenset(origin for origin in origins if origin is not None)
        training = CodeTraining(journal, act, known, steps=journal.of("step", act.value))
        if not training.steps:
            training.handed = [hand for hand in journal.of("hand", act.value) if hand.loops]
        _find_loops(training)
        yield training


def _find_loops(training: CodeTraining) -> None:
    """The loops over batches and epochs around the optimizer's steps, from the first to the last."""
    for step in training.steps:
        position = _batch_loop(step.loops)
        if position is None:
            _add(training.epoch_loops, step.loops[-1:])
            continue
        _add(training.batch_loops, step.loops[position:][:1])
        outer = [loop for loop in step.loops[:position] if isinstance(loop.over, Range) or _is_while(loop)]
        _add(training.epoch_loops, outer[-1:])
    for hand in training.handed:
        outer = [loop for loop in hand.loops if isinstance(loop.over, Range) or _is_while(loop)]
        _add(training.epoch_loops, outer[-1:])


def _batch_loop(loops: Sequence[Loop]) -> int | None:
    """The place of the loop over batches: over a loader, else the innermost, unless that one only counts epochs."""
    over_loaders = [at for at, loop in enumerate(loops) if _is_loader(loop.over)]
    if over_loaders:
        return over_loaders[-1]
    if not loops:
        return None
    counts = isinstance(loops[-1].over, Range) and loops[-1].over.step == Constant(1)
    return None if len(loops) == 1 and counts else len(loops) - 1


def _is_loader(value: Value) -> bool:
    return any(isinstance(one, LibraryObject) and one.name == "DataLoader" for one in options(value))


def _is_while(loop: Loop) -> bool:
    return isinstance(loop.node, ast.While)


def _add(loops: list[Loop], more: Sequence[Loop]) -> None:
    loops += [loop for loop in more if loop not in loops]
