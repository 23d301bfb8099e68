"""A row that is there already is left as it is, also where another service adds it at the same moment."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Add a row, unless one with its primary key or a unique constraint's values is there; whether it was added."""
    if connection.dialect.name == "postgresql":
        added = connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    else:
        added = connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
    return added.rowcount == 1
