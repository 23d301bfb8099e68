"""The tables. What is searched for is a column; the rest of a report or a run is compressed JSON.

Times are UTC, ISO 8601 with seconds, as text: they sort, and every database keeps them as they are.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from grader.store.metadata import METADATA

# One run over one roster; a second run over the same roster, rubric and options goes on with it.
BATCH = Table(
    "batch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # sha256 of what was asked for
    Column("title", Text, nullable=False),
    Column("rubric", Text, nullable=False),  # as JSON
    Column("created_at", String(32), nullable=False),
)

# A student of a batch and where their work stands.
SUBMISSION = Table(
    "submission",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("batch.id", ondelete="CASCADE"), nullable=False),
    Column("student", Text, nullable=False),
    Column("entry", Text, nullable=False),  # the roster's row, as JSON
    Column("stage", String(16), nullable=False),  # of Stage, the last that was begun
    Column("state", String(16), nullable=False),  # of State
    Column("attempts", Integer, nullable=False),
    Column("commit", String(64)),
    Column("received_at", String(32)),  # when the forge received the commit
    Column("late", Boolean, nullable=False),
    Column("report_key", ForeignKey("report.key")),
    Column("problem", Text, nullable=False),  # why there is no report, one sentence; empty where there is one
    Column("changed_at", String(32), nullable=False),
    UniqueConstraint("batch_id", "student"),
)

# What was done when, and how long it took; for progress, for sizing, and to show that nothing was done twice.
STAGE = Table(
    "stage",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submission.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),  # of Ended
    Column("ended_at", String(32), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("cpu_seconds", Float),
    Column("message", Text, nullable=False),
    Index("ix_stage_submission_id", "submission_id"),
)

# A finished report, found by everything that it depends on.
REPORT = Table(
    "report",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("created_at", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("points", Float, nullable=False),
    Column("max_points", Float, nullable=False),
    Column("graph_digest", String(64)),
    Column("rubric_digest", String(64), nullable=False),
    Column("commit", String(64)),
    Column("content", LargeBinary, nullable=False),
    Index("ix_report_graph_digest", "graph_digest"),
)

# A finished training run of one graph, recipe and seed: identical submissions share it.
TRAINING = Table(
    "training",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("created_at", String(32), nullable=False),
    Column("graph_digest", String(64), nullable=False),
    Column("recipe_digest", String(64), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("ix_training_graph_digest", "graph_digest"),
)

# What is compared with other submissions, of the work that a report is about.
FINGERPRINT = Table(
    "fingerprint",
    METADATA,
    Column("report_key", ForeignKey("report.key", ondelete="CASCADE"), primary_key=True),
    Column("graph", String(64)),  # sha256 of the canonical graph
    Column("shapes", String(64)),
    Column("content", LargeBinary, nullable=False),
    Index("ix_fingerprint_graph", "graph"),
)
