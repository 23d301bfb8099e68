"""Which operation of the GitHub on this machine answers which request; its state is in `fake_github`."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

import github_posting_routes as posting
import github_reading_routes as reading
import github_signing_routes as signing
from github_asked import Answer, Asked, Call, Refusal, json_answer

if TYPE_CHECKING:
    from fake_github import FakeGitHub


def answer(github: "FakeGitHub", call: Call) -> Answer:
    """The answer to a request; changes the state where the request does."""
    token = github.tokens.get(call.credentials)
    try:
        if call.credentials and call.of_the_api and call.credentials.count(".") != 2 and (not token or token.expired):
            raise Refusal(401, "Bad credentials")
        for method, pattern, respond in _ROUTES:
            found = re.fullmatch(pattern, call.path)
            if method == call.method and found:
                parts = {name: unquote(value) for name, value in found.groupdict().items()}
                return respond(Asked(github, call, parts))
    except (KeyError, TypeError, ValueError) as problem:
        return json_answer({"message": f"Validation Failed: {problem!r}"}, 422)
    except Refusal as refusal:
        return json_answer(
            {"message": refusal.message, "documentation_url": "https://docs.github.com/rest"}, refusal.status
        )
    github.violations.append(f"The fake GitHub does not know {call.method} {call.path}.")
    return json_answer({"message": "Not Found"}, 404)


_REPO = r"/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
_ISSUE = rf"{_REPO}/issues/(?P<number>\d+)"
_COMMENT = rf"{_REPO}/issues/comments/(?P<number>\d+)"
_SHA = r"(?P<sha>[^/]+)"
_ROUTES: list[tuple[str, str, Callable[[Asked], Answer]]] = [
    ("GET", "/user", reading.user),
    ("GET", r"/(orgs|users)/(?P<owner>[^/]+)/repos", reading.repositories),
    ("GET", "/installation/repositories", signing.installed_repositories),
    ("GET", _REPO, reading.repository),
    ("GET", rf"{_REPO}/branches", reading.branches),
    ("GET", rf"{_REPO}/branches/(?P<branch>[^/]+)", reading.branch),
    ("GET", rf"{_REPO}/activity", reading.activity),
    ("GET", rf"{_REPO}/pulls", reading.pulls),
    ("GET", rf"{_REPO}/pulls/(?P<number>\d+)", reading.pull),
    ("GET", rf"{_REPO}/commits/{_SHA}/pulls", reading.pulls_of_commit),
    ("GET", rf"{_REPO}/commits/{_SHA}/check-runs", posting.checks_of_commit),
    ("GET", rf"{_ISSUE}/comments", posting.comments),
    ("POST", rf"{_ISSUE}/comments", posting.add_comment),
    ("GET", _COMMENT, posting.comment),
    ("PATCH", _COMMENT, posting.edit_comment),
    ("DELETE", _COMMENT, posting.delete_comment),
    ("POST", rf"{_REPO}/check-runs", posting.add_check),
    ("PATCH", rf"{_REPO}/check-runs/(?P<number>\d+)", posting.edit_check),
    ("POST", rf"{_REPO}/statuses/{_SHA}", posting.add_status),
    ("GET", rf"{_ISSUE}/labels", posting.labels),
    ("POST", rf"{_ISSUE}/labels", posting.add_labels),
    ("DELETE", rf"{_ISSUE}/labels/(?P<label>[^/]+)", posting.remove_label),
    ("GET", "/app", signing.app),
    ("GET", "/app/installations", signing.installations),
    ("GET", r"/app/installations/(?P<number>\d+)", signing.installation),
    ("GET", rf"{_REPO}/installation", signing.installation_of_repository),
    ("POST", r"/app/installations/(?P<number>\d+)/access_tokens", signing.access_token),
    ("GET", "/login/oauth/authorize", signing.authorize),
    ("POST", "/login/oauth/access_token", signing.oauth_token),
]
