"""The judge and the GitHub on this machine are right: every route answers as described, faults are faults."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from fake_github import POSTING, READING, FakeGitHub, dropped, lost, secondary_limit, serve_fake_github
from github_description import judge

SHA = "a" * 40
REPO = "/repos/course/mnist-ada"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_fake_github(judged=True) as github:
        yield github


def ask(github: FakeGitHub, method: str, path: str, token: str = "t", content: Any = None) -> requests.Response:
    headers = {"Accept": "application/vnd.github+json", **({"Authorization": f"Bearer {token}"} if token else {})}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, github.api + path, headers=headers, json=content, timeout=10)


@pytest.mark.system
def test_every_route_answers_in_the_described_shape(github: FakeGitHub) -> None:
    repository = github.add_repository("course/mnist-ada")
    repository.push("b" * 40)
    repository.open_pull(SHA, by="ada")
    fork = github.add_repository("eve/mnist-ada", fork=True)
    repository.open_pull("c" * 40, head=fork, by="eve")
    github.add_token("t", "grader[bot]", rights=POSTING)
    github.add_token("p", "teacher", kind="personal")
    app = github.add_app(owners={"course"})
    now = int(time.time())
    signed = jwt.encode({"iss": str(app.id), "iat": now - 60, "exp": now + 500}, app.key, algorithm="RS256")
    reading = ("", "/branches", "/branches/main", "/activity?ref=refs%2Fheads%2Fmain", "/pulls?state=open", "/pulls/1")
    for path in (*reading, f"/commits/{SHA}/pulls", "/issues/1/comments?per_page=100", "/issues/1/labels"):
        assert ask(github, "GET", REPO + path).status_code == 200, path
    assert len(ask(github, "GET", f"{REPO}/commits/{'c' * 40}/pulls").json()) == 0  # a fork's is not told
    assert ask(github, "GET", "/user", "p").json()["login"] == "teacher"
    assert ask(github, "GET", "/user").status_code == 403
    assert ask(github, "GET", "/installation/repositories").json()["total_count"] == 2
    assert len(ask(github, "GET", "/orgs/course/repos").json()) == 1
    made = ask(github, "POST", f"{REPO}/issues/1/comments", content={"body": "hello"})
    number = made.json()["id"]
    assert ask(github, "GET", f"{REPO}/issues/comments/{number}").json()["body"] == "hello"
    assert ask(github, "PATCH", f"{REPO}/issues/comments/{number}", content={"body": "again"}).status_code == 200
    assert ask(github, "PATCH", f"{REPO}/issues/comments/{number}", content={"body": "x" * 65_537}).status_code == 422
    assert ask(github, "DELETE", f"{REPO}/issues/comments/{number}").status_code == 204
    given = {"name": "mnist-20k", "head_sha": SHA, "conclusion": "success", "output": {"title": "t", "summary": "s"}}
    check = ask(github, "POST", f"{REPO}/check-runs", content=given).json()["id"]
    assert ask(github, "PATCH", f"{REPO}/check-runs/{check}", content={"conclusion": "neutral"}).status_code == 200
    assert ask(github, "GET", f"{REPO}/commits/{SHA}/check-runs").json()["total_count"] == 1
    assert ask(github, "POST", f"{REPO}/check-runs", "p", given).status_code == 403
    assert ask(github, "POST", f"{REPO}/statuses/{SHA}", content={"state": "success"}).status_code == 201
    assert ask(github, "POST", f"{REPO}/issues/1/labels", content={"labels": ["pass"]}).status_code == 200
    assert ask(github, "DELETE", f"{REPO}/issues/1/labels/pass").status_code == 200
    assert ask(github, "GET", "/app", signed).json()["slug"] == "grader"
    assert len(ask(github, "GET", "/app/installations", signed).json()) == 1
    where = ask(github, "GET", f"{REPO}/installation", signed).json()["id"]
    assert ask(github, "GET", f"/app/installations/{where}", signed).status_code == 200
    token = ask(github, "POST", f"/app/installations/{where}/access_tokens", signed).json()["token"]
    assert ask(github, "GET", f"{REPO}/pulls/1", token).status_code == 200
    assert ask(github, "GET", REPO, "stolen").status_code == 401
    assert ask(github, "GET", REPO, "").status_code == 404


@pytest.mark.system
@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", f"{REPO}/issues/1/comments", {"text": "hello"}),
        ("POST", f"{REPO}/issues/1/comments", {"body": "hello", "colour": "red"}),
        ("GET", f"{REPO}/pulls?states=open", None),
        ("GET", f"{REPO}/pulls?state=opened", None),
        ("GET", f"{REPO}/pull/1", None),
        ("POST", f"{REPO}/statuses/{SHA}", {"state": "passed"}),
    ],
)
def test_a_request_that_is_not_as_described_fails_the_test(method: str, path: str, content: Any) -> None:
    with pytest.raises(AssertionError, match="Not as GitHub describes"), serve_fake_github(judged=True) as github:
        github.add_repository("course/mnist-ada").open_pull(SHA)
        github.add_token("t", "grader[bot]")
        ask(github, method, path, content=content)


@pytest.mark.system
def test_an_answer_of_another_shape_is_found() -> None:
    found = judge()
    assert found is not None
    operation = found.operation("GET", f"{REPO}/issues/comments/5")
    assert str(operation) == "GET /repos/{owner}/{repo}/issues/comments/{comment_id}"
    assert operation is not None
    assert list(found.answer(operation, f"{REPO}/issues/comments/5", 200, json.dumps({"id": 5}).encode()))


def test_faults_come_in_their_order_and_end() -> None:
    with serve_fake_github() as github:
        pull = github.add_repository("course/mnist-ada").open_pull(SHA)
        github.add_token("t", "grader[bot]")
        github.fail(secondary_limit(7), "POST", "/comments")
        github.fail(dropped(), "POST", "/comments")
        github.fail(lost(), "POST", "/comments")
        where = f"{REPO}/issues/1/comments"
        refused = ask(github, "POST", where, content={"body": "1"})
        assert (refused.status_code, refused.headers["Retry-After"], pull.comments) == (403, "7", [])
        with pytest.raises(requests.ConnectionError):
            ask(github, "POST", where, content={"body": "2"})
        assert pull.comments == []
        with pytest.raises(requests.ConnectionError):
            ask(github, "POST", where, content={"body": "3"})
        assert [comment["body"] for comment in pull.comments] == ["3"]
        assert ask(github, "POST", where, content={"body": "4"}).status_code == 201


def test_rights_are_looked_at() -> None:
    with serve_fake_github() as github:
        github.add_repository("course/mnist-ada").open_pull(SHA)
        github.add_token("t", "grader[bot]", rights=READING)
        assert ask(github, "GET", f"{REPO}/pulls/1").status_code == 200
        assert ask(github, "POST", f"{REPO}/issues/1/comments", content={"body": "x"}).status_code == 403


def test_a_sign_in_gives_a_token_once_and_for_the_right_verifier() -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with serve_fake_github() as github, requests.Session() as session:
        session.trust_env = False
        github.oauth_clients["id"] = "secret"
        asked = {"client_id": "id", "redirect_uri": "http://127.0.0.1/back", "state": "s", "code_challenge": challenge}
        where = f"{github.url}/login/oauth/authorize"
        back = session.get(where, params=asked, allow_redirects=False, timeout=10).headers["Location"]
        code = parse_qs(urlsplit(back).query)["code"][0]
        given = {"client_id": "id", "client_secret": "secret", "code": code, "code_verifier": verifier}
        exchange = f"{github.url}/login/oauth/access_token"
        token = session.post(exchange, data=given, timeout=10).json()["access_token"]
        assert ask(github, "GET", "/user", token).json()["login"] == "ada"
        assert "error" in session.post(exchange, data=given, timeout=10).json()
