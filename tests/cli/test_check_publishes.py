"""`grader check --publish`: graded, then posted; the token is gone from the environment before anything runs."""

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fake_github import serve_fake_github

from grader.publish.forge import open_forge

DEMO = Path(__file__).resolve().parents[2] / "reference_models" / "demo"
TOKEN = "ghs_of_the_course"


@pytest.fixture
def handed_in(submission: Callable[..., Path]) -> Path:
    root = submission({"model.py": (DEMO / "model.py").read_bytes()})
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Hand in")):
        subprocess.run(["git", "-C", str(root), *identity, *command], check=True)
    return root


def test_the_report_is_posted_on_the_pull_request(
    grader: Callable, handed_in: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = subprocess.check_output(["git", "-C", str(handed_in), "rev-parse", "HEAD"], text=True).strip()
    monkeypatch.setattr("grader.publish.forge.open_forge", partial(open_forge, pause=0))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with serve_fake_github() as github:
        monkeypatch.setenv("GITHUB_API_URL", github.api)
        repository = github.add_repository("course/demo-ada")
        pull = repository.open_pull(commit)
        github.add_token(TOKEN, "grader[bot]")
        options = ("--rubric", "demo", "--no-train", "--quiet", "--format", "json")
        answer = grader("check", handed_in, *options, "--publish", "course/demo-ada")
    assert answer.stderr.splitlines()[-1] == "course/demo-ada, pull request 1: check posted"
    assert "GITHUB_TOKEN" not in os.environ
    (comment,) = pull.comments
    (check,) = repository.checks.values()
    assert answer.report["summary"].split(".")[0] in comment["body"]
    assert check["head_sha"] == commit
    assert TOKEN not in answer.stdout + answer.stderr + "".join(
        file.read_text(errors="replace") for file in answer.out.iterdir()
    )


@pytest.mark.parametrize(
    ("target", "token", "said"),
    [
        ("course", TOKEN, "'course' is not a repository."),
        ("course/demo#x", TOKEN, "OWNER/NAME#NUMBER"),
        ("course/demo#0", TOKEN, "OWNER/NAME#NUMBER"),
        ("course/demo#1", "", "There is nothing to post with."),
    ],
)
def test_what_can_not_be_posted_is_told_before_anything_is_graded(
    grader: Callable, handed_in: Path, monkeypatch: pytest.MonkeyPatch, target: str, token: str, said: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    answer = grader("check", handed_in, "--publish", target)
    assert (answer.code, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert not answer.out.exists()
