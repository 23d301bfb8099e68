"""What the GitHub on this machine answers, operation by operation; its state is in `fake_github`."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

import github_shapes as shapes

if TYPE_CHECKING:
    from fake_github import App, FakeGitHub, Pull, Repository, Token

MOST_CHARACTERS = 65_536  # of a comment
MOST_ANNOTATIONS = 50  # of one request
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
        return _json({"message": f"Validation Failed: {problem!r}"}, 422)
    except Refusal as refusal:
        return _json({"message": refusal.message, "documentation_url": "https://docs.github.com/rest"}, refusal.status)
    github.violations.append(f"The fake GitHub does not know {call.method} {call.path}.")
    return _json({"message": "Not Found"}, 404)


def _json(content: Any, status: int = 200, **headers: str) -> Answer:
    limits = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1893456000"}
    return Answer(status, json.dumps(content).encode(), {**limits, **headers})


def _paged(asked: Asked, entries: list[Any], wrap: Callable[[list[Any]], Any] = lambda entries: entries) -> Answer:
    """A page by `page`; a Link header leads to the next."""
    query = asked.call.query
    many, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    headers = {}
    if page * many < len(entries):
        where = f"{asked.github.api}{asked.call.path}?{urlencode({**query, 'page': page + 1})}"
        headers["Link"] = f'<{where}>; rel="next"'
    return _json(wrap(entries[(page - 1) * many : page * many]), **headers)


def _user(asked: Asked) -> Answer:
    if asked.token is None:
        raise Refusal(401, "Requires authentication")
    if asked.token.kind == "installation":
        raise Refusal(403, "Resource not accessible by integration")
    return _json(shapes.own_profile(asked.github.api, asked.token.login, asked.author["id"]))


def _repository(asked: Asked) -> Answer:
    return _json({**asked.repository().shown(), "subscribers_count": 0, "network_count": 0})


def _repositories(asked: Asked) -> Answer:
    """Those of an organisation, or of a user, that the token sees."""
    owner, token = asked.parts["owner"].lower(), asked.token
    seen = [
        repository.shown()
        for key, repository in asked.github.repositories.items()
        if key.startswith(f"{owner}/")
        and (not repository.private or (token and (token.repositories is None or key in token.repositories)))
    ]
    return _paged(asked, seen)


def _installed_repositories(asked: Asked) -> Answer:
    token = asked.token
    if token is None or token.kind != "installation":
        raise Refusal(403, "You must authenticate with an installation access token")
    everything = asked.github.repositories.items()
    seen = [one.shown() for key, one in everything if token.repositories is None or key in token.repositories]
    return _paged(asked, seen, lambda entries: {"total_count": len(seen), "repositories": entries})


def _branch(asked: Asked) -> Answer:
    repository = asked.repository("contents")
    sha = repository.branches.get(asked.parts["branch"])
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{asked.github.api}/repos/{repository.full_name}"
    person = {"name": "Ada", "email": "ada@example.org", "date": shapes.BEGAN}
    commit = {
        "url": f"{url}/commits/{sha}",
        "sha": sha,
        "node_id": f"C_{sha}",
        "html_url": f"{asked.github.url}/{repository.full_name}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{sha}",
            "author": person,
            "committer": person,
            "message": "Submit",
            "comment_count": 0,
            "tree": {"sha": sha, "url": f"{url}/git/trees/{sha}"},
        },
        "author": asked.github.user("ada"),
        "committer": asked.github.user("ada"),
        "parents": [],
    }
    name = asked.parts["branch"]
    links = {
        "html": f"{asked.github.url}/{repository.full_name}/tree/{quote(name)}",
        "self": f"{url}/branches/{quote(name)}",
    }
    shown = {"name": name, "commit": commit, "_links": links, "protected": False, "protection": {"enabled": False}}
    return _json({**shown, "protection_url": f"{url}/branches/{quote(name)}/protection"})


def _branches(asked: Asked) -> Answer:
    repository = asked.repository("contents")
    url = f"{asked.github.api}/repos/{repository.full_name}/commits"
    entries = [
        {"name": name, "commit": {"sha": sha, "url": f"{url}/{sha}"}, "protected": False}
        for name, sha in repository.branches.items()
    ]
    return _paged(asked, entries)


def _activity(asked: Asked) -> Answer:
    """Pages by cursor; here the cursor is where the page begins."""
    repository, query = asked.repository("contents"), asked.call.query
    entries = [one for one in repository.activities if one["ref"] == query.get("ref", one["ref"])]
    begin, many = int(query.get("after", 0)), min(int(query.get("per_page", 30)), 100)
    headers = {}
    if begin + many < len(entries):
        where = f"{asked.github.api}{asked.call.path}?{urlencode({**query, 'after': begin + many})}"
        headers["Link"] = f'<{where}>; rel="next"'
    return _json(entries[begin : begin + many], **headers)


def _shown_pull(asked: Asked, repository: "Repository", pull: "Pull", **more: Any) -> dict[str, Any]:
    api = asked.github.api
    head = {"ref": pull.ref, "sha": pull.sha, "repo": pull.head.shown()}
    labels = [shapes.label(api, repository.full_name, name, index) for index, name in enumerate(pull.labels)]
    closed = shapes.BEGAN if pull.state == "closed" else None
    more |= {"state": pull.state, "locked": pull.locked, "labels": labels, "closed_at": closed}
    author = asked.github.user(pull.author)
    return shapes.pull_request(api, repository.shown(), head, pull.number, author, **more)


def _pulls(asked: Asked) -> Answer:
    repository, query = asked.repository("pull_requests"), asked.call.query
    state, head = query.get("state", "open"), query.get("head")
    entries = [
        _shown_pull(asked, repository, pull)
        for pull in reversed(repository.pulls.values())
        if not pull.deleted
        and state in (pull.state, "all")
        and head in (None, f"{pull.head.full_name.partition('/')[0]}:{pull.ref}")
    ]
    return _paged(asked, entries)


def _pull(asked: Asked) -> Answer:
    repository = asked.repository("pull_requests")
    return _json(_shown_pull(asked, repository, asked.pull(repository), **shapes.PULL_REQUEST_DETAILS))


def _pulls_of_commit(asked: Asked) -> Answer:
    """As GitHub does it: pull requests from forks are not among them."""
    repository = asked.repository("pull_requests")
    entries = [
        _shown_pull(asked, repository, pull)
        for pull in repository.pulls.values()
        if pull.sha == asked.parts["sha"] and pull.head is repository and pull.state == "open"
    ]
    return _paged(asked, entries)


def _comments(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests")
    return _paged(asked, asked.pull(repository, gone=410).comments)


def _body(asked: Asked) -> str:
    body = str(asked.call.content["body"])
    if len(body) > MOST_CHARACTERS:
        raise Refusal(422, f"Body is too long (maximum is {MOST_CHARACTERS} characters)")
    return body


def _add_comment(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull = asked.pull(repository, gone=410)
    if pull.locked:
        raise Refusal(403, "Unable to create comment because issue is locked.")
    github, token = asked.github, asked.token
    assert token is not None
    slug = token.login.removesuffix("[bot]")
    more = {"performed_via_github_app": shapes.app(github.api, slug, 7)} if token.kind == "installation" else {}
    number = github.next_id()
    made = shapes.comment(github.api, repository.full_name, pull.number, number, _body(asked), asked.author, **more)
    pull.comments.append(made)
    return _json(made, 201, Location=made["url"])


def _one_comment(asked: Asked, *, write: bool) -> tuple["Pull", dict[str, Any]]:
    repository = asked.repository("issues|pull_requests", write=write)
    for pull in repository.pulls.values():
        for comment in pull.comments:
            if comment["id"] == int(asked.parts["number"]):
                return pull, comment
    raise Refusal(404, "Not Found")


def _comment(asked: Asked) -> Answer:
    return _json(_one_comment(asked, write=False)[1])


def _edit_comment(asked: Asked) -> Answer:
    _, comment = _one_comment(asked, write=True)
    comment["body"] = _body(asked)
    return _json(comment)


def _delete_comment(asked: Asked) -> Answer:
    pull, comment = _one_comment(asked, write=True)
    pull.comments.remove(comment)
    return Answer(204, b"")


def _require_commit(repository: "Repository", sha: str) -> None:
    if sha not in repository.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")


def _annotations(given: dict[str, Any]) -> list[dict[str, Any]]:
    output = given.get("output", {})
    found: list[dict[str, Any]] = output.pop("annotations", [])
    if len(found) > MOST_ANNOTATIONS:
        raise Refusal(422, f"Invalid request. No more than {MOST_ANNOTATIONS} items are allowed.")
    if any(len(output.get(name) or "") > MOST_CHARACTERS - 1 for name in ("summary", "text")):
        raise Refusal(422, "Invalid request. Summary or text is too long.")
    return found


def _add_check(asked: Asked) -> Answer:
    repository, given = asked.repository("checks", write=True), asked.call.content
    assert asked.token is not None
    if asked.token.kind != "installation":
        raise Refusal(403, "You must authenticate via a GitHub App.")
    _require_commit(repository, given["head_sha"])
    found, number = _annotations(given), asked.github.next_id()
    repository.checks[number] = {**given, "id": number, "by": asked.token.login, "annotations": found}
    return _shown_check(asked, repository, number, 201)


def _edit_check(asked: Asked) -> Answer:
    repository, given = asked.repository("checks", write=True), asked.call.content
    number = int(asked.parts["number"])
    before = repository.checks.get(number)
    if before is None:
        raise Refusal(404, "Not Found")
    if asked.token is None or before["by"] != asked.token.login:
        raise Refusal(403, "Invalid app_id for check run")
    more = _annotations(given)
    output = {**before.get("output", {}), **given.get("output", {})}
    before |= {**given, "output": output, "annotations": [*before["annotations"], *more]}
    return _shown_check(asked, repository, number, 200)


def _shown_check(asked: Asked, repository: "Repository", number: int, status: int) -> Answer:
    return _json(_check(asked, repository, number), status)


def _check(asked: Asked, repository: "Repository", number: int) -> dict[str, Any]:
    given = repository.checks[number]
    app = shapes.app(asked.github.api, given["by"].removesuffix("[bot]"), 7)
    return shapes.check_run(asked.github.api, repository.full_name, number, given, len(given["annotations"]), app)


def _checks_of_commit(asked: Asked) -> Answer:
    repository, name = asked.repository("checks"), asked.call.query.get("check_name")
    seen = [
        _check(asked, repository, number)
        for number, given in reversed(repository.checks.items())
        if given["head_sha"] == asked.parts["sha"] and name in (None, given["name"])
    ]
    return _paged(asked, seen, lambda entries: {"total_count": len(seen), "check_runs": entries})


def _add_status(asked: Asked) -> Answer:
    repository, given, sha = asked.repository("statuses", write=True), asked.call.content, asked.parts["sha"]
    _require_commit(repository, sha)
    if len(given.get("description") or "") > 140:
        raise Refusal(422, "Validation Failed: description is too long (maximum is 140 characters)")
    repository.statuses.append({**given, "sha": sha})
    made = shapes.status(asked.github.api, repository.full_name, asked.github.next_id(), sha, given, asked.author)
    return _json(made, 201, Location=made["url"])


def _shown_labels(asked: Asked, repository: "Repository", pull: "Pull") -> list[dict[str, Any]]:
    name = repository.full_name
    return [shapes.label(asked.github.api, name, label, index) for index, label in enumerate(pull.labels)]


def _labels(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests")
    return _paged(asked, _shown_labels(asked, repository, asked.pull(repository, gone=410)))


def _add_labels(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull, given = asked.pull(repository, gone=410), asked.call.content
    names = given["labels"] if isinstance(given, dict) else given
    pull.labels += [name for name in names if name not in pull.labels]
    return _json(_shown_labels(asked, repository, pull))


def _remove_label(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull = asked.pull(repository, gone=410)
    if asked.parts["label"] not in pull.labels:
        raise Refusal(404, "Label does not exist")
    pull.labels.remove(asked.parts["label"])
    return _json(_shown_labels(asked, repository, pull))


def _shown_installation(asked: Asked, app: "App", owner: str) -> dict[str, Any]:
    number = app.id * 1_000 + sorted(app.owners).index(owner)
    return shapes.installation(asked.github.api, number, app.id, app.slug, asked.github.user(owner, "Organization"))


def _app(asked: Asked) -> Answer:
    app = asked.app()
    return _json(shapes.app(asked.github.api, app.slug, app.id))


def _installations(asked: Asked) -> Answer:
    app = asked.app()
    return _paged(asked, [_shown_installation(asked, app, owner) for owner in sorted(app.owners)])


def _installation_of_repository(asked: Asked) -> Answer:
    app, owner = asked.app(), asked.parts["owner"].lower()
    if owner not in app.owners or f"{owner}/{asked.parts['repo']}".lower() not in asked.github.repositories:
        raise Refusal(404, "Not Found")
    return _json(_shown_installation(asked, app, owner))


def _installation(asked: Asked) -> Answer:
    app = asked.app()
    for owner in sorted(app.owners):
        if (shown := _shown_installation(asked, app, owner))["id"] == int(asked.parts["number"]):
            return _json(shown)
    raise Refusal(404, "Not Found")


def _access_token(asked: Asked) -> Answer:
    from fake_github import Token

    app, github = asked.app(), asked.github
    owners = {_shown_installation(asked, app, owner)["id"]: owner for owner in sorted(app.owners)}
    owner = owners.get(int(asked.parts["number"]))
    if owner is None:
        raise Refusal(404, "Not Found")
    given = asked.call.content or {}
    names = given.get("repositories") or [key.partition("/")[2] for key in github.repositories]
    seen = frozenset(f"{owner}/{name}".lower() for name in names)
    token = f"ghs_{secrets.token_hex(8)}"
    github.tokens[token] = Token(f"{app.slug}[bot]", "installation", app.rights | given.get("permissions", {}), seen)
    github.user(f"{app.slug}[bot]", "Bot")
    return _json({"token": token, "expires_at": "2099-01-01T00:00:00Z", "permissions": app.rights}, 201)


def _authorize(asked: Asked) -> Answer:
    """The page where somebody consents: here `oauth_login` does at once."""
    query = asked.call.query
    if query.get("client_id") not in asked.github.oauth_clients:
        raise Refusal(404, "Not Found")
    code = secrets.token_hex(10)
    asked.github.oauth_codes[code] = {**query, "login": asked.github.oauth_login}
    back = urlencode({"code": code, "state": query.get("state", "")})
    return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{back}"})


def _oauth_token(asked: Asked) -> Answer:
    """Exchange a code, once; errors come with status 200, as GitHub's do."""
    from fake_github import Token

    given = {name: values[0] for name, values in parse_qs(asked.call.body.decode()).items()}
    if asked.call.headers.get("Content-Type", "").startswith("application/json"):
        given = asked.call.content
    basic = base64.b64decode(asked.call.credentials or "").decode() if asked.call.credentials else ":"
    client = given.get("client_id") or basic.partition(":")[0]
    secret = given.get("client_secret") or basic.partition(":")[2]
    if asked.github.oauth_clients.get(client) != secret:
        return _json({"error": "incorrect_client_credentials", "error_description": "They are incorrect."})
    found = asked.github.oauth_codes.pop(given.get("code", ""), None)
    challenge = (found or {}).get("code_challenge")
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    if found is None or (challenge and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge):
        return _json({"error": "bad_verification_code", "error_description": "The code is incorrect or expired."})
    token = f"gho_{secrets.token_hex(8)}"
    asked.github.tokens[token] = Token(found["login"], "user", {"metadata": "read"}, frozenset())
    return _json({"access_token": token, "scope": found.get("scope", ""), "token_type": "bearer"})


