"""A sandbox with a hole: importable by name, because a grader that is to be killed makes its own."""

from unittest import mock

from grader.sandbox import bubblewrap_arguments
from grader.sandbox.base import Job, Result
from grader.sandbox.bubblewrap import Bubblewrap

_options = bubblewrap_arguments.options


class OutlivesGrader(Bubblewrap):
    """Not bound to the life of grader, nor in a namespace of processes that ends as one."""

    def run(self, job: Job) -> Result:
        with mock.patch.object(bubblewrap_arguments, "options", _unbound):
            return super().run(job)


class NeverRemoved(OutlivesGrader):
    """Not even by the next start: nothing tells whose it was."""

    def run(self, job: Job) -> Result:
        with mock.patch.object(bubblewrap_arguments, "OWNER", "nobody-"):
            return super().run(job)


def _unbound(*arguments, **named):
    return [option for option in _options(*arguments, **named) if option != "--die-with-parent"]
