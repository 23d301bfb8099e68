"""Run by Alembic, with the connection that `grader.store.versions` opened."""

from alembic import context

from grader.store.every_table import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
