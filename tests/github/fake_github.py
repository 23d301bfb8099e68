"""A GitHub on this machine: it remembers, judges every request by GitHub's own description, and can be made to fail.

    with serve_fake_github() as github:
        repository = github.add_repository("course/mnist-ada")
        pull = repository.open_pull("a" * 40)
        token = github.add_token("ghs_of_the_app", "grader[bot]", rights=POSTING)
        github.fail(too_many_requests(seconds=1), "POST", "/comments")
        ...
        assert [comment["body"] for comment in pull.comments] == [...]

Leaving the block raises AssertionError where a request, or an answer of this server, was not as described (`judged`:
True demands the description, None judges where it is there). `github.used` are the operations that were asked for;
they are added to the file that the environment names in GITHUB_OPERATIONS_USED.
"""

import base64
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import github_shapes as shapes
from github_asked import Answer, Call
from github_description import FILE, Judge, judge
from github_routes import answer

NOTHING = "0" * 40
READING = {"metadata": "read", "contents": "read", "pull_requests": "read", "issues": "read"}
POSTING = READING | {"pull_requests": "write", "issues": "write", "checks": "write", "statuses": "write"}


@dataclass
class Fault:
    """What a request gets instead of its answer: `kind` is "answer", "drop" (nothing happens and the connection ends),
    "lose" (it happens, and the connection ends before the answer), or "later" (its own answer). `meanwhile` runs first;
    of "later" between the making of the answer and its sending.
    """

    kind: str = "answer"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"message": "Server Error"}'
    meanwhile: Callable[[], object] | None = None


def secondary_limit(seconds: int | None = 60) -> Fault:
    """As GitHub answers one who writes too fast; without Retry-After for None."""
    message = (
        '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",'
        ' "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}'
    )
    return Fault(status=403, headers={} if seconds is None else {"Retry-After": str(seconds)}, body=message.encode())


def primary_limit(reset: int) -> Fault:
    """The hour's requests are used up until `reset`, in seconds since 1970."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    return Fault(status=403, headers=headers, body=b'{"message": "API rate limit exceeded for installation ID 1."}')


def too_many_requests(seconds: int = 1) -> Fault:
    return Fault(status=429, headers={"Retry-After": str(seconds)}, body=b'{"message": "Too many requests"}')


def server_error(status: int = 502) -> Fault:
    return Fault(status=status)


def dropped() -> Fault:
    return Fault(kind="drop")


def lost() -> Fault:
    """It was done, and nobody is told."""
    return Fault(kind="lose")


@dataclass
class Token:
    """`kind`: "personal" (a person's), "installation" (an App's, also GITHUB_TOKEN), "user" (signed in by OAuth)."""

    login: str
    kind: str
    rights: dict[str, str]
    repositories: frozenset[str] | None = None  # "owner/name", lower case; None: every one
    expired: bool = False


@dataclass
class App:
    id: int
    slug: str
    key: str = field(repr=False)  # PEM
    public_key: Any = field(repr=False)
    owners: set[str] = field(default_factory=set)  # where it is installed, lower case
    rights: dict[str, str] = field(default_factory=lambda: dict(POSTING))


@dataclass
class Pull:
    number: int
    author: str
    ref: str
    sha: str
    head: "Repository"  # another one than the base for a fork's
    state: str = "open"
    locked: bool = False
    deleted: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@dataclass
class Repository:
    github: "FakeGitHub"
    full_name: str
    private: bool = True
    default_branch: str = "main"
    clone_url: str = ""
    fork: bool = False
    branches: dict[str, str] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)
    pulls: dict[int, Pull] = field(default_factory=dict)
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)  # as asked for, and "annotations", and "id"
    statuses: list[dict[str, Any]] = field(default_factory=list)  # newest last, with "sha"
    activities: list[dict[str, Any]] = field(default_factory=list)  # newest first

    def push(
        self, sha: str, branch: str = "main", *, by: str = "ada", when: str = shapes.BEGAN, forced: bool = False
    ) -> None:
        """A push of that commit; pull requests from the branch follow."""
        with self.github.lock:
            before = self.branches.get(branch, NOTHING)
            self.branches[branch] = sha
            self.commits.add(sha)
            for other in self.github.repositories.values():
                for pull in other.pulls.values():
                    if pull.head is self and pull.ref == branch and pull.state == "open":
                        pull.sha = sha
                        other.commits.add(sha)
            kind = "force_push" if forced else "push" if before != NOTHING else "branch_creation"
            actor = self.github.user(by)
            number = 1_000 + len(self.activities)
            entry = shapes.activity(number, when, before, sha, f"refs/heads/{branch}", kind, actor)
            self.activities.insert(0, entry)

    def open_pull(self, sha: str, ref: str = "feedback", *, by: str = "ada", head: "Repository | None" = None) -> Pull:
        """A pull request of `ref` with that head; of another repository for a fork's."""
        source = head or self
        source.push(sha, ref, by=by)
        with self.github.lock:
            pull = Pull(len(self.pulls) + 1, by, ref, sha, source)
            self.pulls[pull.number] = pull
            self.commits.add(sha)
        return pull

    def comment(self, pull: Pull, body: str, by: str, *, bot: bool = False) -> dict[str, Any]:
        """A comment that somebody writes."""
        author = self.github.user(by, "Bot" if bot else "User")
        with self.github.lock:
            number = self.github.next_id()
            made = shapes.comment(self.github.api, self.full_name, pull.number, number, body, author)
            pull.comments.append(made)
        return made

    def shown(self) -> dict[str, Any]:
        """As the API tells it."""
        owner = self.github.user(self.full_name.partition("/")[0], "Organization")
        more = {"private": self.private, "fork": self.fork, "default_branch": self.default_branch}
        if self.clone_url:
            more["clone_url"] = self.clone_url
        number = 1 + list(self.github.repositories).index(self.full_name.lower())
        return shapes.repository(self.github.api, self.full_name, number, owner=owner, **more)


