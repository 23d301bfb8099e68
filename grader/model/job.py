"""What the service has to grade, in the words that stand in its store."""

from enum import StrEnum
from typing import Literal

from grader.model.base import Frozen

Cause = Literal["push", "pull_request", "sweep", "regrade"]


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"  # somebody has it, for as long as its lease is renewed
    DONE = "done"  # there is a report
    FAILED = "failed"  # for a reason of ours or of the network: tried again later
    DEAD = "dead"  # failed too often: a person decides
    GONE = "gone"  # its commit is no longer there (a forced push): nothing is to be graded


class Publication(StrEnum):
    """What became of posting a job's report."""

    NONE = ""  # nothing is to be posted, or there is no report yet
    WAITING = "waiting"  # it is to be posted
    DONE = "done"  # posted, or kept with what is pending for the forge


class NewJob(Frozen):
    """A commit that is to be graded."""

    assignment: str
    repository: str  # the student's, "owner/name", lower case
    upstream: str = ""  # where the pull request is, if that is another repository (the student's is a fork of it)
    commit: str
    ref: str  # refs/heads/main
    pull_request: int | None = None
    student: str
    login: str = ""  # lower case; "" where nobody is known who may see it
    cause: Cause
    received_at: str = ""  # ISO 8601, UTC; when the forge had it, as far as it says
    late: bool = False

    @property
    def home(self) -> str:
        """Where the commit is fetched from and its report is posted; "owner/name"."""
        return self.upstream or self.repository


class Job(NewJob):
    """A job of the queue."""

    id: int
    generation: int  # 0, and one more each time it is graded again
    state: JobState
    stage: str  # of Stage; "" before the first
    attempts: int
    not_before: str
    worker: str  # "" where nobody has it
    leased_until: str
    report_key: str | None
    problem: str  # why there is no report, one sentence
    publication: Publication
    created_at: str
    changed_at: str
