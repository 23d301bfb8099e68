"""What people do about results: who is signed in, points that a person set, appeals, the record of all of it."""

from typing import Literal

from grader.model.base import Frozen
from grader.model.work import digest_of

Role = Literal["instructor", "student"]
Action = Literal[
    "sign in",
    "regrade",
    "override",
    "revoke override",
    "appeal",
    "answer appeal",
    "export",
    "forget",
]


class SignedIn(Frozen):
    """A session. `login` is lower case."""

    digest: str  # sha256 of what the cookie holds
    login: str
    role: Role
    created_at: str
    expires_at: str


class Override(Frozen):
    """Points that a person gave in place of a report's."""

    id: int
    assignment: str
    repository: str
    points: float | None  # None: excused
    reason: str
    made_by: str
    made_at: str
    revoked_at: str  # "" while it holds


class Appeal(Frozen):
    """A student's objection to one grading, and the answer."""

    id: int
    job_id: int
    login: str
    text: str
    made_at: str
    answer: str  # "" before it is answered
    answered_by: str
    answered_at: str


class AuditEntry(Frozen):
    """Who did what to whom."""

    id: int
    made_at: str
    who: str
    action: str
    subject: str
    detail: str  # as JSON


class Grading(Frozen):
    """One commit that was or will be graded for one assignment, with what its report says in short."""

    id: int
    assignment: str
    repository: str  # "owner/name", lower case
    commit: str
    generation: int
    ref: str
    pull_request: int | None
    student: str
    login: str  # lower case; "" where nobody is known
    cause: str
    received_at: str = ""  # when the forge had it, as far as it says
    late: bool = False  # it was received after the deadline
    state: str  # of JobState
    stage: str
    attempts: int
    not_before: str
    report_key: str | None
    problem: str
    publication: str = ""  # of Publication
    created_at: str
    changed_at: str
    report_at: str | None = None  # when its report was made
    verdict: str | None = None
    points: float | None = None
    max_points: float | None = None
    rubric_digest: str | None = None  # of the rubric that its report was made with

    @property
    def subject(self) -> str:
        """What the audit trail calls it."""
        return subject_of(self.assignment, self.repository)

    @property
    def handed_in_at(self) -> str:
        """When the forge, or else the service, had the commit."""
        return self.received_at or self.created_at

    @property
    def is_open(self) -> bool:
        """Whether it is still to end by itself."""
        return self.state in ("waiting", "running", "failed")


def subject_of(assignment: str, repository: str) -> str:
    """What the audit trail calls a repository of an assignment."""
    return f"{assignment}/{repository}"


def pseudonym(name: str) -> str:
    """What stands in the audit trail for somebody whose data was deleted."""
    return f"deleted-{digest_of(name)[:12]}"