@dataclass
class FakeGitHub:
    """`api` is the address of the API, `url` that of the site (for OAuth)."""

    url: str
    api: str
    judge: Judge | None
    repositories: dict[str, Repository] = field(default_factory=dict)  # by "owner/name", lower case
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    oauth_clients: dict[str, str] = field(default_factory=dict)  # id and secret
    oauth_login: str = "ada"  # who consents when a browser asks
    oauth_codes: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _faults: list[tuple[str, str, Fault]] = field(default_factory=list)
    _ids: int = 1_000

    def add_repository(self, full_name: str, **given: Any) -> Repository:
        made = Repository(self, full_name, **given)
        with self.lock:
            self.repositories[full_name.lower()] = made
        return made

    def add_token(
        self, token: str, login: str, *, kind: str = "installation", rights: dict[str, str] = POSTING, **more: Any
    ) -> str:
        self.tokens[token] = Token(login, kind, dict(rights), **more)
        self.user(login, "Bot" if login.endswith("[bot]") else "User")
        return token

    def add_app(self, slug: str = "grader", *, owners: set[str] | None = None) -> App:
        """A GitHub App, with a key of its own, that is installed at these owners."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        made = App(100 + len(self.apps), slug, pem.decode(), key.public_key(), {one.lower() for one in owners or ()})
        self.apps[made.id] = made
        return made

    def fail(self, fault: Fault, method: str = "", path: str = "", *, times: int = 1) -> None:
        """The next `times` requests of that method whose path has `path` (a regular expression) in it get the fault."""
        with self.lock:
            self._faults += [(method, path, fault)] * times

    def user(self, login: str, kind: str = "User") -> dict[str, Any]:
        """Somebody, with the same id each time."""
        with self.lock:
            found = self.users.get(login.lower())
            if found is None:
                found = shapes.user(self.api, login, 2_000 + len(self.users), kind)
                self.users[login.lower()] = found
            return found

    def next_id(self) -> int:
        with self.lock:
            self._ids += 1
            return self._ids

    def writes(self) -> list[str]:
        """What was asked for and changes something: "POST /repos/…" each, with faults."""
        return [f"{call.method} {call.path}" for call in self.calls if call.method != "GET"]

    def fault_of(self, call: Call) -> Fault | None:
        with self.lock:
            for index, (method, path, fault) in enumerate(self._faults):
                if method in ("", call.method) and re.search(path, call.path):
                    del self._faults[index]
                    return fault
        return None

    def judged(self, call: Call, given: Answer | None) -> None:
        """Hold a request, and its answer where there is one, against the description."""
        if self.judge is None or not call.of_the_api:
            return
        operation = self.judge.operation(call.method, call.path)
        if operation is None:
            found = [f"{call.method} {call.path} is no operation of GitHub's API."]
        else:
            found = list(self.judge.request(operation, call.below, call.headers, call.body))
            if given is not None:
                found += self.judge.answer(operation, call.below, given.status, given.body)
        with self.lock:
            self.violations += found
            if operation is not None:
                self.used.add(str(operation))


@contextmanager
def serve_fake_github(*, judged: bool | None = None, enterprise: bool = False) -> Iterator[FakeGitHub]:
    """A running one. An Enterprise server has its API below /api/v3; `judged` as the module says."""
    if judged and not FILE.exists():
        raise AssertionError(f"{FILE} is missing: sh .ci/node-packages {FILE.parent}")
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.daemon_threads = True
        url = f"http://127.0.0.1:{server.server_address[1]}"
        fake = FakeGitHub(url, f"{url}/api/v3" if enterprise else url, None if judged is False else judge())
        server.RequestHandlerClass = _handler(fake)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
    _note_used(fake)
    if fake.violations:
        raise AssertionError("Not as GitHub describes its API:\n" + "\n".join(dict.fromkeys(fake.violations)))


def _note_used(fake: FakeGitHub) -> None:
    file = os.environ.get("GITHUB_OPERATIONS_USED")
    if file and fake.used:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write("".join(f"{one}\n" for one in sorted(fake.used)))


def _handler(fake: FakeGitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = Call(self.command, self.path, dict(self.headers.items()), body, fake.api[len(fake.url) :])
            with fake.lock:
                fake.calls.append(call)
            fault = fake.fault_of(call)
            if fault is not None and fault.meanwhile is not None and fault.kind != "later":
                fault.meanwhile()
            given: Answer | None = None
            if fault is None or fault.kind in ("lose", "later"):
                with fake.lock:
                    given = answer(fake, call)
            elif fault.kind == "answer":
                given = Answer(fault.status, fault.body, fault.headers)
            fake.judged(call, given)
            if fault is not None and fault.meanwhile is not None and fault.kind == "later":
                fault.meanwhile()
            if given is None or (fault is not None and fault.kind == "lose"):
                self.close_connection = True
                return
            self.send_response(given.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **given.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def claims_of(jwt: str) -> dict[str, Any]:
    """What a JSON Web Token says, unchecked."""
    middle = jwt.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))
