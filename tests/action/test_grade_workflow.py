"""The example workflow that posts the grade, run whole: what a student pushes or uploads changes nothing but the grade.

Grading is real, in a sandbox; what is posted lands on a GitHub of this machine.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from actions_expressions import names
from actions_runner import ROOT
from course_on_github import Course
from fake_github import Pull, serve_fake_github
from graded_repository import FAILING, PASSING, Graded
from report_artifacts import rewritten

FORGED = {"verdict": "pass", "summary": "All required criteria are met; 100 of 100 points."}
# What a student may push beside the model: workflows of the same names that would post a grade themselves.
EDITED = {
    ".github/workflows/grade.yml": "name: Grade\non: workflow_run\njobs: {post: {steps: [{run: echo pass}]}}\n",
    ".github/workflows/feedback.yml": "name: Feedback\non: pull_request\npermissions: write-all\njobs: {}\n",
    ".github/actions/grade/action.yml": "runs: {using: composite, steps: []}\n",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    with serve_fake_github() as github:
        yield Course.begin(tmp_path_factory.mktemp("course"), github)


@pytest.fixture(scope="module")
def attacked(course: Course, failing: Graded) -> Pull:
    """A pull request whose model fails, and whose student tries everything else; graded."""
    course.artifacts.put("7", "grader-report", rewritten(failing.artifact, **FORGED))  # by the student's own run
    pull = course.pull({"model.py": FAILING, **EDITED})
    run = course.grade(pull, id=7, name="Feedback", conclusion="success", display_title="pass: 100 of 100")
    assert not run.failed, [ran.log for ran in run.ran.values()]
    return pull


def shown(pull: Pull) -> list[str]:
    """The first lines of the comments, without the hidden marker."""
    return [comment["body"].split("\n")[1] for comment in pull.comments]


def test_edited_workflows_and_a_forged_artifact_change_nothing(course: Course, attacked: Pull) -> None:
    assert shown(attacked) == ["## \u2715 Not passed: 60 of 100 points"]
    checks = [check for check in course.base.checks.values() if check["head_sha"] == attacked.sha]
    assert [check["conclusion"] for check in checks] == ["failure"]


@pytest.mark.system  # for its time
def test_without_them_it_is_the_same(course: Course, attacked: Pull) -> None:
    honest = course.pull({"net.py": FAILING})
    assert not course.grade(honest).failed
    assert shown(honest) == shown(attacked)


def test_only_the_posting_job_may_write(course: Course, attacked: Pull) -> None:
    tokens = {name: token for name, token in course.github.tokens.items() if name.startswith("ghs_of_")}
    rights = {name.split("_")[2]: token.rights for name, token in tokens.items()}
    assert rights["grade"] == {"metadata": "read", "contents": "read"}
    assert rights["post"] == {"metadata": "read", "contents": "read", "pull_requests": "write", "checks": "write"}


@pytest.mark.system  # for its time: tests/publish has more of this
def test_a_pushed_commit_makes_no_second_comment(course: Course) -> None:
    pull = course.pull({"digits.py": FAILING})
    assert not course.grade(pull).failed
    course.push(pull, {"digits.py": PASSING})
    assert not course.grade(pull).failed
    assert shown(pull) == ["## \u2713 Passed: 100 of 100 points"]


@pytest.mark.system  # for its time
def test_elsewhere_the_app_posts_what_a_machine_without_secrets_graded(course: Course) -> None:
    pull = course.pull({"hand-in.py": PASSING})
    run = course.grade_elsewhere(pull)
    assert run.failed == set(), [ran.log for ran in run.ran.values()]
    assert shown(pull) == ["## \u2713 Passed: 100 of 100 points"]
    assert {comment["user"]["login"] for comment in pull.comments} == {"course-grader[bot]"}
    assert set(course.artifacts.held["900"]) == {"submission", "grader-report"}


@pytest.mark.system  # for its time
def test_feedback_reads_and_writes_nothing(tmp_path: Path) -> None:
    with serve_fake_github() as github:
        course = Course.begin(tmp_path, github)
        run = course.give_feedback(course.pull({"model.py": FAILING}))
        assert run.failed == {"feedback"}
        assert run.ran["feedback"].outputs["verdict"] == "fail"
        assert run.ran["feedback"].summary.startswith("> **Feedback, not the grade.**")
        assert github.tokens[run.tokens["feedback"]].rights == {"metadata": "read", "contents": "read"}
        assert github.calls == []


def test_runs_of_other_events_are_not_graded(course: Course, attacked: Pull) -> None:
    assert course.grade(attacked, event="push").ran == {}


def test_of_the_students_run_the_commit_alone_is_used() -> None:
    """As the file says: who triggered, and which commit; the rest only keeps two runs of one branch apart."""
    workflow = yaml.safe_load((ROOT / ".github/examples/grade.yml").read_text(encoding="utf-8"))
    apart = names(workflow.pop("concurrency")["group"])
    assert apart == {
        "github.event.workflow_run.head_repository.id",
        "github.event.workflow_run.head_branch",
        "inputs.commit",
    }
    conditions = [job.pop("if") for job in workflow["jobs"].values() if "if" in job]
    assert conditions == [
        "github.event_name == 'workflow_dispatch' || github.event.workflow_run.event == 'pull_request'"
    ]
    used = {name for name in names(yaml.safe_dump(workflow)) if name.startswith("github.event")}
    assert used == {"github.event.workflow_run.head_sha"}


@pytest.mark.parametrize("file", sorted((ROOT / ".github").glob("examples/*.yml")), ids=lambda file: file.name)
def test_no_machine_has_both_hostile_code_and_a_secret(file: object) -> None:
    for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values():  # type: ignore[attr-defined]
        grades = any("/actions/grade@" in step.get("uses", "") for step in job["steps"])
        if grades:
            assert "secrets" not in str(job)
            assert job["permissions"] == {"contents": "read"}
            assert "environment" not in job
        writes = {name for name, right in job["permissions"].items() if right == "write"}
        assert not writes or any("/actions/post@" in step.get("uses", "") for step in job["steps"])


def test_other_actions_are_pinned_by_a_commit_with_its_version() -> None:
    files = [*(ROOT / ".github").glob("*/*.yml"), *(ROOT / ".github/actions").glob("*/action.yml")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if "uses: " in line]
    assert len(lines) > 15
    pinned = re.compile(r"uses: ([\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\.github/actions/\w+)$")
    assert [line for line in lines if not pinned.search(line)] == []
