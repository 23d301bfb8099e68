"""GitHub through PyGithub: the few operations that publishing needs, each one patient."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import jwt
from github import Auth, Github, GithubIntegration
from github.CheckRun import CheckRun
from github.Commit import Commit
from github.IssueComment import IssueComment
from github.Repository import Repository

from grader.errors import PublishError, UsageError
from grader.publish.credentials import AppKey, Credentials
from grader.publish.failure import Forbidden, Gone
from grader.publish.marker import Author, Comment
from grader.publish.patience import Patience
from grader.publish.place import PUBLIC_API, require_api, require_repository
from grader.publish.posts import Annotation, CheckPost, StatusPost

_Answer = TypeVar("_Answer")
_SECONDS = 30  # to connect, and between two packets
BATCH = 50  # annotations of one request
_MOST_COMMENTS = 3_000
_MOST_CHECKS = 100
_MOST_PULLS = 1_000


@dataclass(frozen=True)
class Head:
    """What a pull request shows."""

    commit: str
    repository_id: int  # of the repository that it is made to
    state: str  # open, closed


@dataclass(frozen=True)
class CheckState:
    """A check run as it is on GitHub."""

    id: int
    conclusion: str
    title: str
    summary: str
    annotations: int

    def says(self, post: CheckPost) -> bool:
        """Whether it says what the post does, annotations aside."""
        return (self.conclusion, self.title, self.summary.strip()) == (
            post.conclusion,
            post.title,
            post.summary.strip(),
        )


@dataclass
class Forge:
    """One repository as the token, or the App's installation, sees it. Made by `open_forge`.

    Every method raises Delayed, Forbidden, Gone or Refused as `Patience.ask` says.
    """

    name: str  # OWNER/NAME
    repository: Repository
    github: Github
    patience: Patience
    slug: str = ""  # of the App; "" for a token
    _author: Author | None = field(default=None, repr=False)

    def head(self, number: int) -> Head:
        """What a pull request shows now."""

        def read() -> Head:
            pull = self.repository.get_pull(number)
            return Head(pull.head.sha, pull.base.repo.id, pull.state)

        return self._ask(read, f"read pull request {number} of")

    def pulls_showing(self, commit: str) -> list[int]:
        """The open pull requests with that head, those from forks included."""

        def read() -> list[int]:
            pulls = self.repository.get_pulls(state="open", sort="updated", direction="desc")
            return [pull.number for pull in islice(pulls, _MOST_PULLS) if pull.head.sha == commit]

        return self._ask(read, "list the pull requests of")

    def author(self) -> Author:
        """Who writes our comments."""
        if self._author is None:
            self._author = Author(f"{self.slug}[bot]", is_bot=True) if self.slug else self._asked_author()
        return self._author

    def comments(self, pull: int) -> list[Comment]:
        """All comments of a pull request, oldest first."""
        issue = self.repository.get_issue(pull)
        return self._ask(
            lambda: [_comment(one) for one in islice(issue.get_comments(), _MOST_COMMENTS)],
            f"read the comments of pull request {pull} of",
        )

    def comment(self, pull: int, number: int) -> Comment | None:
        """A comment; None where it was deleted."""
        issue = self.repository.get_issue(pull)
        try:
            return self._ask(
                lambda: _comment(issue.get_comment(number)), f"read the comments of pull request {pull} of"
            )
        except Gone:
            return None

    def add_comment(self, pull: int, body: str) -> Comment:
        """Write a comment. Raises Uncertain where nobody knows whether it is there now."""
        issue = self.repository.get_issue(pull)
        what = f"write a comment on pull request {pull} of"
        return self._ask(lambda: _comment(issue.create_comment(body)), what, repeatable=False)

    def edit_comment(self, pull: int, number: int, body: str) -> Comment:
        """Give a comment another text."""
        found = self.repository.get_issue(pull).get_comment(number)

        def write() -> Comment:
            found.edit(body)
            return _comment(found)

        return self._ask(write, f"write a comment on pull request {pull} of")

    def delete_comment(self, pull: int, number: int) -> None:
        """Delete a comment, or find that it is gone."""
        try:
            self._ask(self.repository.get_issue(pull).get_comment(number).delete, "delete a comment of")
        except Gone:
            return

    def check_of(self, post: CheckPost) -> CheckState | None:
        """Our newest check run of that name on the commit; None where there is none."""
        commit = self._commit(post.commit)

        def read() -> list[CheckState]:
            runs = commit.get_check_runs(check_name=post.name)
            return [_state(run) for run in islice(runs, _MOST_CHECKS) if self._is_ours(run, post)]

        return max(self._ask(read, "read the check runs of"), key=lambda run: run.id, default=None)

    def add_check(self, post: CheckPost) -> int:
        """Write a check run with the first annotations. Raises Uncertain as `add_comment` does."""
        more: dict[str, Any] = {"details_url": post.link} if post.link else {}

        def write() -> int:
            made = self.repository.create_check_run(
                post.name,
                post.commit,
                external_id=post.slot,
                status="completed",
                conclusion=post.conclusion,
                output=_output(post, post.annotations[:BATCH]),
                **more,
            )
            return made.id

        return self._ask(write, "write a check run on", repeatable=False)

    def edit_check(self, number: int, post: CheckPost, begin: int) -> None:
        """Give a check run its texts, and the annotations from `begin` on in batches: GitHub only ever adds them."""
        run = self.repository.get_check_run(number)
        for start in range(begin, max(len(post.annotations), begin + 1), BATCH):
            output = _output(post, post.annotations[start : start + BATCH])

            def write(output: dict[str, Any] = output) -> None:
                run.edit(status="completed", conclusion=post.conclusion, output=output)

            # Repeating it could add a batch twice.
            self._ask(write, "write a check run on", repeatable=False)

    def set_status(self, post: StatusPost) -> None:
        """Set a commit status; the newest of a context is the one that is shown."""
        more: dict[str, Any] = {"target_url": post.link} if post.link else {}
        commit = self._commit(post.commit)
        self._ask(
            lambda: commit.create_status(post.state, description=post.description, context=post.context, **more),
            "set a commit status on",
        )

    def labels(self, pull: int) -> list[str]:
        """The labels of a pull request."""
        issue = self.repository.get_issue(pull)
        return self._ask(lambda: [label.name for label in issue.get_labels()], f"read pull request {pull} of")

    def add_label(self, pull: int, name: str) -> None:
        """Set a label."""
        where = f"{self.repository.get_issue(pull).url}/labels"
        # PyGithub's own method sends a bare list, which GitHub takes and its description does not.
        self._ask(
            lambda: self.repository.requester.requestJsonAndCheck("POST", where, input={"labels": [name]}),
            f"set a label on pull request {pull} of",
        )

    def remove_label(self, pull: int, name: str) -> None:
        """Take a label away, or find that it is gone."""
        issue = self.repository.get_issue(pull)
        try:
            self._ask(lambda: issue.remove_from_labels(name), f"set a label on pull request {pull} of")
        except Gone:
            return

    def _asked_author(self) -> Author:
        """A person's token tells whose it is; an installation's, GITHUB_TOKEN among them, may not ask."""
        try:
            login = self._ask(lambda: self.github.get_user().login, "say whose token writes on")
        except Forbidden:
            return Author(None, is_bot=True)
        return Author(login.lower(), is_bot=login.endswith("[bot]"))

    def _is_ours(self, run: CheckRun, post: CheckPost) -> bool:
        """By its mark; where an App posts, also by whose it is: a workflow can write check runs of any name."""
        made_by = run.app.slug if run.app else ""
        return run.external_id == post.slot and self.slug in ("", made_by)

    def _commit(self, sha: str) -> Commit:
        """A commit without asking for it."""
        return Commit(self.repository.requester, {}, {"sha": sha, "url": f"{self.repository.url}/commits/{sha}"})

    def _ask(self, action: Callable[[], _Answer], what: str, *, repeatable: bool = True) -> _Answer:
        return self.patience.ask(action, f"{what} {self.name}", repeatable=repeatable)


@contextmanager
def open_forge(
    repository: str,
    credentials: Credentials,
    *,
    api: str = PUBLIC_API,
    patience: Patience | None = None,
    pause: float = 1.0,
) -> Iterator[Forge]:
    """The repository OWNER/NAME, with the token or with the App's installation there; closed afterwards.

    `pause`: seconds between two requests that write, as GitHub asks for. Raises UsageError for an address or a key that
    can't be used, and PublishError where the App is not installed or GitHub can't be asked.
    """
    waiting = patience or Patience()
    require_repository(repository)
    options: dict[str, Any] = {
        "base_url": require_api(api),
        "timeout": _SECONDS,
        "retry": None,
        "per_page": 100,
        "lazy": True,
        "seconds_between_requests": None,
        "seconds_between_writes": pause or None,
    }
    slug, auth = "", None
    if credentials.app is not None:
        slug, auth = _installed(repository, credentials.app, waiting, options)
    github = Github(auth=auth or Auth.Token(credentials.token), **options)
    try:
        yield Forge(repository, github.get_repo(repository), github, waiting, slug)
    finally:
        github.close()


def _installed(
    repository: str, app: AppKey, patience: Patience, options: dict[str, Any]
) -> tuple[str, Auth.AppInstallationAuth]:
    """The App's slug, and what signs in as its installation that holds the repository."""
    owner, _, name = repository.partition("/")
    signed = Auth.AppAuth(int(app.id) if app.id.isdecimal() else app.id, app.key)
    integration = GithubIntegration(auth=signed, **{**options, "lazy": False})
    try:
        found = patience.ask(
            lambda: integration.get_repo_installation(owner, name), f"find the App's installation for {repository}"
        )
    except Gone:
        raise PublishError(
            f"The GitHub App is not installed for {repository}.",
            mend="Install it there, with access to the repository.",
        ) from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise UsageError("The key of the GitHub App can't be used: it is damaged, or no RSA key.") from None
    finally:
        integration.close()
    # The token itself is asked for at the first request, and again an hour later, by PyGithub.
    return found.app_slug, signed.get_installation_auth(found.id)


def _comment(found: IssueComment) -> Comment:
    user = found.user
    login, kind = (user.login, user.type) if user else ("ghost", "User")
    return Comment(found.id, found.body or "", login.lower(), kind == "Bot", found.html_url)


def _state(run: CheckRun) -> CheckState:
    output = run.output
    return CheckState(run.id, run.conclusion, output.title or "", output.summary or "", output.annotations_count)


def _output(post: CheckPost, batch: tuple[Annotation, ...]) -> dict[str, Any]:
    remarks = [
        {
            "path": one.path,
            "start_line": one.line,
            "end_line": one.line,
            "annotation_level": one.level,
            "title": one.title,
            "message": one.message,
        }
        for one in batch
    ]
    return {"title": post.title, "summary": post.summary, **({"annotations": remarks} if remarks else {})}
