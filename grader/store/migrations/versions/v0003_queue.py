"""The service: deliveries, jobs and their progress."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_received_at", "delivery", ["received_at"])
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("pull_request", sa.Integer),
        sa.Column("student", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.String(32), nullable=False),
        sa.Column("worker", sa.String(100), nullable=False),
        sa.Column("leased_until", sa.String(32), nullable=False),
        sa.Column("report_key", sa.String(64)),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("publication", sa.String(16), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.ForeignKeyConstraint(["report_key"], ["report.key"], name="fk_job_report_key"),
        sa.UniqueConstraint(
            "assignment", "repository", "commit", "generation", name="uq_job_assignment_repository_commit_generation"
        ),
    )
    op.create_index("ix_job_assignment_repository", "job", ["assignment", "repository"])
    op.create_index("ix_job_login", "job", ["login"])
    op.create_index("ix_job_publication", "job", ["publication"])
    op.create_index("ix_job_state_not_before", "job", ["state", "not_before"])
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job_id", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_progress"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_progress_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_progress_job_id", "progress", ["job_id"])
