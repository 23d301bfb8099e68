"""The same class with PostgreSQL as its store, which is restarted in the middle, as is the batch."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_runs import Batch, is_as_undisturbed
from postgresql_server import Server

pytestmark = pytest.mark.system


class OnServer(Batch):
    """A batch whose store is a database."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.store = server.url

    def start(self, *further: str, out: str = "results") -> Any:
        return super().start(*further, *(("--store", self.store) if out == "results" else ()), out=out)

    def rows(self, query: str, out: str = "results") -> list[Any]:
        with psycopg.connect(self.store) as connection:
            try:
                return connection.execute(query).fetchall()
            except psycopg.errors.UndefinedTable:  # not there yet
                return []


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.mark.parametrize("mode", [pytest.param("fast", marks=pytest.mark.long), "immediate"])
def test_a_restart_in_the_middle_loses_nothing(server: Server, tmp_path: Path, mode: str) -> None:
    batch = OnServer(tmp_path, server)
    with batch.start() as process:
        batch.until(process, "SELECT 1 FROM training")
        server.stop(mode)
        time.sleep(3)
        server.start()
        stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, "Traceback" in stderr) == (0, False), stderr
    assert stdout.splitlines()[1].split() == ["3", "students"]
    is_as_undisturbed(batch)


def test_a_batch_killed_while_the_server_is_away_goes_on(server: Server, tmp_path: Path) -> None:
    batch = OnServer(tmp_path, server)
    with batch.start() as process:
        batch.until(process, "SELECT 1 FROM training")
        server.stop("immediate")
        process.kill()
    server.start()
    assert batch.nothing_is_left()
    assert batch.run()[0] == 0
    is_as_undisturbed(batch)
