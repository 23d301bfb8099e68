"""What a check is: a pure function from what was measured to a finding."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from grader.model.base import Frozen
from grader.model.claims import Claims
from grader.model.facts import Facts
from grader.model.outcome import Finding
from grader.model.rubric import Rubric
from grader.model.submission import Location
from grader.model.task import Task
from grader.model.training import Training


@dataclass(frozen=True)
class Context:
    """Everything a check may look at.

    `location` is the definition of the graded class, `claims` what the submission says about itself.
    """

    facts: Facts
    training: Training
    task: Task
    rubric: Rubric
    location: Location | None = None
    claims: Claims = field(default_factory=Claims)


class NoParameters(Frozen):
    """For a check that has nothing to set."""


@dataclass(frozen=True)
class Check:
    """A check that rubrics use by name.

    `run` takes the context and an instance of `parameters`, which has validated the criterion's parameters; its
    validators find the rubric's task in `info.context["task"]`. It reads no file, clock or network. What it can't
    decide is an inconclusive finding with the reason; an exception it raises is grader's fault and never costs the
    student points.
    """

    name: str
    run: Callable[[Context, Any], Finding]
    parameters: type[Frozen] = NoParameters
    needs_training: bool = False  # left out by --no-train
    why: str = ""  # one or two sentences to the student: what is gained by meeting it; shown where it is not met
