"""What the training code was seen to do with optimizers, schedules, data and losses, in its order."""

import ast
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.source import Cell, Source
from grader.intake.trace.values import UNKNOWN, Value
from grader.model.submission import Location

Verb = Literal[
    "optimize",  # an optimizer is built
    "schedule",  # a scheduler is built
    "load",  # a data loader is built
    "step",  # `.step()` of an optimizer or a scheduler
    "hand",  # an optimizer is handed to a call that can't be followed
    "backward",  # `.backward()` of a loss
    "clip",  # gradients are clipped
    "seed",  # torch.manual_seed
    "set_rate",  # group["lr"] = …
    "stop",  # `if …: break`
    "cuda",  # a branch asks whether CUDA is there
]
MOST_ACTS = 2000


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop that is being followed."""

    node: ast.stmt
    cell: Cell
    over: Value  # what it goes through, e.g. a Range or a data loader; UNKNOWN where that can't be told
    conditions: int  # in how many undecided branches it stands
    frame: object  # the call it belongs to


@dataclass(frozen=True, eq=False)
class Condition:
    """An undecided branch that is being followed."""

    node: ast.stmt
    side: int  # 0: where the test holds
    default: int | None = None  # the side that is taken with the command line's defaults, where it hangs on these

    @property
    def is_open(self) -> bool:
        """Whether nothing tells if this side is taken."""
        return self.default is None

    @property
    def is_contrary(self) -> bool:
        """Whether the command line's defaults take the other side."""
        return self.default is not None and self.default != self.side


@dataclass(frozen=True, eq=False)
class Act:
    """One thing that was done, and where."""

    verb: Verb
    value: Value  # with what: the optimizer, the scheduler, the loss …
    node: ast.AST
    cell: Cell
    positional: tuple[Value, ...]
    keywords: dict[str, Value]
    loops: tuple[Loop, ...]  # from outside to inside
    conditions: tuple[Condition, ...]
    order: int
    reached: bool  # False: in a function that nothing calls

    @property
    def location(self) -> Location:
        """Where it stands."""
        return self.cell.at(self.node)

    @property
    def is_contrary(self) -> bool:
        """Whether it is not done with the command line's defaults."""
        return any(condition.is_contrary for condition in self.conditions)

    def is_open_within(self, loop: Loop | None) -> bool:
        """Whether it stands in a branch that can't be decided within a loop (or at all)."""
        return any(condition.is_open for condition in self.conditions[loop.conditions if loop else 0 :])

    def argument(self, position: int, name: str) -> Value | None:
        """An argument of the call; None where it was left out."""
        if name in self.keywords:
            return self.keywords[name]
        return self.positional[position] if position < len(self.positional) else None


@dataclass(eq=False)
class Journal:
    """One program's acts; bounded, as a program may do things in a loop."""

    entry: str  # the file that was followed
    source: Source | None = None
    acts: list[Act] = field(default_factory=list)

    def write(self, act: Act) -> None:
        """Add an act."""
        if len(self.acts) < MOST_ACTS:
            self.acts.append(act)

    def of(self, verb: Verb, value: Value = UNKNOWN) -> list[Act]:
        """The acts of a kind that are done with the command line's defaults, of one value where it is given."""
        return [act for act in self.every(verb) if not act.is_contrary and (value is UNKNOWN or act.value is value)]

    def every(self, verb: Verb) -> list[Act]:
        """The acts of a kind."""
        return [act for act in self.acts if act.verb == verb]
