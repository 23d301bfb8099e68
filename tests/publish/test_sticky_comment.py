"""One comment for each rubric, whatever happens."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from fake_github import dropped, lost, primary_limit, secondary_limit, server_error, too_many_requests
from publishing_desk import FIRST, KEY, Desk
from report_factory import failing_static, passing

from grader.model.report import GradeReport
from grader.publish.credentials import Credentials
from grader.publish.forge import open_forge
from grader.publish.marker import Thread
from grader.publish.publish import publish
from grader.publish.render import Shown
from grader.store.engine import Store, open_store


def with_points(points: float) -> GradeReport:
    given = passing()
    return given.model_copy(update={"score": given.score.model_copy(update={"points": points})})


def test_ten_pushes_one_comment(desk: Desk) -> None:
    for number in range(10):
        desk.repository.push(f"{number:040x}", "feedback")
        assert [item.outcome for item in desk.post(with_points(number)).items] == ["posted"]
        assert len(desk.bodies) == 1
        assert f"{number} of 100 points" in desk.bodies[0]
    writes = [line.partition(" ")[0] for line in desk.github.writes()]
    assert writes == ["POST", "PATCH", *["PATCH"] * 9]  # the first edit signs the comment's own id


def test_ten_pushes_one_comment_where_no_store_remembers(desk: Desk, tmp_path: Path) -> None:
    for number in range(10):
        desk.fresh_store(tmp_path)
        desk.post(with_points(number))
    assert len(desk.bodies) == 1
    assert "9 of 100 points" in desk.bodies[0]


@pytest.mark.parametrize("remembers", [True, False])
def test_a_deleted_comment_is_written_anew_once(desk: Desk, tmp_path: Path, remembers: bool) -> None:
    desk.post()
    first = desk.pull.comments.pop()
    for number in range(3):
        if not remembers:
            desk.fresh_store(tmp_path)
        desk.post(with_points(number))
    assert [comment["id"] for comment in desk.pull.comments] != [first["id"]]
    assert len(desk.bodies) == 1


def test_three_secondary_limits_in_a_row_and_still_one(desk: Desk) -> None:
    desk.github.fail(secondary_limit(7), "POST", "/comments", times=3)
    assert desk.post().items[0].outcome == "posted"
    assert desk.slept == [7, 7, 7]
    assert len(desk.bodies) == 1


def test_a_limit_that_names_no_time_is_waited_out_ever_longer(desk: Desk) -> None:
    desk.github.fail(secondary_limit(None), "POST", "/comments", times=3)
    desk.post()
    assert desk.slept == [60, 120, 240]
    assert len(desk.bodies) == 1


@pytest.mark.parametrize("fault", [lost(), dropped(), server_error(502), too_many_requests(3)])
@pytest.mark.parametrize("keyed", [True, False])
def test_an_answer_that_never_comes_makes_no_second_comment(desk: Desk, fault: object, keyed: bool) -> None:
    if not keyed:
        desk.credentials = Credentials(token=desk.credentials.token)
    desk.github.fail(fault, "POST", "/comments", times=2)  # type: ignore[arg-type]
    assert desk.post().items[0].outcome == "posted"
    assert len(desk.bodies) == 1
    assert "105 of 100 points" in desk.bodies[0]


def test_what_is_there_is_not_written_again(desk: Desk) -> None:
    desk.post()
    before = len(desk.github.writes())
    assert desk.post().items[0].outcome == "unchanged"
    assert len(desk.github.writes()) == before


def test_a_comment_that_somebody_edited_says_the_grade_again(desk: Desk, tmp_path: Path) -> None:
    desk.post()
    told = desk.bodies[0]
    desk.pull.comments[0]["body"] = told.replace("105 of 100", "1000 of 100")
    desk.fresh_store(tmp_path)
    desk.post()
    assert desk.bodies == [told]


def test_two_that_write_at_the_same_time_leave_one(desk: Desk, tmp_path: Path) -> None:
    """The other one's comment appears between our looking and our writing."""
    fault = server_error()
    fault.kind, fault.meanwhile = "later", lambda: write_as_the_other(desk)
    desk.github.fail(fault, "GET", "/issues/1/comments")
    desk.post()
    assert len(desk.bodies) == 1


def write_as_the_other(desk: Desk) -> None:
    thread = Thread(desk.github.api, desk.repository.shown()["id"], 1, "mnist-20k", KEY)
    desk.repository.comment(desk.pull, f"{thread.line(None)}\nother", "grader[bot]", bot=True)


