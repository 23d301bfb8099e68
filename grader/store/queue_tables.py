"""The service's tables: what was delivered to it, what it has to grade, and how a training goes on.

Times are UTC, ISO 8601, as text: they sort, and every database keeps them as they are.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from grader.store.metadata import METADATA

# One delivery of a webhook. A second one of the same id is the same delivery.
DELIVERY = Table(
    "delivery",
    METADATA,
    Column("id", String(64), primary_key=True),  # X-GitHub-Delivery
    Column("event", String(64), nullable=False),
    Column("repository", Text, nullable=False),  # "owner/name", lower case
    Column("received_at", String(32), nullable=False),
    Column("outcome", Text, nullable=False),  # "queued", or why nothing is to be done
    Index("ix_delivery_received_at", "received_at"),
)

# One commit to grade for one assignment. A person's wish to grade it again makes a row of the next generation.
JOB = Table(
    "job",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("assignment", String(100), nullable=False),  # its name in the service's configuration
    Column("repository", Text, nullable=False),  # the student's, "owner/name", lower case
    Column("upstream", Text, nullable=False, default=""),  # whose pull request it is, where that is another; else ""
    Column("commit", String(64), nullable=False),
    Column("generation", Integer, nullable=False),  # 0, and one more each time it is graded again
    Column("ref", Text, nullable=False),  # refs/heads/main
    Column("pull_request", Integer),
    Column("student", Text, nullable=False),  # as the roster calls them, else the login
    Column("login", Text, nullable=False),  # on the forge, lower case: who may see it; "" where nobody is known
    Column("cause", String(16), nullable=False),  # push, pull_request, sweep, regrade
    Column(
        "received_at", String(32), nullable=False, default=""
    ),  # when the forge had it, as far as it says; "" where unknown
    Column("late", Boolean, nullable=False, default=False),  # it was received after the deadline
    Column("state", String(16), nullable=False),  # of JobState
    Column("stage", String(16), nullable=False),  # of Stage; "" before the first
    Column("attempts", Integer, nullable=False),
    Column("not_before", String(32), nullable=False),
    Column("worker", String(100), nullable=False),  # who has it; "" for nobody
    Column("leased_until", String(32), nullable=False),  # after that it is anybody's; "" where nobody has it
    Column("report_key", ForeignKey("report.key")),
    Column("problem", Text, nullable=False),  # why there is no report, one sentence
    Column("publication", String(16), nullable=False, default=""),  # of Publication: what is to be posted about it
    Column("created_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
    UniqueConstraint("assignment", "repository", "commit", "generation"),
    Index("ix_job_state_not_before", "state", "not_before"),
    Index("ix_job_login", "login"),
    Index("ix_job_assignment_repository", "assignment", "repository"),
    Index("ix_job_publication", "publication"),
)

# What a training told while it ran: a curve that grows. Gone when the job has ended.
PROGRESS = Table(
    "progress",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("event", Text, nullable=False),  # as JSON
    Index("ix_progress_job_id", "job_id"),
)
