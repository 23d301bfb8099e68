"""Which version a store has, and bringing an older one up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from grader.errors import StoreError

_FOLDER = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection) -> None:
    """Make or migrate the tables, in the transaction of `connection`.

    Raises StoreError for a store of a newer grader, or a database that holds something else.
    """
    version = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(_FOLDER))
    if version == scripts.get_current_head():
        return
    if version is not None and version not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"The store has version {version}, which this grader does not know.",
            mend="It was written by a newer grader: use that one, or another store.",
        )
    if version is None and (strangers := inspect(connection).get_table_names()):
        raise StoreError(
            f"The database is not empty and not a store of grader: it holds the table {strangers[0]}.",
            mend="Name a file that does not exist yet, or an empty database.",
        )
    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
