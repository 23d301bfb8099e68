"""What people did about a result: who signed in, grades that a person set, appeals, and a record of all of it."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from grader.store.metadata import METADATA

# Somebody who is signed in.
SESSION = Table(
    "session",
    METADATA,
    Column("digest", String(64), primary_key=True),  # sha256 of what the cookie holds
    Column("login", Text, nullable=False),  # on the forge, lower case; "admin" for the holder of the token
    Column("role", String(16), nullable=False),  # instructor, student
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Index("ix_session_expires_at", "expires_at"),
)

# Points that a person gave in place of a report's.
OVERRIDE = Table(
    "override",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("assignment", String(100), nullable=False),
    Column("repository", Text, nullable=False),
    Column("points", Float),  # NULL: excused
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("revoked_at", String(32), nullable=False),  # "" while it holds
    Index("ix_override_assignment_repository", "assignment", "repository"),
)

# A student's objection, and the answer.
APPEAL = Table(
    "appeal",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("login", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("answer", Text, nullable=False),  # "" before it is answered
    Column("answered_by", Text, nullable=False),
    Column("answered_at", String(32), nullable=False),
    Index("ix_appeal_job_id", "job_id"),
)

# Who did what, for good: rows are only added.
AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("made_at", String(32), nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),  # "assignment/repository@commit", a student, the store
    Column("detail", Text, nullable=False),  # as JSON
    Index("ix_audit_subject", "subject"),
)
