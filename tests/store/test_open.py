"""Opening stores: made, migrated, refused; each failure a sentence."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.engine import Connection

from grader.errors import StoreError, UsageError
from grader.store import every_table, tables
from grader.store.engine import open_store
from grader.store.versions import bring_up_to_date

ROW = {"key": "k", "title": "t", "rubric": "{}", "created_at": "2026-01-01T00:00:00+00:00"}


def titles(connection: Connection) -> list[str]:
    return list(connection.scalars(select(tables.BATCH.c.title)))


def test_a_new_store_has_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    declared = create_engine("sqlite://")
    every_table.METADATA.create_all(declared)
    there, here = inspect(store.engine), inspect(declared)
    assert set(there.get_table_names()) == {*here.get_table_names(), "alembic_version"}
    for name in here.get_table_names():
        assert [(c["name"], str(c["type"]), c["nullable"]) for c in there.get_columns(name)] == [
            (c["name"], str(c["type"]), c["nullable"]) for c in here.get_columns(name)
        ]
        assert there.get_unique_constraints(name) == here.get_unique_constraints(name)
        assert there.get_foreign_keys(name) == here.get_foreign_keys(name)
        assert there.get_indexes(name) == here.get_indexes(name)


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = open_store(tmp_path / "store.sqlite")
    first.transact(lambda connection: connection.execute(tables.BATCH.insert(), [ROW]))
    first.close()
    assert open_store(tmp_path / "store.sqlite").transact(titles) == ["t"]


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")

    def half(connection: Connection) -> None:
        connection.execute(tables.BATCH.insert(), [ROW])
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        store.transact(half)
    assert store.transact(titles) == []


def test_what_was_committed_survives_sigkill(tmp_path: Path) -> None:
    place = tmp_path / "store.sqlite"
    script = f"""
import os, signal
from grader.store.engine import open_store
from grader.store.tables import BATCH
store = open_store({str(place)!r})
store.transact(lambda connection: connection.execute(BATCH.insert(), [{ROW!r}]))
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False)
    assert ended.returncode == -9
    assert open_store(place).transact(titles) == ["t"]


def test_a_store_of_a_newer_grader_is_refused_and_untouched(tmp_path: Path) -> None:
    place = tmp_path / "store.sqlite"
    store = open_store(place)
    store.transact(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    store.close()
    with pytest.raises(
        StoreError, match=r"has version 9999, which this grader does not know\. It was written by a newer"
    ):
        open_store(place)


def test_a_database_of_something_else_is_refused_and_untouched(tmp_path: Path) -> None:
    place = tmp_path / "other.sqlite"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")
    with pytest.raises(StoreError, match="it holds the table recipes"):
        open_store(place)
    with sqlite3.connect(place) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("not a database, but long enough to look like one " * 50)
    with pytest.raises(StoreError, match="is not an SQLite file"):
        open_store(place)
    assert place.read_text().startswith("not a database")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be opened"):
        open_store(tmp_path / "no" / "store.sqlite")


def test_a_locked_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.store.engine._BUSY_SECONDS", 0.1)
    place = tmp_path / "store.sqlite"
    open_store(place).close()
    with sqlite3.connect(place, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="is locked by another program"):
            open_store(place)
        other.execute("ROLLBACK")
    assert open_store(place).transact(titles) == []


def test_a_read_only_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")

    def write(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON")  # root writes through modes; SQLite says the same of both
        connection.execute(tables.BATCH.insert(), [ROW])

    with pytest.raises(StoreError, match="can't be written to"):
        store.transact(write)


def test_a_full_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")

    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # not below what there is: the next page is too much
        connection.execute(tables.BATCH.insert(), [ROW | {"rubric": "x" * 10_000_000}])

    with pytest.raises(StoreError, match="the disk is full"):
        store.transact(fill)
    assert store.transact(titles) == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("mysql://h/d", "not mysql"),
        ("://", "can't be read"),
    ],
)
def test_a_place_that_can_be_no_store(place: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_store(place)


def test_a_server_that_is_away_is_waited_for_and_its_password_kept_back() -> None:
    with pytest.raises(StoreError, match="is gone and did not come back") as raised:
        open_store("postgresql://grader:s3cret@127.0.0.1:9/none", patience=1.0)
    assert "s3cret" not in str(raised.value)


def test_a_store_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        open_store(tmp_path / "store.sqlite")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "store.sqlite").stat().st_mode) == 0o600


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    store.transact(bring_up_to_date)
    assert store.transact(titles) == []
