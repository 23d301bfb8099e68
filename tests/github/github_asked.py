"""A request to the GitHub on this machine, who asks and what it names; and the forms of an answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from fake_github import App, FakeGitHub, Pull, Repository, Token

_SITE = ("/login/oauth/authorize", "/login/oauth/access_token")


@dataclass
class Call:
    """A request. `below` is its target under the API's address, `path` that without the query."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes
    prefix: str = ""

    @property
    def of_the_api(self) -> bool:
        return not self.target.startswith(_SITE)

    @property
    def below(self) -> str:
        return self.target.removeprefix(self.prefix) if self.of_the_api else self.target

    @property
    def path(self) -> str:
        return urlsplit(self.below).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def content(self) -> Any:
        return json.loads(self.body or b"null")

    @property
    def credentials(self) -> str:
        return self.headers.get("Authorization", "").partition(" ")[2]


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Asked:
    """A request with who asks and what its path names."""

    github: "FakeGitHub"
    call: Call
    parts: dict[str, str]

    @property
    def token(self) -> "Token | None":
        return self.github.tokens.get(self.call.credentials)

    @property
    def author(self) -> dict[str, Any]:
        assert self.token is not None
        return self.github.user(self.token.login)

    def repository(self, right: str = "metadata", *, write: bool = False) -> "Repository":
        """The named one, where the token has one of the rights, separated by "|"."""
        key = f"{self.parts['owner']}/{self.parts['repo']}".lower()
        found, token = self.github.repositories.get(key), self.token
        sees = token is not None and (token.repositories is None or key in token.repositories)
        if found is None or (found.private and not sees):
            raise Refusal(404, "Not Found")
        if token is None and write:
            raise Refusal(401, "Requires authentication")
        enough = ("write",) if write else ("read", "write")
        if token is not None and not any(token.rights.get(one) in enough for one in right.split("|")):
            what = "integration" if token.kind == "installation" else "personal access token"
            raise Refusal(403, f"Resource not accessible by {what}")
        return found

    def pull(self, repository: "Repository", *, gone: int = 404) -> "Pull":
        found = repository.pulls.get(int(self.parts["number"]))
        if found is None:
            raise Refusal(404, "Not Found")
        if found.deleted:
            raise Refusal(gone, "This issue was deleted" if gone == 410 else "Not Found")
        return found

    def app(self) -> "App":
        """The App that signs with its key."""
        import jwt

        try:
            number = int(jwt.decode(self.call.credentials, options={"verify_signature": False})["iss"])
            app = self.github.apps[number]
            claims = jwt.decode(self.call.credentials, app.public_key, algorithms=["RS256"], leeway=5)
        except (jwt.InvalidTokenError, KeyError, ValueError):
            raise Refusal(401, "A JSON web token could not be decoded") from None
        if claims["exp"] - claims["iat"] > 660:
            raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
        return app


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    limits = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1893456000"}
    return Answer(status, json.dumps(content).encode(), {**limits, **headers})


def paged(asked: Asked, entries: list[Any], wrap: Callable[[list[Any]], Any] = lambda entries: entries) -> Answer:
    """A page by `page`; a Link header leads to the next."""
    query = asked.call.query
    many, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    headers = {}
    if page * many < len(entries):
        where = f"{asked.github.api}{asked.call.path}?{urlencode({**query, 'page': page + 1})}"
        headers["Link"] = f'<{where}>; rel="next"'
    return json_answer(wrap(entries[(page - 1) * many : page * many]), **headers)