def test_six_that_know_nothing_of_each_other_leave_one(desk: Desk, tmp_path: Path) -> None:
    """As six jobs of one workflow would, which share no store and run at the same time."""
    start = Barrier(6)
    stores = [open_store(tmp_path / f"job-{number}.sqlite") for number in range(6)]

    def job(store: Store) -> str:
        with open_forge("course/mnist-ada", desk.credentials, api=desk.github.api, pause=0) as forge:
            start.wait(30)
            done = publish(with_points(7), desk.place(), forge, store, Shown(("comment",)), marker_key=KEY)
        store.close()
        return done.items[0].outcome

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(job, stores)) <= {"posted", "unchanged"}
    assert len(desk.bodies) == 1
    assert "7 of 100 points" in desk.bodies[0]


def test_each_rubric_has_its_own(desk: Desk) -> None:
    other = passing()
    other = other.model_copy(update={"rubric": other.rubric.model_copy(update={"id": "mnist-8k"})})
    desk.post()
    desk.post(other)
    desk.post(failing_static())
    assert len(desk.bodies) == 2


def test_a_report_of_a_commit_that_is_not_shown_any_more_replaces_nothing(desk: Desk) -> None:
    old = desk.pull.sha
    desk.repository.push("2" * 40, "feedback")
    desk.post(with_points(2))
    assert desk.post(with_points(1), commit=old).items[0].outcome == "superseded"
    assert "2 of 100 points" in desk.bodies[0]


def test_a_force_push_while_it_is_posted(desk: Desk) -> None:
    """Both were kept while GitHub was away, in the wrong order: the one that is shown is posted, the other is not."""
    old = desk.pull.sha
    desk.repository.push("2" * 40, "feedback", forced=True)
    desk.longest = 0
    desk.github.fail(server_error(), times=2)
    assert desk.post(with_points(2)).items[0].outcome == "kept"
    assert desk.post(with_points(1), commit=old).items[0].outcome == "kept"
    assert desk.post(with_points(1), commit=old).items[0].outcome == "posted"
    assert "2 of 100 points" in desk.bodies[0]
    assert "`222222222222`" in desk.bodies[0]


def test_a_student_can_not_forge_or_copy_the_marker(desk: Desk, tmp_path: Path) -> None:
    github, repository, pull = desk.github, desk.repository, desk.pull
    desk.post(with_points(1))
    ours = pull.comments[0]
    copied = repository.comment(pull, ours["body"], "github-actions[bot]", bot=True)  # by the student's own workflow
    invented = Thread(github.api, repository.shown()["id"], 1, "mnist-20k", b"another key").line(None)
    forged = repository.comment(pull, f"{invented}\n100 points", "ada")
    pull.comments.sort(key=lambda comment: -comment["id"])
    desk.fresh_store(tmp_path)
    desk.post(with_points(2))
    assert ours in pull.comments
    assert "2 of 100 points" in ours["body"]
    assert "1 of 100 points" in copied["body"]
    assert forged["body"].endswith("100 points")
    pull.comments.remove(ours)
    desk.post(with_points(3))  # the copy does not take the place of the one that is gone
    assert "1 of 100 points" in copied["body"]
    assert len(pull.comments) == 3


def test_a_marker_of_another_pull_request_is_worth_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.post(with_points(1))
    second = desk.repository.open_pull(FIRST, "other")
    stolen = desk.repository.comment(second, desk.bodies[0], "github-actions[bot]", bot=True)
    desk.fresh_store(tmp_path)
    desk.post(with_points(2), pull_request=2)
    assert "1 of 100" in stolen["body"]
    assert "2 of 100" in second.comments[-1]["body"]


def test_without_a_key_only_our_own_comments_are_ours(desk: Desk, tmp_path: Path) -> None:
    desk.credentials = Credentials(token=desk.github.add_token("ghp_teacher", "teacher", kind="personal"))
    thread = Thread(desk.github.api, 1, 1, "mnist-20k", b"")
    mine = desk.repository.comment(desk.pull, f"{thread.line(None)}\nmine", "ada")
    desk.post(with_points(1))
    desk.fresh_store(tmp_path)
    desk.post(with_points(2))
    assert mine["body"].endswith("mine")
    assert len(desk.bodies) == 2
    assert "2 of 100" in desk.bodies[1]


def test_the_primary_limit_is_waited_for_within_the_bound(desk: Desk) -> None:
    desk.github.fail(primary_limit(int(time.time()) + 100), "GET", "/pulls/1")
    assert desk.post().items[0].outcome == "posted"
    assert 90 < desk.slept[0] < 110
    desk.github.fail(primary_limit(int(time.time()) + 3_000), "GET", "/pulls/1")
    item = desk.post(with_points(1)).items[0]
    assert item.outcome == "kept"
    assert "rate limit" in item.message
