"""The errors that reach a person: one clear sentence each, an exit code, never a traceback.

A failed criterion is not an error (it is an `Outcome`); these say that work could not be done.
"""

from typing import Literal


class GraderError(Exception):
    """Base of all expected errors. `message` is one sentence; `mend` says what to do about it."""

    exit_code = 3

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()


class UsageError(GraderError):
    """The command line, or a file named on it, is wrong."""

    exit_code = 2


class RubricError(UsageError):
    """A rubric that cannot be used; the message carries file and line."""


class RecipeError(UsageError):
    """A recipe that cannot be used; the message carries file and line where there is one."""


class ReferenceModelError(UsageError):
    """A reference model that cannot be used, or that is not what its published.yaml says."""


class SubmissionError(GraderError):
    """The submission can't be graded: no model, ambiguous, unreadable, over a limit."""

    exit_code = 4


class DataError(GraderError):
    """The data set is missing or damaged; `mend` is the command that gets it."""


class SandboxError(GraderError):
    """The sandbox is missing or refused to start; never the student's fault."""


class TrainingError(GraderError):
    """The training process died or answered nonsense; never the student's fault."""


class FetchError(GraderError):
    """A repository could not be had, and that is not known to be the student's fault."""

    def __init__(self, message: str, *, fault: Literal["network", "ours", "unknown"], mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.fault: Literal["network", "ours", "unknown"] = fault  # unknown: it is private, or is not there at all


class CommitGone(FetchError):
    """A commit that the forge named is no longer there: history was rewritten. Trying again is no use."""


class StoreError(GraderError):
    """The store can't be opened, read or written; never the student's fault."""


class DamagedError(StoreError):
    """A row of the store can't be read back."""


class PublishError(GraderError):
    """A report could not be posted."""
