"""What the store promises, on a real PostgreSQL."""

import threading
import time
from collections.abc import Iterator

import pytest
from postgresql_server import Server
from sqlalchemy import Connection, insert, text

from grader.errors import StoreError
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.model.work import State, WorkKey
from grader.store.appeals import answer_appeal, file_appeal
from grader.store.audit import entries, note
from grader.store.batches import begin_batch, counts, finish, submissions
from grader.store.check import problems
from grader.store.engine import open_store
from grader.store.forget import forget
from grader.store.gradings import of_assignment
from grader.store.overrides import overrides_that_hold, set_override
from grader.store.queue_tables import JOB
from grader.store.results import find_report, keep_report
from grader.store.sessions import begin_session

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_batch_is_kept_and_found_again(server: Server, report: GradeReport, work_key: WorkKey) -> None:
    entries = [RosterEntry(student=name, line=line, repository="r") for line, name in enumerate(("ada", "bob"), 2)]
    store = open_store(server.url)
    batch = store.transact(lambda c: begin_batch(c, key="k", title="T", rubric="{}", entries=entries))
    key = store.transact(lambda c: keep_report(c, work_key, report))
    first, _ = store.transact(lambda c: submissions(c, batch))
    store.transact(lambda c: finish(c, first.id, key))
    store.close()
    again = open_store(server.url)
    assert again.transact(lambda c: begin_batch(c, key="k", title="T", rubric="{}", entries=entries)) == batch
    assert again.transact(lambda c: find_report(c, key)) == report
    found = again.transact(lambda c: counts(c, batch))
    assert (found[State.DONE], found[State.WAITING]) == (1, 1)
    assert again.transact(lambda c: list(problems(c))) == []
    again.close()


def test_a_restart_is_waited_for_and_the_whole_transaction_is_done_again(server: Server) -> None:
    store = open_store(server.url)
    store.transact(lambda c: c.execute(text("CREATE TABLE counted (n INTEGER)")))
    tries = []

    def count(connection: object) -> int:
        tries.append(connection)
        connection.execute(text("INSERT INTO counted VALUES (1)"))  # type: ignore[attr-defined]
        if len(tries) == 1:
            server.stop("immediate")
            threading.Timer(1.0, server.start).start()
        return connection.execute(text("SELECT count(*) FROM counted")).scalar_one()  # type: ignore[attr-defined]

    assert store.transact(count) == 1
    assert len(tries) > 1
    store.close()


def test_a_server_that_stays_away_is_a_sentence(server: Server) -> None:
    store = open_store(server.url, patience=1.0)
    server.stop()
    began = time.monotonic()
    with pytest.raises(StoreError, match="is gone and did not come back"):
        store.transact(lambda c: c.execute(text("SELECT 1")))
    assert time.monotonic() - began >= 1.0
    server.start()
    store.close()


def test_a_user_without_rights_is_a_sentence(server: Server) -> None:
    store = open_store(server.url)
    store.transact(lambda c: c.execute(text("CREATE ROLE guest LOGIN")))
    store.close()
    with pytest.raises(StoreError, match="refuses this user"):
        guest = open_store(server.url.replace("grader@", "guest@"))
        guest.transact(lambda c: c.execute(text("DELETE FROM report")))


def test_what_people_do_about_results_is_kept_and_deleted(server: Server) -> None:
    store = open_store(server.url)

    def work(c: Connection) -> None:
        values = {"student": "ada", "login": "ada", "commit": "c" * 40, "assignment": "mnist", "repository": "o/ada"}
        texts = dict.fromkeys(
            ("ref", "cause", "received_at", "stage", "not_before", "worker", "leased_until", "problem", "publication",
             "created_at", "changed_at"), ""
        )  # fmt: skip
        made = insert(JOB).values(**values, **texts, generation=0, state="done", late=False, attempts=1)
        job = int(c.execute(made.returning(JOB.c.id)).scalar_one())
        set_override(c, assignment="mnist", repository="o/ada", points=3, reason="x", by="prof")
        set_override(c, assignment="mnist", repository="o/ada", points=None, reason="y", by="prof")
        answer_appeal(c, file_appeal(c, job=job, login="ada", text="No."), text="Yes.", by="prof")
        begin_session(c, digest="d" * 64, login="ada", role="student")
        note(c, who="ada", action="appeal", subject="mnist/o/ada")

    store.transact(work)
    assert store.transact(lambda c: overrides_that_hold(c, "mnist"))["o/ada"].points is None
    assert [one.student for one in store.transact(lambda c: of_assignment(c, "mnist"))] == ["ada"]
    assert store.transact(lambda c: forget(c, "ada")).gradings == 1
    assert store.transact(lambda c: of_assignment(c, "mnist")) == []
    assert "ada" not in store.transact(entries)[0].model_dump_json()
    assert store.transact(lambda c: list(problems(c))) == []
    store.close()
