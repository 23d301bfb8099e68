"""Signing in by token and by account, what is refused, and what the cookies are allowed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from asgi_client import client_of
from classroom import TOKEN, Visitor, forms, services_in
from fake_github import FakeGitHub, Fault, serve_fake_github
from school import School

from grader.web.app import create_app
from grader.web.dashboard.sign_in import _inside


def cookies_of(answer: object) -> dict[str, str]:
    """Name and value of the cookies that an answer sets."""
    lines = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]  # type: ignore[attr-defined]
    pairs = [line.partition(";")[0].partition("=") for line in lines]
    return {name: value.strip('"') for name, _, value in pairs}


def test_the_admin_token_opens_a_session(school: School) -> None:
    visitor = school.visitor()
    shown = visitor.get("/sign-in?next=/to-do")
    visitor.cookies |= cookies_of(shown)
    form = next(one for one in forms(shown.text) if one["action"] == "/sign-in/token")
    answer = visitor.post("/sign-in/token", form["hidden"] | {"token": f" {TOKEN} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/to-do")
    visitor.cookies = cookies_of(answer)
    page = visitor.get("/").text
    assert "admin" in page
    assert "Assignments" in page
    left = visitor.send("/", "/sign-out", {})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert visitor.get("/").status_code == 303  # the cookie is worth nothing any more


def test_a_wrong_token_is_refused_and_soon_not_looked_at(school: School) -> None:
    visitor = school.visitor()
    shown = visitor.get("/sign-in")
    visitor.cookies |= cookies_of(shown)
    hidden = next(one for one in forms(shown.text) if one["action"] == "/sign-in/token")["hidden"]
    answers = [visitor.post("/sign-in/token", hidden | {"token": f"guess {n}"}) for n in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
    assert "That is not the token" in answers[0].text
    assert visitor.post("/sign-in/token", hidden | {"token": TOKEN}).status_code == 429  # not even the right one
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_form_of_another_page_signs_nobody_in(school: School) -> None:
    visitor = school.visitor()
    assert visitor.post("/sign-in/token", {"token": TOKEN}).status_code == 403
    visitor.cookies |= cookies_of(visitor.get("/sign-in"))
    assert visitor.post("/sign-in/token", {"token": TOKEN, "form_token": "0" * 64}).status_code == 403


@pytest.mark.parametrize(
    "wish", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\nb", "/é"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(wish: str) -> None:
    assert _inside(wish) == "/"


def test_somebody_is_sent_where_they_wanted_to_go() -> None:
    assert _inside("/jobs/3?x=1#appeals") == "/jobs/3?x=1#appeals"


@pytest.mark.parametrize(
    ("url", "prefix", "secure"), [("https://grader.example.edu", "__Host-", True), ("http://127.0.0.1:8000", "", False)]
)
def test_cookies_are_for_this_host_and_no_script(tmp_path: Path, url: str, prefix: str, secure: bool) -> None:
    services = services_in(tmp_path)
    services = replace(services, configuration=services.configuration.model_copy(update={"public_url": url}))
    with client_of(create_app(services)) as client:
        set_by = client.get("/sign-in").headers["set-cookie"]
    assert set_by.startswith(f"{prefix}grader-visit=")
    for rule in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert rule in set_by
    assert ("Secure" in set_by) == secure
    assert "Domain" not in set_by
    services.store.close()


@contextmanager
def school_of(github: FakeGitHub, folder: Path) -> Iterator[School]:
    github.oauth_clients["id"] = "secret"
    services = services_in(folder, api=github.api, oauth_client_id="id", oauth_client_secret="secret")
    with client_of(create_app(services)) as client:
        yield School(services, client, {})
    services.store.close()


def to_the_forge_and_back(visitor: Visitor) -> str:
    """Press the button, consent at the forge; the address that the browser comes back to."""
    away = visitor.get("/sign-in/account?next=/to-do")
    visitor.cookies |= cookies_of(away)
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "scope" not in asked
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=10).headers["Location"]
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize(("login", "there"), [("Prof-Ada", 200), ("dana-fox", 404)])
def test_an_account_on_the_forge_opens_a_session_with_its_role(tmp_path: Path, login: str, there: int) -> None:
    with serve_fake_github(judged=False) as github, school_of(github, tmp_path) as school:
        github.oauth_login = login
        github.user(login)
        visitor = school.visitor()
        answer = visitor.get(to_the_forge_and_back(visitor))
        assert (answer.status_code, answer.headers["location"]) == (303, "/to-do")
        visitor.cookies = cookies_of(answer)
        assert visitor.get("/to-do").status_code == there
        assert login.lower() in visitor.get("/").text
        kept = Path(school.services.configuration.store).read_bytes()
        assert not any(token.encode() in kept for token in github.tokens)  # the forge's token is thrown away


def test_a_sign_in_that_was_begun_elsewhere_is_refused(tmp_path: Path) -> None:
    with serve_fake_github(judged=False) as github, school_of(github, tmp_path) as school:
        attacker, victim = school.visitor(), school.visitor()
        github.user("ada")
        back = to_the_forge_and_back(attacker)
        answer = victim.get(back)
        assert answer.status_code == 403
        assert "not begun here" in answer.text
        victim.cookies |= cookies_of(victim.get("/sign-in/account"))
        assert victim.get(back).status_code == 403
        assert attacker.get(back).status_code == 303
        assert attacker.get(back).status_code == 403  # a code counts once


def test_what_the_forge_refuses_is_said_in_one_sentence(tmp_path: Path) -> None:
    with serve_fake_github(judged=False) as github, school_of(github, tmp_path) as school:
        visitor = school.visitor()
        github.user("ada")
        back = to_the_forge_and_back(visitor)
        assert "agree to what it asks" in visitor.get(back.replace("code=", "no=")).text
        github.fail(Fault(kind="drop"), "POST", "access_token")
        assert "can&#39;t be reached" in visitor.get(back).text
        back = to_the_forge_and_back(visitor)
        github.fail(Fault(status=200, body=b'{"login": 3}'), "GET", "/user")
        assert "did not say who you are" in visitor.get(back).text


def test_without_an_oauth_app_there_is_no_such_way(class_as_it_is: School) -> None:
    nobody = class_as_it_is.visitor()
    assert nobody.get("/sign-in/account").status_code == 404
    assert nobody.get("/sign-in/account/back?code=1&state=2").status_code == 404
    assert "Sign in with GitHub" not in nobody.get("/sign-in").text
