"""What the training code was seen to do with models."""

import ast
from dataclasses import dataclass

from grader.intake.trace.values import Value
from grader.model.submission import Location


@dataclass(frozen=True, eq=False)
class Built:
    """A model was built."""

    node: ast.stmt  # the class, function or assignment it came from
    model: Value
    site: Location
    complete: bool  # False: arguments that could not be told were left to their defaults
    within: ast.stmt | None  # the class whose constructor built it, None in the training code itself
    order: int
    reached: bool
    entry: str


@dataclass(frozen=True, eq=False)
class Trained:
    """A model's parameters were handed to an optimizer."""

    node: ast.stmt
    model: Value
    site: Location
    optimizer: str  # the call, e.g. "optim.SGD"
    certain: bool  # False: one of several models that a branch decides between
    order: int
    reached: bool  # False: in a function that nothing calls
    entry: str  # the file that was followed
