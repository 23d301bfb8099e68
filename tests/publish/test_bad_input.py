"""What GitHub refuses, and what was done to a pull request meanwhile: a sentence each, and nothing is lost."""

from pathlib import Path

import pytest
from fake_github import READING, Fault, dropped, lost, server_error
from publishing_desk import TOKEN, Desk
from report_factory import failing_static, interrupted, passing

from grader.errors import PublishError, UsageError
from grader.publish.credentials import AppKey, Credentials
from grader.publish.patience import Patience
from grader.publish.pending import send_pending
from grader.publish.place import Place
from grader.publish.publish import keep, send_kept
from grader.publish.render import MOST_CHARACTERS, Shown, comment_body
from grader.store.publications import publications_of, take


def pending(desk: Desk) -> list[tuple[str, str]]:
    """What `grader publish --pending` does."""
    patience = Patience(sleep=desk.slept.append)
    found = send_pending(desk.store, desk.credentials, desk.github.api, patience=patience, pause=0)
    return [(item.kind, item.outcome) for _, item in found]


def test_an_expired_token_keeps_the_posts_for_a_new_one(desk: Desk) -> None:
    desk.github.tokens[TOKEN].expired = True
    done = desk.post(passing(), "comment", "check", "labels")
    assert [item.outcome for item in done.items] == ["kept"] * 3
    assert "it is wrong, or has expired" in done.items[0].message
    assert TOKEN not in repr(done)
    desk.github.tokens[TOKEN].expired = False
    assert pending(desk) == [("comment", "posted"), ("check", "posted"), ("labels", "posted")]
    assert pending(desk) == []
    assert (len(desk.bodies), len(desk.repository.checks), len(desk.pull.labels)) == (1, 1, 1)


def test_a_token_that_may_only_read(desk: Desk) -> None:
    desk.github.tokens[TOKEN].rights = dict(READING)
    (item,) = desk.post().items
    assert item.outcome == "kept"
    assert "has not the right to write a comment on pull request 1 of course/mnist-ada" in item.message
    assert "pull-requests: write" in item.message


@pytest.mark.parametrize("fault", [server_error(), dropped(), lost()])
def test_an_outage_that_lasts_keeps_the_post_and_it_is_sent_once(desk: Desk, fault: Fault) -> None:
    desk.github.fail(fault, "POST", "/comments", times=5)
    (item,) = desk.post().items
    if fault.kind == "lose":  # it was there all the time, and was found
        assert item.outcome == "posted"
    else:
        assert item.outcome == "kept"
        assert pending(desk) == [("comment", "posted")]
    assert pending(desk) == []
    assert len(desk.bodies) == 1


def test_a_post_that_waits_is_replaced_by_a_newer_one(desk: Desk) -> None:
    desk.longest = 0
    desk.github.fail(server_error(), times=2)
    desk.post(failing_static())
    desk.post(passing())
    assert pending(desk) == [("comment", "posted")]
    assert "105 of 100 points" in desk.bodies[0]


def test_a_deleted_pull_request_is_refused_for_good(desk: Desk) -> None:
    desk.pull.deleted = True
    done = desk.post(passing(), "comment", "check")
    assert [item.outcome for item in done.items] == ["refused", "posted"]
    assert "There is no pull request 1" in done.items[0].message
    assert pending(desk) == []


def test_a_deleted_repository_is_refused_for_good(desk: Desk) -> None:
    del desk.github.repositories["course/mnist-ada"]
    assert [item.outcome for item in desk.post(passing(), "comment", "check").items] == ["refused", "refused"]


def test_a_closed_pull_request_still_shows_its_grade(desk: Desk) -> None:
    desk.pull.state = "closed"
    assert desk.post().items[0].outcome == "posted"


def test_a_locked_conversation_is_refused(desk: Desk) -> None:
    desk.pull.locked = True
    (item,) = desk.post().items
    assert (item.outcome, "the conversation is locked" in item.message) == ("refused", True)


def test_a_commit_that_was_force_pushed_away(desk: Desk) -> None:
    gone = "9" * 40
    done = desk.post(passing(), "comment", "check", commit=gone)
    assert [item.outcome for item in done.items] == ["superseded", "refused"]
    assert "No commit found" in done.items[1].message


def test_an_error_of_ours_posts_nothing_and_leaves_what_is_there(desk: Desk) -> None:
    desk.post(passing(), "comment", "check", "labels")
    before = len(desk.github.calls)
    done = desk.post(passing().model_copy(update={"verdict": "error"}), "comment", "check", "labels")
    assert [item.outcome for item in done.items] == ["no grade"]
    assert len(desk.github.calls) == before


