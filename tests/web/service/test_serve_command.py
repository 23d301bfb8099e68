"""`grader serve`: what it says before it serves, and when it can't."""

import os
import socket
from pathlib import Path

import pytest
from a_service import CONFIGURATION, SECRET, TOKEN
from typer.testing import CliRunner

from grader.cli.main import app
from grader.errors import GraderError, UsageError
from grader.web.supervisor import Supervisor

SECRETS = {"GRADER_WEBHOOK_SECRET": SECRET, "GRADER_ADMIN_TOKEN": TOKEN, "GITHUB_TOKEN": "ghs_token"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("GRADER_", "GITHUB_", "GH_"))]:
        monkeypatch.delenv(name)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "service.yaml"
    file.write_text(CONFIGURATION)
    return file


def test_check_says_what_would_be_served(file: Path) -> None:
    done = CliRunner().invoke(app, ["serve", str(file), "--check"])
    assert done.exit_code == 0, done.exception
    assert "webhook   http://127.0.0.1:8000/webhook" in done.output
    assert "mnist: demo, not trained; course/mnist-*; posts comment, check" in done.output
    assert "as a token" in done.output and "by the admin token" in done.output
    assert not any(secret in done.output for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("variable", "said"),
    [("GRADER_WEBHOOK_SECRET", "GRADER_WEBHOOK_SECRET is not set"), ("GITHUB_TOKEN", "There is nothing to post")],
)
def test_check_says_what_is_missing(file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, said: str) -> None:
    monkeypatch.delenv(variable)
    done = CliRunner().invoke(app, ["serve", str(file), "--check"])
    assert isinstance(done.exception, UsageError) and said in str(done.exception)


def test_a_port_that_is_taken_is_said_so(file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file.write_text(f"listen: 127.0.0.1:{taken.getsockname()[1]}\n{CONFIGURATION}")
        done = CliRunner().invoke(app, ["serve", str(file), "--part", "web"])
    assert isinstance(done.exception, GraderError)
    assert str(done.exception).startswith("Nothing can listen on 127.0.0.1:")


def test_workers_that_die_are_started_again_and_ended_with_the_service(tmp_path: Path) -> None:
    count = tmp_path / "starts"
    script = f"echo . >> {count}; [ $(wc -l < {count}) -gt 1 ] || exit 3; echo ready; exec sleep 60"
    kept = Supervisor(["sh", "-c", script], {"PATH": os.environ["PATH"]})
    kept.start()
    try:
        for _ in range(200):
            if kept.is_alive():
                break
            kept._stopping.wait(0.05)
        assert kept.is_alive()
        assert count.read_text() == ".\n.\n"
    finally:
        kept.stop()
    assert not kept.is_alive()
