"""Where the heavy steps of a batch run: the seam between the coordinator and its workers."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from grader.errors import GraderError

Kind = Literal["static", "train"]  # static: one CPU, no accelerator; train: one CPU and a share of an accelerator
Say = Callable[[Any], None]  # what a task tells while it goes on: any plain data
Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


class Executor(Protocol):
    """Runs functions elsewhere. Arguments, answers and what is said are plain data that pickle takes."""

    @property
    def name(self) -> str:
        """The word that `--executor` takes."""
        ...

    @property
    def capacity(self) -> int:
        """How many tasks can run at the same time; more that wait for a place do no harm."""
        ...

    @property
    def sees_files(self) -> bool:
        """Whether tasks see the coordinator's folders; where not, files travel within the argument."""
        ...

    def submit(
        self,
        function: Callable[[Argument, Say], Answer],
        argument: Argument,
        *,
        kind: Kind,
        timeout: float,
        on_news: Say,
    ) -> Future[Answer]:
        """Run `function(argument, say)`, a function of a module, in a worker.

        `timeout` is in seconds and begins when the task does, not while it waits for a place. What the task says
        reaches `on_news` in any thread, as far as the executor can bring it; losing some of it does no harm. The future
        raises what the function raised, else TookTooLong, WorkerDied or Stopped.
        """
        ...

    def open_door(self, device: str) -> Path | None:
        """Where trainings meet that share a device, a `SharedDevice`'s door; None: each has a process of its own.

        `device` is a `Machine`'s. It is open until `close`.
        """
        ...

    def close(self) -> None:
        """Stop all that runs, and leave no process behind; futures that are not done raise Stopped."""
        ...


class TookTooLong(GraderError):
    """A task passed its time and was stopped."""


class WorkerDied(GraderError):
    """The process of a task ended before the task did."""


class Stopped(GraderError):
    """The executor was closed before the task had ended."""
