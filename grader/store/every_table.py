"""All tables of a store: importing this declares every one of them in `METADATA`."""

from grader.store import publication_tables, queue_tables, review_tables, tables
from grader.store.metadata import METADATA

__all__ = ["METADATA", "publication_tables", "queue_tables", "review_tables", "tables"]
