"""Check runs with their annotations, commit statuses in their place, labels."""

import pytest
from fake_github import POSTING, lost, secondary_limit
from publishing_desk import FIRST, Desk
from report_factory import at, failing_static, passing

from grader.model.report import GradeReport
from grader.publish.credentials import AppKey, Credentials


def remarks(number: int) -> GradeReport:
    """A report that fails with that many remarks, on as many lines."""
    given = failing_static()
    failed = given.outcomes[0]
    many = [
        failed.model_copy(update={"evidence": tuple(at(line) for line in range(first, min(first + 8, number)))})
        for first in range(0, number, 8)
    ]
    return given.model_copy(update={"outcomes": tuple(many)})


def test_a_check_run_with_remarks_on_the_very_lines(desk: Desk) -> None:
    desk.post(failing_static(), "check")
    (check,) = desk.repository.checks.values()
    assert (check["name"], check["head_sha"], check["conclusion"]) == ("grader / mnist-20k", FIRST, "failure")
    assert check["output"]["title"].startswith("Not passed: 30 of 60 points. ")
    assert "Fewer than 20,000 parameters" in check["output"]["summary"]
    first, second, third = check["annotations"]
    assert (first["path"], first["start_line"], first["annotation_level"]) == ("session-5/src/model.py", 16, "failure")
    assert (second["start_line"], third["title"]) == (19, "Dropout")
    assert third["message"].startswith("`nn.Dropout` is called with rate 0")


@pytest.mark.parametrize("number", [0, 49, 50, 51, 100, 101, 173])
def test_remarks_go_in_batches_of_fifty(desk: Desk, number: int) -> None:
    desk.post(remarks(number), "check")
    (check,) = desk.repository.checks.values()
    assert [one["start_line"] for one in check["annotations"]] == [line or 1 for line in range(number)]
    assert len(desk.github.writes()) == max(1, -(-number // 50))


def test_no_more_than_five_hundred_remarks(desk: Desk) -> None:
    desk.post(remarks(800), "check")
    (check,) = desk.repository.checks.values()
    assert len(check["annotations"]) == 500


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_lost_answer_doubles_no_check_and_no_remark(desk: Desk, method: str) -> None:
    desk.github.fail(lost(), method, "/check-runs", times=2)
    desk.github.fail(secondary_limit(1), method, "/check-runs")
    assert desk.post(remarks(120), "check").items[0].outcome == "posted"
    (check,) = desk.repository.checks.values()
    assert [one["start_line"] for one in check["annotations"]] == [line or 1 for line in range(120)]


def test_the_same_check_is_not_written_twice(desk: Desk) -> None:
    desk.post(remarks(60), "check")
    before = len(desk.github.writes())
    assert desk.post(remarks(60), "check").items[0].outcome == "unchanged"
    assert len(desk.github.writes()) == before


def test_a_new_grade_of_the_commit_leaves_no_old_remark(desk: Desk) -> None:
    desk.post(remarks(3), "check")
    desk.post(passing(), "check")
    newest = desk.repository.checks[max(desk.repository.checks)]
    assert (newest["conclusion"], newest["annotations"]) == ("success", [])


@pytest.mark.parametrize(
    ("changes", "conclusion", "state"),
    [
        ({"verdict": "pass"}, "success", "success"),
        ({"verdict": "fail"}, "failure", "failure"),
        ({"verdict": "inconclusive"}, "neutral", "error"),
        ({"verdict": "inconclusive", "gradable": False}, "failure", "failure"),
    ],
)
def test_each_verdict_has_its_conclusion(desk: Desk, changes: dict[str, object], conclusion: str, state: str) -> None:
    report = passing().model_copy(update=changes)
    desk.post(report, "check", "status")
    assert [check["conclusion"] for check in desk.repository.checks.values()] == [conclusion]
    assert [status["state"] for status in desk.repository.statuses] == [state]


def test_a_persons_token_sets_a_status_in_place_of_a_check(desk: Desk) -> None:
    token = desk.github.add_token("ghp_teacher", "teacher", kind="personal")
    desk.credentials = Credentials(token=token)
    assert desk.post(failing_static(), "check").items[0].outcome == "posted"
    (status,) = desk.repository.statuses
    assert (status["state"], status["context"], status["sha"]) == ("failure", "grader / mnist-20k", FIRST)
    assert status["description"].startswith("Not passed: 30 of 60 points. ")
    assert len(status["description"]) <= 140


def test_a_token_without_either_right_keeps_the_check(desk: Desk) -> None:
    desk.github.add_token("weak", "grader[bot]", rights=POSTING | {"checks": "read", "statuses": "read"})
    desk.credentials = Credentials(token="weak")
    (item,) = desk.post(failing_static(), "check").items
    assert item.outcome == "kept"
    assert "has not the right to write a check run on course/mnist-ada" in item.message


def test_a_check_that_a_students_workflow_made_is_not_taken_for_ours(desk: Desk) -> None:
    app = desk.github.add_app("course-grader", owners={"course"})
    desk.post(passing(), "check")  # as another bot
    desk.credentials = Credentials(app=AppKey(str(app.id), app.key))
    desk.post(passing(), "check")
    assert [check["by"] for check in desk.repository.checks.values()] == ["grader[bot]", "course-grader[bot]"]
    desk.credentials = Credentials(token=desk.github.add_token("third", "third[bot]"))
    desk.post(failing_static(), "check")  # may not edit, and can't tell whose it is
    assert [check["by"] for check in desk.repository.checks.values()][2:] == ["third[bot]"]


def test_a_label_takes_the_place_of_another(desk: Desk) -> None:
    desk.pull.labels += ["feedback", "mnist-20k: passed", "mnist-8k: passed"]
    desk.post(failing_static(), "labels")
    assert desk.pull.labels == ["feedback", "mnist-8k: passed", "mnist-20k: not passed"]
    desk.post(passing(), "labels")
    assert desk.pull.labels == ["feedback", "mnist-8k: passed", "mnist-20k: passed"]
