"""What the webhook never heard of: every open commit of the configured repositories is looked for and queued."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from github import Github, UnknownObjectException
from github.PaginatedList import PaginatedList
from github.PullRequest import PullRequest as ShownPull
from github.Repository import Repository

from grader.batch.fetch.back_off import BackOff
from grader.errors import GraderError
from grader.model.job import NewJob
from grader.publish.failure import Gone
from grader.publish.patience import Patience
from grader.report.escape import log_text
from grader.store import jobs
from grader.store.engine import Store
from grader.store.moments import moment
from grader.web.grading.access import ForgeAccess
from grader.web.repositories import Course
from grader.web.webhook.decision import of_branch, of_open
from grader.web.webhook.event import PullRequest

_LOG = logging.getLogger("grader.sweep")
_PATIENCE = 900.0  # seconds that one sweep waits for rate limits, all in all


@dataclass(frozen=True)
class Swept:
    """What a sweep found: repositories it looked at, jobs that were new, and repositories it could not read."""

    repositories: int
    queued: int
    unread: int


@dataclass
class Sweep:
    """Remembers when a repository last had a push, so that those without a new one cost a request less."""

    access: ForgeAccess
    courses: dict[str, Course]
    store: Store
    back_off: BackOff
    now: Callable[[], datetime]
    _pushed: dict[str, datetime | None] = field(default_factory=dict)

    def run(self) -> Swept:
        """One sweep. Raises StoreError; what can't be read is logged and left for the next one."""
        patience = Patience(left=_PATIENCE, sleep=self.back_off.wait)
        repositories, unread = self._repositories(patience)
        queued = 0
        for repository in repositories.values():
            try:
                found = list(self._open_commits(repository, patience))
            except GraderError as problem:
                unread += 1
                _LOG.warning("%s", log_text(str(problem)))
                continue
            queued += sum(self._queue(job, branch) for job, branch in found)
        return Swept(len(repositories), queued, unread)

    def _queue(self, job: NewJob, branch: str) -> bool:
        """Queue a job, unless its commit was before. When it was received is asked for only where that matters."""
        known = self.store.transact(lambda connection: jobs.is_known(connection, job))
        if not known and job.late:
            job = self._dated(job, branch)
        now = self.now()
        return self.store.transact(lambda connection: jobs.queue(connection, job, now))

    def _dated(self, job: NewJob, branch: str) -> NewJob:
        """The forge's record of that very push; the repository's last push may have been to another branch."""
        ends = self.courses[job.assignment].assignment.ends
        push = self.access.received(job.repository, branch, job.commit, self.back_off)
        if push is None or ends is None:
            return job
        return job.model_copy(update={"received_at": moment(push.received_at), "late": push.received_at > ends})

    def _open_commits(self, repository: Repository, patience: Patience) -> Iterator[tuple[NewJob, str]]:
        """Jobs of a repository's open pull requests and default branch, each with its branch."""
        name = repository.full_name.lower()
        courses = [course for course in self.courses.values() if course.holds(name)]
        for pull in patience.ask(lambda: list(repository.get_pulls(state="open")), f"list the pull requests of {name}"):
            shown = _pull(pull)
            received = shown.head.repo.received_at if shown.head.repo else None
            for course in courses:
                if job := of_open(course, shown, name, "sweep", received):
                    yield job, shown.head.ref
        pushed = _aware(repository.pushed_at)
        if pushed is not None and self._pushed.get(name) == pushed:
            return
        for branch in sorted(set().union(*(_branches(course, repository) for course in courses))):
            commit = _head(repository, branch, patience)
            counted = [course for course in courses if commit and branch in _branches(course, repository)]
            found = (of_branch(course, name, branch, commit, pushed) for course in counted)
            yield from ((job, branch) for job in found if job is not None)
        self._pushed[name] = pushed

    def _repositories(self, patience: Patience) -> tuple[dict[str, Repository], int]:
        """All configured repositories that are there, and how many owners or repositories can't be read."""
        found: dict[str, Repository] = {}
        unread = 0
        for owner, names in sorted(self._wanted().items()):
            try:
                found |= {one.full_name.lower(): one for one in self._of_owner(owner, names, patience)}
            except GraderError as problem:
                unread += 1
                _LOG.warning("%s", log_text(str(problem)))
        return found, unread

    def _wanted(self) -> dict[str, set[str]]:
        """By owner, the names of repositories; "*" where a pattern asks for a look at all of them."""
        wanted: dict[str, set[str]] = {}
        for course in self.courses.values():
            for place in (*course.assignment.repositories, *course.by_repository):
                owner, _, name = place.lower().partition("/")
                wanted.setdefault(owner, set()).add("*" if "*" in name else name)
        return wanted

    def _of_owner(self, owner: str, names: set[str], patience: Patience) -> Iterator[Repository]:
        session = self.access.session(owner)
        seen = set()
        if "*" in names:
            for one in patience.ask(
                lambda: _listed(session, owner, self.access.is_app), f"list the repositories of {owner}"
            ):
                if any(course.holds(one.full_name.lower()) for course in self.courses.values()):
                    seen.add(one.full_name.lower())
                    yield one
        for name in sorted(names - {"*"}):
            if f"{owner}/{name}" not in seen:
                try:
                    yield _named(session, f"{owner}/{name}", patience)
                except Gone as problem:
                    _LOG.warning("%s", log_text(str(problem)))


def _listed(session: Github, owner: str, is_app: bool) -> list[Repository]:
    """All repositories of an owner that the session sees."""
    if is_app:
        pages = PaginatedList(Repository, session.requester, "/installation/repositories", {}, list_item="repositories")
        return list(pages)
    try:
        return list(session.get_organization(owner).get_repos())
    except UnknownObjectException:
        return list(session.get_user(owner, lazy=True).get_repos())


def _named(session: Github, repository: str, patience: Patience) -> Repository:
    return patience.ask(lambda: session.get_repo(repository).complete(), f"read {repository}")


def _branches(course: Course, repository: Repository) -> set[str]:
    """The branches that count; none of a repository that others hand in to."""
    return set() if course.assignment.forks else {repository.default_branch, *course.assignment.branches}


def _head(repository: Repository, branch: str, patience: Patience) -> str:
    """A branch's newest commit; "" where there is no such branch, as in an empty repository."""
    try:
        return patience.ask(
            lambda: repository.get_branch(branch).commit.sha, f"read {branch} of {repository.full_name}"
        )
    except Gone:
        return ""


def _pull(pull: ShownPull) -> PullRequest:
    return PullRequest.model_validate(pull.raw_data)


def _aware(time: datetime | None) -> datetime | None:
    return None if time is None else time if time.tzinfo else time.replace(tzinfo=UTC)