def test_a_grading_that_was_interrupted_posts_nothing(desk: Desk) -> None:
    assert [item.outcome for item in desk.post(interrupted(), "comment", "check").items] == ["no grade"]
    assert desk.github.calls == []


def test_a_comment_of_a_hundred_thousand_characters_is_shortened_with_a_link() -> None:
    given = failing_static()
    failed = given.outcomes[0]
    long = failed.model_copy(update={"message": "many words " * 110, "fix": "`x` @everybody " * 70})
    report = given.model_copy(update={"outcomes": (long,) * 60})
    link = "https://reports.example.org/" + "a" * 1_900
    body = comment_body(report, "1" * 40, link)
    assert sum(len(outcome.message) + len(outcome.fix) for outcome in report.outcomes) > 100_000
    assert len(body) + 200 < MOST_CHARACTERS
    assert "Shortened to fit a comment" in body
    assert link in body


def test_our_comment_that_somebody_filled_with_a_hundred_thousand_characters(desk: Desk, tmp_path: Path) -> None:
    desk.post()
    marker, _, told = desk.bodies[0].partition("\n")
    desk.pull.comments[0]["body"] = f"{marker}\n{'x' * 100_000}"
    for number in range(120):  # it is on the second page
        desk.repository.comment(desk.pull, "chat", "ada")["id"] = number
    desk.pull.comments.sort(key=lambda comment: comment["id"])
    desk.fresh_store(tmp_path)
    assert desk.post().items[0].outcome == "posted"
    assert desk.bodies.count(f"{marker}\n{told}") == 1
    assert len(desk.bodies) == 121


def test_an_answer_of_another_form_is_a_sentence(desk: Desk) -> None:
    desk.github.judge = None
    desk.github.fail(Fault(status=200, body=b'{"head": 5, "base": []}'), "GET", "/pulls/1")
    (item,) = desk.post().items
    assert (item.outcome, "not of the known form" in item.message) == ("refused", True)


def test_one_who_sends_at_the_same_moment_is_left_alone(desk: Desk) -> None:
    (row,) = keep(passing(), desk.place(), desk.store, Shown(("comment",)))
    assert desk.store.transact(lambda connection: take(connection, row.id, 60)) is not None
    assert send_kept(row, desk.forge(), desk.store).message == "Somebody else is posting there at this moment."
    assert (desk.bodies, pending(desk)) == ([], [])


def test_one_who_was_killed_while_sending_is_taken_over(desk: Desk) -> None:
    (row,) = keep(passing(), desk.place(), desk.store, Shown(("comment",)))
    desk.store.transact(lambda connection: take(connection, row.id, -1))  # the time is up
    assert pending(desk) == [("comment", "posted")]


def test_a_token_is_not_sent_to_another_api(desk: Desk) -> None:
    desk.longest = 0
    desk.github.fail(server_error())
    desk.post()
    with pytest.raises(StopIteration):
        next(send_pending(desk.store, desk.credentials, "https://github.example.org/api/v3"))
    (row,) = desk.store.transact(lambda connection: publications_of(connection, "course/mnist-ada"))
    assert (row.state, row.problem) == ("pending", "GitHub answers with error 502.")


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "course"},
        {"repository": "course/.."},
        {"repository": "course/a b"},
        {"repository": "../etc/passwd"},
        {"commit": "abc"},
        {"commit": "A" * 40},
        {"pull_request": 0},
        {"api": "http://github.example.org"},
        {"api": "https://user:password@github.example.org"},
        {"api": "file:///etc/passwd"},
        {"api": "github.example.org"},
    ],
)
def test_a_place_that_is_none(changes: dict[str, object]) -> None:
    values = {"repository": "course/mnist-ada", "commit": "1" * 40, "pull_request": 1}
    with pytest.raises(UsageError) as raised:
        Place(**(values | changes))  # type: ignore[arg-type]
    assert "password@" not in str(raised.value)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "report.html", "https://example.org/" + "a" * 3_000])
def test_a_link_that_is_none(link: str) -> None:
    with pytest.raises(UsageError):
        Shown(link=link)


def test_an_app_that_is_not_installed(desk: Desk) -> None:
    app = desk.github.add_app(owners={"elsewhere"})
    desk.credentials = Credentials(app=AppKey(str(app.id), app.key))
    with pytest.raises(PublishError, match="is not installed for course/mnist-ada"):
        desk.post()


def test_an_apps_damaged_key(desk: Desk) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----"
    desk.credentials = Credentials(app=AppKey("1", key))
    with pytest.raises(UsageError, match="can't be used"):
        desk.post()
