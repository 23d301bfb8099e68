"""A sandbox that counts what its runs cost where no process of ours waits for them."""

from grader.sandbox.base import Availability, Job, Result, Sandbox, Strength


class CountingSandbox:
    """Another sandbox, and the CPU time that it told of its runs so far, in seconds."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.cpu_seconds = 0.0

    @property
    def name(self) -> str:
        """The other's."""
        return self._sandbox.name

    @property
    def strength(self) -> Strength:
        """The other's."""
        return self._sandbox.strength

    def availability(self) -> Availability:
        """The other's."""
        return self._sandbox.availability()

    def run(self, job: Job) -> Result:
        """Run one job in the other."""
        result = self._sandbox.run(job)
        self.cpu_seconds += result.cpu_seconds or 0.0
        return result
