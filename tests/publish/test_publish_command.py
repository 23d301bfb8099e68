"""`grader publish` as it is called: what it prints, its exit codes, what it refuses."""

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from fake_github import server_error
from publishing_desk import FIRST, TOKEN, Desk
from report_factory import failing_static, passing, provenance

from grader.cli import main as command_line
from grader.model.report import GradeReport
from grader.publish.forge import open_forge
from grader.report.json_report import to_json


@dataclass(frozen=True)
class Answer:
    code: int
    stdout: str
    stderr: str


Run = Callable[..., Answer]


@pytest.fixture
def run(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`run("report.json", "--pr", "1")`, on the desk's repository with its token."""
    monkeypatch.setattr("grader.publish.forge.open_forge", partial(open_forge, pause=0))
    monkeypatch.setattr("grader.publish.pending.open_forge", partial(open_forge, pause=0))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("GH_TOKEN", raising=False)

    def run(*arguments: str, token: str = TOKEN) -> Answer:
        monkeypatch.setenv("GITHUB_TOKEN", token)
        monkeypatch.setenv("GITHUB_API_URL", desk.github.api)
        monkeypatch.setattr(sys, "argv", ["grader", "publish", *arguments])
        code = 0
        try:
            command_line.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        stdout, stderr = capfd.readouterr()
        assert "Traceback" not in stdout + stderr
        assert token not in stdout + stderr
        assert code == 2 or "GITHUB_TOKEN" not in os.environ
        return Answer(code, stdout, stderr)

    return run


def written(folder: Path, report: GradeReport, commit: str | None = FIRST) -> str:
    given = report.model_copy(update={"provenance": provenance(commit=commit)})
    file = folder / "report.json"
    file.write_text(to_json(given), encoding="utf-8")
    return str(file)


REPO = ("--repo", "course/mnist-ada")


def test_a_report_becomes_a_comment_and_a_check(desk: Desk, run: Run, tmp_path: Path) -> None:
    link = "https://reports.example.org/7"
    answer = run(written(tmp_path, failing_static()), *REPO, "--pr", "1", "--link", link)
    assert (answer.code, answer.stderr) == (0, "")
    first, second = answer.stdout.splitlines()
    assert first == f"course/mnist-ada, pull request 1: comment posted {desk.pull.comments[0]['html_url']}"
    assert second == "course/mnist-ada, pull request 1: check posted"
    assert f"[the whole report]({link})" in desk.bodies[0]
    assert [check["details_url"] for check in desk.repository.checks.values()] == [link]


def test_the_pull_request_is_found_by_its_head_also_from_a_fork(desk: Desk, run: Run, tmp_path: Path) -> None:
    fork = desk.github.add_repository("eve/mnist-ada", fork=True)
    pull = desk.repository.open_pull("2" * 40, head=fork, by="eve")
    answer = run(written(tmp_path, passing(), "2" * 40), *REPO, "--sha", "2" * 40)
    assert answer.code == 0
    assert (len(pull.comments), len(desk.bodies)) == (1, 0)


def test_without_a_pull_request_the_commit_shows_it(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.repository.push("3" * 40)
    answer = run(str(Path(written(tmp_path, passing(), None)).parent), *REPO, "--sha", "3" * 40)
    assert (answer.code, answer.stdout) == (0, "course/mnist-ada, commit 3333333: check posted\n")


def test_what_can_not_be_posted_is_kept_and_sent_once(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.github.fail(server_error(503), "", "/(comments|check-runs)", times=10)
    answer = run(written(tmp_path, passing()), *REPO, "--pr", "1", "--wait", "0")
    assert answer.code == 3
    assert answer.stdout.count("kept GitHub answers with error 503.") == 2
    kept = tmp_path / "state" / "grader" / "publications.sqlite"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    desk.github._faults.clear()
    answer = run("--pending")
    assert (answer.code, answer.stdout.count("posted")) == (0, 2)
    assert (run("--pending").stdout, len(desk.bodies), len(desk.repository.checks)) == ("Nothing waits.\n", 1, 1)


def test_labels_by_option(desk: Desk, run: Run, tmp_path: Path) -> None:
    assert run(written(tmp_path, passing()), *REPO, "--pr", "1", "--post", "labels").code == 0
    assert (desk.pull.labels, desk.bodies) == (["mnist-20k: passed"], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pr", "1"), "Name a report and --repo OWNER/NAME, or --pending."),
        (("REPORT", "--pending"), "--pending sends what is kept"),
        (("REPORT", "--repo", "mnist"), "'mnist' is not a repository."),
        (("/nowhere.json", *REPO), "can't be read: No such file or directory."),
        (("REPORT", *REPO, "--sha", "2" * 40), "The report is about commit 111111111111, not about 222222222222"),
        (("REPORT", *REPO, "--rubric", "demo"), "The report was not graded with demo"),
        (("REPORT", *REPO, "--api-url", "http://example.org"), "is not the address of GitHub's API."),
    ],
)
def test_wrong_use_is_a_sentence(desk: Desk, run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    report = written(tmp_path, passing())
    answer = run(*(report if one == "REPORT" else one for one in arguments))
    assert (answer.code, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert desk.github.writes() == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"schema": "grader/report/v1"}', b"[" * 100_000])
def test_a_file_that_is_no_report(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "forged.json").write_bytes(content)
    answer = run(str(tmp_path / "forged.json"), *REPO, "--pr", "1")
    assert (answer.code, answer.stdout) == (2, "")


def test_a_report_of_more_than_64_mebibytes_is_not_read(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "bomb.json").open("wb") as file:
        file.truncate(10 * 2**30)  # sparse
    answer = run(str(tmp_path / "bomb.json"), *REPO, "--pr", "1")
    assert (answer.code, "larger than 64 MiB" in answer.stderr) == (2, True)


def test_without_a_commit_it_is_not_posted(run: Run, tmp_path: Path) -> None:
    answer = run(written(tmp_path, passing(), None), *REPO, "--pr", "1")
    assert (answer.code, "The report names no commit. Name it with --sha." in answer.stderr) == (2, True)