_REPO = r"/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
_ISSUE = rf"{_REPO}/issues/(?P<number>\d+)"
_COMMENT = rf"{_REPO}/issues/comments/(?P<number>\d+)"
_SHA = r"(?P<sha>[^/]+)"
_ROUTES: list[tuple[str, str, Callable[[Asked], Answer]]] = [
    ("GET", "/user", _user),
    ("GET", r"/(orgs|users)/(?P<owner>[^/]+)/repos", _repositories),
    ("GET", "/installation/repositories", _installed_repositories),
    ("GET", _REPO, _repository),
    ("GET", rf"{_REPO}/branches", _branches),
    ("GET", rf"{_REPO}/branches/(?P<branch>[^/]+)", _branch),
    ("GET", rf"{_REPO}/activity", _activity),
    ("GET", rf"{_REPO}/pulls", _pulls),
    ("GET", rf"{_REPO}/pulls/(?P<number>\d+)", _pull),
    ("GET", rf"{_REPO}/commits/{_SHA}/pulls", _pulls_of_commit),
    ("GET", rf"{_REPO}/commits/{_SHA}/check-runs", _checks_of_commit),
    ("GET", rf"{_ISSUE}/comments", _comments),
    ("POST", rf"{_ISSUE}/comments", _add_comment),
    ("GET", _COMMENT, _comment),
    ("PATCH", _COMMENT, _edit_comment),
    ("DELETE", _COMMENT, _delete_comment),
    ("POST", rf"{_REPO}/check-runs", _add_check),
    ("PATCH", rf"{_REPO}/check-runs/(?P<number>\d+)", _edit_check),
    ("POST", rf"{_REPO}/statuses/{_SHA}", _add_status),
    ("GET", rf"{_ISSUE}/labels", _labels),
    ("POST", rf"{_ISSUE}/labels", _add_labels),
    ("DELETE", rf"{_ISSUE}/labels/(?P<label>[^/]+)", _remove_label),
    ("GET", "/app", _app),
    ("GET", "/app/installations", _installations),
    ("GET", r"/app/installations/(?P<number>\d+)", _installation),
    ("GET", rf"{_REPO}/installation", _installation_of_repository),
    ("POST", r"/app/installations/(?P<number>\d+)/access_tokens", _access_token),
    ("GET", "/login/oauth/authorize", _authorize),
    ("POST", "/login/oauth/access_token", _oauth_token),
]
