"""Fingerprints of submissions, for the question which of them resemble each other."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Reports that are there have no fingerprint: their submissions are not compared."""
    op.create_table(
        "fingerprint",
        sa.Column("report_key", sa.String(64), nullable=False),
        sa.Column("graph", sa.String(64)),
        sa.Column("shapes", sa.String(64)),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("report_key", name="pk_fingerprint"),
        sa.ForeignKeyConstraint(["report_key"], ["report.key"], name="fk_fingerprint_report_key", ondelete="CASCADE"),
    )
    op.create_index("ix_fingerprint_graph", "fingerprint", ["graph"])
