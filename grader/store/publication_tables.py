"""What was posted on a forge, where, and what is still to be posted."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from grader.store.metadata import METADATA

# One place on a forge that shows one rubric's result: there is never a second one.
PUBLICATION = Table(
    "publication",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("api", Text, nullable=False),  # the address of the forge's API
    Column("repository", Text, nullable=False),  # "owner/name", lower case
    Column("place", String(80), nullable=False),  # "pull/12" or "commit/<sha>"
    Column("kind", String(16), nullable=False),  # comment, check, status, labels
    Column("rubric", String(100), nullable=False),
    Column("commit", String(64), nullable=False),  # that is shown, or to be shown
    Column("remote_id", String(40), nullable=False),  # the forge's id of it; "" before it is posted
    Column("state", String(16), nullable=False),  # pending, posted, refused
    Column("digest", String(64), nullable=False),  # of what is shown: the same is not posted again
    Column("content", LargeBinary),  # what is to be posted, compressed JSON; NULL once it is
    Column("report_key", ForeignKey("report.key")),
    Column("attempts", Integer, nullable=False),
    Column("not_before", String(32), nullable=False),
    Column("problem", Text, nullable=False),
    Column("changed_at", String(32), nullable=False),
    UniqueConstraint("api", "repository", "place", "kind", "rubric"),
    Index("ix_publication_state", "state", "not_before"),
)
