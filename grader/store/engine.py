"""Opening a store, and transactions that outlive a database's restart."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from grader.errors import StoreError, UsageError
from grader.store.versions import bring_up_to_date

_BUSY_SECONDS = 30.0  # how long SQLite waits for another process's transaction
_GONE_SECONDS = 120.0  # how long a database server may be away
_PAUSE_SECONDS = 0.5

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Store:
    """An open store. Everything is done through `transact`."""

    engine: Engine
    shown: str  # its place, without a password
    patience: float = _GONE_SECONDS

    def transact(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run `work` in one transaction and return its answer.

        Where the connection breaks, the whole of it is done again for up to `patience` seconds: it must be repeatable.
        Raises StoreError when the store is locked, read-only, full, or stays away.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except DBAPIError as problem:
                if not problem.connection_invalidated and not _is_gone(problem):
                    raise _described(problem, self.shown) from None
                if time.monotonic() > deadline:
                    raise StoreError(f"The database of the store {self.shown} is gone and did not come back.") from None
                time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def open_store(place: str | Path, *, patience: float = _GONE_SECONDS) -> Store:
    """Open the store in a file, made if it is not there, or at a `postgresql://` URL; an older one is migrated.

    Raises UsageError for a place that can't be a store, StoreError where it can't be opened.
    """
    url = _url(place)
    shown = str(place) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    try:
        engine = _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise UsageError(
            f"The store {shown} needs a database driver that is not installed.",
            mend="pip install 'graph-grader[postgresql]'",
        ) from None
    store = Store(engine, shown, patience)
    try:
        store.transact(bring_up_to_date)
    except BaseException:
        store.close()
        raise
    return store


def _url(place: str | Path) -> URL:
    text = str(place)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError(
            "The store's URL can't be read.", mend="Write postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() in ("sqlite", "postgresql"):
        return url
    raise UsageError(f"Stores are SQLite files or PostgreSQL databases, not {url.get_backend_name()}.")


def _sqlite(url: URL) -> Engine:
    _make_private(url.database or "")
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Else the driver begins transactions only before writes, and reads outside of them.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_private(file: str) -> None:
    """Make the file for its owner alone: it will hold grades. SQLite gives its other files the same rights."""
    with contextlib.suppress(OSError):  # it exists, or SQLite will say what is wrong
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _is_gone(problem: DBAPIError) -> bool:
    """Whether a server can't be reached at the moment; a file does not come back."""
    return not isinstance(problem.orig, sqlite3.Error) and getattr(problem.orig, "sqlstate", None) in (
        None,
        "57P01",
        "57P03",
    )


def _described(problem: DBAPIError, shown: str) -> StoreError:
    said = str(problem.orig).strip().split("\n")[0].lower()
    for words, message, mend in _KNOWN:
        if words in said:
            return StoreError(f"The store {shown} {message}.", mend=mend)
    return StoreError(f"The store {shown} answers: {str(problem.orig).strip().splitlines()[0][:200]}.")


_KNOWN = (
    ("locked", "is locked by another program", "Wait for the other run to end, or name another store."),
    ("readonly", "can't be written to", "Give yourself the right to write the file and its folder."),
    ("unable to open", "can't be opened", "Its folder must be there, and writable."),
    ("disk is full", "can't grow: the disk is full", "Free some space; nothing that was finished is lost."),
    ("disk i/o error", "can't be read or written: the disk fails", "Look at the disk; then run `grader store check`."),
    ("not a database", "is not an SQLite file", "Name a file that does not exist yet."),
    ("malformed", "is damaged", "Run `grader store check`; restore it from a copy."),
    ("permission denied", "refuses this user", "Grant the user the rights to create and change tables."),
)
