"""The first version: batches, submissions, stages, reports, training runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("key", name="uq_batch_key"),
    )
    op.create_table(
        "report",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("max_points", sa.Float, nullable=False),
        sa.Column("graph_digest", sa.String(64)),
        sa.Column("rubric_digest", sa.String(64), nullable=False),
        sa.Column("commit", sa.String(64)),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_report"),
    )
    op.create_index("ix_report_graph_digest", "report", ["graph_digest"])
    op.create_table(
        "training",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("graph_digest", sa.String(64), nullable=False),
        sa.Column("recipe_digest", sa.String(64), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_training"),
    )
    op.create_index("ix_training_graph_digest", "training", ["graph_digest"])
    op.create_table(
        "submission",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("batch_id", sa.Integer, nullable=False),
        sa.Column("student", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("commit", sa.String(64)),
        sa.Column("received_at", sa.String(32)),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("report_key", sa.String(64)),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_submission_batch_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["report_key"], ["report.key"], name="fk_submission_report_key"),
        sa.UniqueConstraint("batch_id", "student", name="uq_submission_batch_id_student"),
    )
    op.create_table(
        "stage",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("submission_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("cpu_seconds", sa.Float),
        sa.Column("message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stage"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_stage_submission_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_stage_submission_id", "stage", ["submission_id"])
