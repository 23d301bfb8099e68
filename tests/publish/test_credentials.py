"""Tokens and keys come from the environment, and go nowhere else."""

import logging
import os
from pathlib import Path

import pytest
from publishing_desk import FIRST, TOKEN, Desk
from report_factory import passing

from grader.errors import UsageError
from grader.publish.credentials import AppKey, Credentials, credentials_of, take_credentials

PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"


def test_an_app_comes_before_a_token(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM + "\n")
    given = {"GRADER_GITHUB_APP_ID": "7", "GRADER_GITHUB_APP_KEY_FILE": str(tmp_path / "key.pem"), "GITHUB_TOKEN": "t"}
    found = credentials_of(given)
    assert (found.app, found.token) == (AppKey("7", PEM), "")
    assert len(found.marker_key) == 32
    on_one_line = {"GRADER_GITHUB_APP_ID": "7", "GRADER_GITHUB_APP_KEY": PEM.replace("\n", "\\n")}
    assert credentials_of(on_one_line).marker_key == found.marker_key


def test_a_token_and_a_key_of_ones_own() -> None:
    found = credentials_of({"GH_TOKEN": " t\n", "GRADER_MARKER_KEY": "0123456789abcdef"})
    assert found == Credentials(token="t", marker_key=b"0123456789abcdef")
    assert credentials_of({"GITHUB_TOKEN": "t"}).marker_key == b""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "nothing to post with"),
        ({"GRADER_GITHUB_APP_ID": "7"}, "needs GRADER_GITHUB_APP_ID and its key"),
        ({"GRADER_GITHUB_APP_KEY": PEM}, "needs GRADER_GITHUB_APP_ID and its key"),
        ({"GRADER_GITHUB_APP_ID": "7", "GRADER_GITHUB_APP_KEY_FILE": "/nowhere.pem"}, "read from /nowhere.pem"),
        ({"GRADER_GITHUB_APP_ID": "7", "GRADER_GITHUB_APP_KEY": "secret"}, "not a private key in PEM form"),
        ({"GITHUB_TOKEN": "t", "GRADER_MARKER_KEY": "short"}, "fewer than 16 characters"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_a_sentence(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        credentials_of(given)
    assert "secret" not in raised.value.message


def test_what_is_secret_is_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GRADER_MARKER_KEY"):
        monkeypatch.setenv(name, "0123456789abcdef")
    assert take_credentials().token == "0123456789abcdef"
    assert "0123456789abcdef" not in os.environ.values()


def test_no_secret_shows_itself() -> None:
    shown = repr(Credentials(app=AppKey("7", PEM), token=TOKEN, marker_key=b"hidden"))
    assert not any(secret in shown for secret in (TOKEN, "PRIVATE", "hidden"))


def test_no_secret_is_logged_or_kept(desk: Desk, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    desk.post(passing(), "comment", "check", "status", "labels")
    assert desk.github.calls
    assert TOKEN not in caplog.text
    for file in tmp_path.glob("store.sqlite*"):
        assert TOKEN.encode() not in file.read_bytes()


def test_an_app_posts_as_itself_and_knows_its_comment_again(desk: Desk, tmp_path: Path) -> None:
    app = desk.github.add_app("course-grader", owners={"course"})
    desk.credentials = credentials_of({"GRADER_GITHUB_APP_ID": str(app.id), "GRADER_GITHUB_APP_KEY": app.key})
    for _ in range(2):
        desk.post(passing(), "comment", "check")
        desk.fresh_store(tmp_path)
    assert [comment["user"]["login"] for comment in desk.pull.comments] == ["course-grader[bot]"]
    assert [check["head_sha"] for check in desk.repository.checks.values()] == [FIRST]
