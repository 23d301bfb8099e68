"""What an event leads to: jobs, or why nothing is to be done. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from grader.model.job import Cause, NewJob
from grader.store.moments import moment
from grader.web.repositories import Course, Identity
from grader.web.webhook.event import EventRepository, PullRequest, PullRequestEvent, Push

_NEW_COMMITS = ("opened", "synchronize", "reopened", "ready_for_review")
QUEUED = "queued"


@dataclass(frozen=True)
class Decision:
    """`outcome` is "queued", or why nothing is to be done."""

    jobs: tuple[NewJob, ...]
    outcome: str

    @classmethod
    def nothing(cls, why: str) -> "Decision":
        """Nothing is to be done."""
        return cls((), why)


def of_push(event: Push, courses: Iterable[Course], now: datetime) -> Decision:
    """The jobs of a push: of the default branch, and of those that the assignment names."""
    repository = event.repository.full_name.lower()
    held = [course for course in courses if course.holds(repository) and not course.assignment.forks]
    if not held:
        return Decision.nothing("not a configured repository")
    if event.deleted or not event.after.strip("0"):
        return Decision.nothing("the branch was deleted")
    branch = event.ref.removeprefix("refs/heads/")
    if branch == event.ref:
        return Decision.nothing("not a branch")
    wanted = [course for course in held if branch in (event.repository.default_branch, *course.assignment.branches)]
    if not wanted:
        return Decision.nothing("not a branch that is graded")
    received = _received(event.repository, now)
    return _queued(
        _job(course, course.owner_of(repository), repository, event.after, event.ref, "push", received)
        for course in wanted
    )


def of_pull_request(event: PullRequestEvent, courses: Iterable[Course], now: datetime) -> Decision:
    """The jobs of a pull request that has new commits; one from a fork counts where the assignment says so."""
    base = event.repository.full_name.lower()
    held = [course for course in courses if course.holds(base)]
    if not held:
        return Decision.nothing("not a configured repository")
    if event.action not in _NEW_COMMITS:
        return Decision.nothing("nothing to grade in that")
    if event.pull_request.state != "open":
        return Decision.nothing("the pull request is closed")
    received = _received(event.pull_request.head.repo or event.repository, now)
    jobs = [job for course in held if (job := of_open(course, event.pull_request, base, "pull_request", received))]
    return _queued(jobs) if jobs else Decision.nothing("a pull request from a fork")


def of_open(course: Course, pull: PullRequest, base: str, cause: Cause, received: datetime | None) -> NewJob | None:
    """The job of an open pull request; None for one from a fork, or from none, where the assignment wants the other."""
    head = pull.head.repo.full_name.lower() if pull.head.repo else ""
    if (head != base) != course.assignment.forks:
        return None
    ref = f"refs/heads/{pull.head.ref}"
    if not course.assignment.forks:
        return _job(course, course.owner_of(base), base, pull.head.sha, ref, cause, received, pull.number)
    login = pull.user.login if pull.user else "ghost"
    fork = head or f"{login}/{base.partition('/')[2]}".lower()
    job = _job(course, course.author(login), fork, pull.head.sha, ref, cause, received, pull.number)
    return job and job.model_copy(update={"upstream": base})


def of_branch(course: Course, repository: str, branch: str, commit: str, received: datetime | None) -> NewJob | None:
    """The job of a branch's newest commit, found by the sweep; None for a student who is excused."""
    owner = course.owner_of(repository)
    return _job(course, owner, repository, commit, f"refs/heads/{branch}", "sweep", received)


def _job(
    course: Course,
    student: Identity,
    repository: str,
    commit: str,
    ref: str,
    cause: Cause,
    received: datetime | None,
    pull_request: int | None = None,
) -> NewJob | None:
    if student.entry is not None and student.entry.excused:
        return None
    ends = course.assignment.ends
    return NewJob(
        assignment=course.assignment.name,
        repository=repository,
        commit=commit,
        ref=ref,
        pull_request=pull_request,
        student=student.student,
        login=student.login,
        cause=cause,
        received_at="" if received is None else moment(received),
        late=ends is not None and received is not None and received > ends,
    )


def _queued(jobs: Iterable[NewJob | None]) -> Decision:
    found = tuple(job for job in jobs if job is not None)
    return Decision(found, QUEUED) if found else Decision.nothing("the student is excused")


def _received(repository: EventRepository, now: datetime) -> datetime:
    """When the forge had it, as it says itself, never later than its delivery."""
    return min(repository.received_at or now, now)
