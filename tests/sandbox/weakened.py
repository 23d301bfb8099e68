"""A sandbox with a hole: importable by name, because a grader that is to be killed makes its own."""

import contextlib
from unittest import mock

from grader.sandbox import bubblewrap_arguments, bubblewrap_leftovers
from grader.sandbox.base import Job, Result
from grader.sandbox.bubblewrap import Bubblewrap

_options = bubblewrap_arguments.options


class OutlivesGrader(Bubblewrap):
    """Not bound to the life of grader, nor in a namespace of processes that ends as one."""

    owner = "grader-outliving-"  # of its own: any other grader of this machine that starts removes what is left over

    def run(self, job: Job) -> Result:
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(bubblewrap_arguments, "options", _unbound))
            stack.enter_context(mock.patch.object(bubblewrap_arguments, "OWNER", self.owner))
            stack.enter_context(mock.patch.object(bubblewrap_leftovers, "OWNER", "grader-outliving-"))
            return super().run(job)


class NeverRemoved(OutlivesGrader):
    """Not even by the next start: nothing tells whose it was."""

    owner = "nobody-"


def _unbound(*arguments, **named):
    return [option for option in _options(*arguments, **named) if option != "--die-with-parent"]
