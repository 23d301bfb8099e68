"""Fingerprints are kept beside their reports, found by batch, checked, and added to a store of the first version."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, inspect, update

from grader.errors import StoreError
from grader.model.report import GradeReport
from grader.model.similarity import Fingerprint, TokenText
from grader.model.work import WorkKey
from grader.store import tables, versions
from grader.store.batches import begin_batch, finish, submissions
from grader.store.check import problems
from grader.store.engine import Store, open_store
from grader.store.fingerprints import fingerprints, keep_fingerprint
from grader.store.results import keep_report

TEXT = TokenText(file="a.py", tokens="V\U000f1234N", lines=((0, 1), (2, 3)))
FOUND = Fingerprint(graph="1" * 64, shapes="2" * 64, texts=(TEXT,))


@pytest.fixture
def batch(store: Store, report: GradeReport, work_key: WorkKey, entry: Any) -> int:
    """Ada and Bob have the same report, Cyd has none."""

    def work(connection: Any) -> int:
        entries = [entry("ada", 2), entry("bob", 3), entry("cyd", 4)]
        found = begin_batch(connection, key="k", title="t", rubric="{}", entries=entries)
        key = keep_report(connection, work_key, report)
        for submission in submissions(connection, found)[:2]:
            finish(connection, submission.id, key)
        return found

    return store.transact(work)


def test_a_fingerprint_is_that_of_all_who_have_the_report(store: Store, batch: int, work_key: WorkKey) -> None:
    assert store.transact(lambda connection: fingerprints(connection, batch)) == {}
    store.transact(lambda connection: keep_fingerprint(connection, work_key.digest, Fingerprint()))
    store.transact(lambda connection: keep_fingerprint(connection, work_key.digest, FOUND))
    assert store.transact(lambda connection: fingerprints(connection, batch)) == {"ada": FOUND, "bob": FOUND}
    assert store.transact(lambda connection: fingerprints(connection, batch + 1)) == {}
    assert store.transact(lambda connection: list(problems(connection))) == []


def test_without_its_report_it_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        store.transact(lambda connection: keep_fingerprint(connection, "f" * 64, FOUND))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"content": b"x"}, "The fingerprint of the report {key} in the store is damaged."),
        ({"graph": "3" * 64}, "The fingerprint of the report {key} has another graph than its row."),
    ],
)
def test_damage_is_found(values: dict[str, Any], said: str, store: Store, batch: int, work_key: WorkKey) -> None:
    store.transact(lambda connection: keep_fingerprint(connection, work_key.digest, FOUND))
    store.transact(lambda connection: connection.execute(update(tables.FINGERPRINT).values(values)))
    assert store.transact(lambda connection: list(problems(connection))) == [said.format(key=work_key.digest[:12])]


def test_a_damaged_one_is_one_sentence(store: Store, batch: int, work_key: WorkKey) -> None:
    store.transact(lambda connection: keep_fingerprint(connection, work_key.digest, FOUND))
    store.transact(lambda connection: connection.execute(update(tables.FINGERPRINT).values(content=b"x")))
    with pytest.raises(StoreError, match=r"is damaged\. Run `grader store check`"):
        store.transact(lambda connection: fingerprints(connection, batch))


def test_a_store_of_the_first_version_is_migrated(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    settings = Config()
    settings.set_main_option("script_location", str(Path(versions.__file__).parent / "migrations"))
    row = {"key": "k", "title": "t", "rubric": "{}", "created_at": "2026-01-01T00:00:00+00:00"}
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        assert "fingerprint" not in inspect(connection).get_table_names()
        connection.execute(insert(tables.BATCH), [row])
    engine.dispose()
    store = open_store(file)
    assert store.transact(lambda connection: fingerprints(connection, 1)) == {}
    assert store.transact(lambda connection: connection.execute(tables.BATCH.select()).all())[0].title == "t"
    assert store.transact(lambda connection: list(problems(connection))) == []
    store.close()
