"""The composite action `post`, step by step from its own action.yml: it posts what it checked, and nothing else."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from actions_runner import ROOT, Machine, Ran, run_action
from artifact_store import ArtifactStore
from fake_github import FakeGitHub, serve_fake_github
from graded_repository import Graded
from report_artifacts import bomb, rewritten

TOKEN = "ghs_of_the_posting_job_1234567890"
CHECKED = "Check the report"
POSTED = "Post the report"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_fake_github() as served:
        served.add_repository("course/mnist-ada")
        served.add_token(TOKEN, "github-actions[bot]")
        yield served


@pytest.fixture
def post(tmp_path: Path, github: FakeGitHub, passing: Graded) -> Callable[..., Ran]:
    """`post(artifact)`: the posting job of a run whose grading job told the digest of the report in `passing`."""

    def run(artifact: bytes | None, **inputs: str) -> Ran:
        artifacts = ArtifactStore()
        artifacts.put("7", "grader-report", passing.artifact)  # another run's
        if artifact is not None:
            artifacts.put("1", "grader-report", artifact)
        context = {"repository": "course/mnist-ada", "token": TOKEN, "run_id": "1", "api_url": github.api}
        machine = Machine(tmp_path / "machine", github=context, stubs=artifacts.stubs("1"))
        told = {"commit": passing.commit, "rubric": "demo", "digest": passing.ran.outputs["report-digest"]}
        return run_action("post", {**told, "train": "false", "install": "false", **inputs}, machine)

    return run


def test_the_report_is_posted_on_the_pull_request_of_its_commit(
    github: FakeGitHub, post: Callable[..., Ran], passing: Graded
) -> None:
    repository = github.repositories["course/mnist-ada"]
    older = repository.open_pull("a" * 40, "another")
    fork = github.add_repository("ada/mnist-ada", fork=True)
    pull = repository.open_pull(passing.commit, "hand-in", head=fork)
    ran = post(passing.artifact)
    assert not ran.failed, ran.log
    assert [comment["body"].split("\n")[1] for comment in pull.comments] == ["## \u2713 Passed: 50 of 60 points"]
    assert "https://github.com/course/mnist-ada/actions/runs/1" in pull.comments[0]["body"]
    assert [check["head_sha"] for check in repository.checks.values()] == [passing.commit]
    assert older.comments == []
    assert TOKEN not in ran.log


@pytest.mark.parametrize(
    ("forge", "sentence"),
    [
        (lambda archive: rewritten(archive, summary="Excellent."), "not the one that the grading job made"),
        (lambda archive: bomb(), "report.json has more than 16 MiB and was not read."),
        (lambda archive: None, ""),
    ],
    ids=["rewritten", "zip bomb", "none in this run"],
)
def test_nothing_else_is_posted(
    github: FakeGitHub, post: Callable[..., Ran], passing: Graded, forge: Callable[[bytes], bytes], sentence: str
) -> None:
    github.repositories["course/mnist-ada"].open_pull(passing.commit)
    ran = post(forge(passing.artifact))
    assert ran.failed
    assert sentence in ran.log
    assert "Traceback" not in ran.log
    assert ran.done[POSTED] == "skipped"
    assert github.calls == []


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"commit": "b" * 40}, f"not about commit {'b' * 40}."),
        ({"commit": "main"}, "--commit takes all 40 hexadecimal digits of a commit."),
        ({"digest": "abc"}, "--digest takes the 64 hexadecimal digits of a sha256."),
        ({"rubric": "mnist-20k"}, "graded with another rubric than mnist-20k"),
        ({"train": "true"}, "made without retraining, which is not what was asked for."),
    ],
)
def test_nor_what_is_not_what_was_asked_for(
    github: FakeGitHub, post: Callable[..., Ran], passing: Graded, inputs: dict[str, str], sentence: str
) -> None:
    ran = post(passing.artifact, **inputs)
    assert (ran.done[CHECKED], ran.done[POSTED]) == ("failure", "skipped")
    assert sentence in ran.log
    assert github.calls == []


def test_a_missing_digest_does_not_switch_the_check_off(post: Callable[..., Ran], passing: Graded) -> None:
    ran = post(passing.artifact, digest="")
    assert ran.done[CHECKED] == "failure"
    assert "Missing option '--digest'" in ran.log


def test_checking_and_posting_need_what_the_job_installs_and_no_more() -> None:
    """requirements.txt is what `install` gets, in place of all that grading needs: torch alone would take minutes."""
    wanted = (ROOT / ".github/actions/post/requirements.txt").read_text().split()
    script = f"""
import importlib.metadata, re, sys
def closure(names):
    seen, todo = set(), list(names)
    while todo:
        name = re.sub("[-_.]+", "-", todo.pop()).lower()
        if name in seen: continue
        seen.add(name)
        try: requires = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError: continue
        todo += [re.match(r"[\\w.-]+", one)[0] for one in requires if "extra ==" not in one]
    return seen
allowed = closure([*{wanted!r}, "cryptography"]) | {{"graph-grader", "setuptools"}}  # PyGithub asks for pyjwt[crypto]
import grader.cli.main, grader.action.artifact, grader.action.verify, grader.checks.validate, grader.rubric.load
import grader.cli.publish, grader.publish.publish, grader.publish.find_places, grader.publish.forge, grader.store.engine
found = importlib.metadata.packages_distributions()
used = {{re.sub("[-_.]+", "-", one).lower() for module in list(sys.modules) for one in found.get(module, [])}}
print(sorted(used - allowed))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stdout + done.stderr
