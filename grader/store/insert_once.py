"""A row that is there already is left as it is, also where another service adds it at the same moment."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Add a row, unless one with its primary key or a unique constraint's values is there; whether it was added."""
    module = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = module.insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None
