"""What a batch tells the person who waits for it."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.model.result import Result
from grader.model.work import Stage
from grader.training.launch import ProgressEvent


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """Callbacks; all of them may come from any thread, and none of them may raise."""

    begun: Callable[[int, int], None] = _nothing  # students in the roster, those of them that are to be graded
    stage: Callable[[str, Stage], None] = _nothing  # a student's stage begins
    training: Callable[[str, ProgressEvent], None] = _nothing
    ended: Callable[[str, Result, str, bool], None] = _nothing  # result, the reason in a sentence, found or new
