"""A change that may mend a criterion, before it is known whether it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.advice.draft import Draft
from grader.advice.survey import Survey
from grader.model.facts import Facts
from grader.model.submission import Location


@dataclass(frozen=True)
class Option:
    """What a student would do, and the same done to the graph."""

    what: str
    draft: Draft
    code: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True)
class Case:
    """A failed criterion: the graph, its facts, and the parameters of the check."""

    survey: Survey
    facts: Facts
    asked: Any


Propose = Callable[[Case], Iterator[Option]]  # the smallest change first; may raise CannotChange
