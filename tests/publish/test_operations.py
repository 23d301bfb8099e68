"""Every request that grader makes to GitHub is one of these, and each is as GitHub describes it."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from fake_github import Fault, lost, serve_fake_github
from publishing_desk import KEY, Desk
from report_factory import failing_static, passing

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.github import GitHub
from grader.intake.git_source import Remote
from grader.publish.credentials import AppKey, Credentials
from grader.publish.find_places import places_of
from grader.publish.marker import Thread
from grader.store.engine import open_store

OF_PUBLISHING = {
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
    "GET /repos/{owner}/{repo}/installation",
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "GET /repos/{owner}/{repo}/issues/{issue_number}/labels",
    "GET /repos/{owner}/{repo}/pulls",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    "GET /user",
    "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "POST /app/installations/{installation_id}/access_tokens",
    "POST /repos/{owner}/{repo}/check-runs",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
    "POST /repos/{owner}/{repo}/statuses/{sha}",
}


@pytest.mark.system
def test_publishing_asks_for_these_alone(desk: Desk, tmp_path: Path) -> None:
    assert desk.github.judge is not None
    app = desk.github.add_app(owners={"course"})
    token = desk.credentials
    desk.post(passing(), "comment", "check", "status", "labels")
    twin = desk.pull.comments[0]["body"].replace(str(desk.pull.comments[0]["id"]), "new")
    desk.repository.comment(desk.pull, twin, "grader[bot]", bot=True)
    desk.github.fail(lost(), "POST", "/check-runs")
    many = failing_static()
    many = many.model_copy(update={"outcomes": many.outcomes * 40})
    desk.post(many, "comment", "check", "labels")
    desk.credentials = Credentials(token=desk.github.add_token("ghp_teacher", "teacher", kind="personal"))
    desk.fresh_store(tmp_path)
    desk.post(passing(), "comment", "check")
    desk.credentials = Credentials(app=AppKey(str(app.id), app.key), marker_key=token.marker_key)
    places_of(desk.forge(), desk.pull.sha, desk.github.api)
    thread_twice(desk)
    assert desk.github.used == OF_PUBLISHING


def thread_twice(desk: Desk) -> None:
    """Somebody else writes at the same moment, so that one of two comments is deleted."""
    thread = Thread(desk.github.api, desk.repository.shown()["id"], 1, "mnist-20k", KEY)

    def other() -> None:
        desk.repository.comment(desk.pull, f"{thread.line(None)}\nother", "grader[bot]", bot=True)

    desk.pull.comments.clear()
    desk.github.fail(Fault(kind="later", meanwhile=other), "GET", "/issues/1/comments")
    desk.post()


@pytest.mark.system
def test_an_enterprise_server_is_asked_below_its_prefix(tmp_path: Path) -> None:
    with serve_fake_github(judged=True, enterprise=True) as github:
        repository = github.add_repository("course/mnist-ada")
        pull = repository.open_pull("1" * 40)
        app = github.add_app(owners={"course"})
        with ExitStack() as stack:
            store = open_store(tmp_path / "store.sqlite")
            stack.callback(store.close)
            desk = Desk(github, repository, pull, store, stack, Credentials(app=AppKey(str(app.id), app.key)))
            done = desk.post(passing(), "comment", "check", "status", "labels")
        assert all(item.is_there for item in done.items)
        assert all(call.target.startswith("/api/v3/") for call in github.calls)


@pytest.mark.system
def test_the_record_of_activity_is_asked_for_as_described() -> None:
    with serve_fake_github(judged=True) as github:
        repository = github.add_repository("course/mnist-ada")
        for number in range(150):
            repository.push(f"{number + 1:040x}")
        github.add_token("t", "teacher", kind="personal")
        remote = Remote("http://127.0.0.1/course/mnist-ada", "")
        pushes = list(GitHub(api=github.api, token="t").pushes(remote, "main", BackOff()))
        assert [push.commit for push in pushes] == [f"{number + 1:040x}" for number in reversed(range(150))]
        assert github.used == {"GET /repos/{owner}/{repo}/activity"}
        assert len(github.calls) == 2
