"""What was posted on a forge, and what is still to be."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("rubric", sa.String(100), nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("report_key", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.String(32), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_publication"),
        sa.ForeignKeyConstraint(["report_key"], ["report.key"], name="fk_publication_report_key"),
        sa.UniqueConstraint(
            "api", "repository", "place", "kind", "rubric", name="uq_publication_api_repository_place_kind_rubric"
        ),
    )
    op.create_index("ix_publication_state", "publication", ["state", "not_before"])
