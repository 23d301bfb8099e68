"""The sweep: what no delivery told of is found, and asked for no more often than needed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from a_service import CONFIGURATION, all_jobs, commit, services_in
from fake_github import READING, FakeGitHub, Fault, primary_limit, serve_fake_github

from grader.batch.fetch.back_off import BackOff
from grader.publish.credentials import AppKey, Credentials
from grader.web.grading.access import ForgeAccess
from grader.web.grading.sweep import Sweep, Swept
from grader.web.services import Services

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
READER = Credentials(token="ghs_reader")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_fake_github() as github:
        github.add_token("ghs_reader", "grader[bot]", rights=READING)
        yield github


@pytest.fixture
def services(tmp_path: Path, github: FakeGitHub) -> Iterator[Services]:
    found = services_in(tmp_path, f"api_url: {github.api}\n{CONFIGURATION}")
    yield found
    found.store.close()


def sweep_of(services: Services, credentials: Credentials | None = READER) -> Sweep:
    access = ForgeAccess(services.configuration.api_url, credentials)
    back_off = BackOff(attempts=1, stop=threading.Event())
    return Sweep(access, dict(services.courses), services.store, back_off, lambda: NOW)


def found(services: Services) -> set[tuple[str, str, int | None, str]]:
    return {(job.repository, job.commit, job.pull_request, job.cause) for job in all_jobs(services.store)}


def test_open_pull_requests_and_default_branches_are_found(github: FakeGitHub, services: Services) -> None:
    for name in ("course/mnist-ada", "course/mnist-grace", "course/other", "course/mnist-empty"):
        github.add_repository(name)
    ada, grace, other, _ = github.repositories.values()
    ada.push(commit(1))
    ada.open_pull(commit(2))
    closed = grace.open_pull(commit(3))
    closed.state = "closed"
    fork = github.add_repository("eve/mnist-grace", fork=True)
    grace.open_pull(commit(4), head=fork)
    other.push(commit(5))
    sweep = sweep_of(services)
    assert sweep.run() == Swept(repositories=3, queued=2, unread=0)
    assert found(services) == {
        ("course/mnist-ada", commit(1), None, "sweep"),
        ("course/mnist-ada", commit(2), 1, "sweep"),
    }
    assert [job.login for job in all_jobs(services.store)] == ["ada", "ada"]
    assert sweep.run() == Swept(repositories=3, queued=0, unread=0)


def test_hundreds_of_repositories_are_read_page_by_page(github: FakeGitHub, services: Services) -> None:
    for number in range(150):
        github.add_repository(f"course/mnist-s{number}").push(commit(number + 1))
    assert sweep_of(services).run() == Swept(repositories=150, queued=150, unread=0)


def test_an_owner_may_be_a_person(github: FakeGitHub, services: Services) -> None:
    github.add_repository("course/mnist-ada").push(commit(1))
    github.fail(Fault(status=404, body=b'{"message": "Not Found"}'), "GET", "^/orgs/")
    assert sweep_of(services).run() == Swept(repositories=1, queued=1, unread=0)


def test_an_app_reads_what_it_is_installed_for(github: FakeGitHub, services: Services) -> None:
    app = github.add_app(owners={"course"})
    github.add_repository("course/mnist-ada").push(commit(1))
    credentials = Credentials(AppKey(str(app.id), app.key))
    assert sweep_of(services, credentials).run() == Swept(repositories=1, queued=1, unread=0)
    app.owners.clear()
    assert sweep_of(services, credentials).run() == Swept(repositories=0, queued=0, unread=1)


def test_a_token_for_cloning_is_had_once_and_goes_to_the_forge_alone(github: FakeGitHub) -> None:
    app = github.add_app(owners={"course"})
    access = ForgeAccess(github.api, Credentials(AppKey(str(app.id), app.key)), "https://127.0.0.1")
    first, second = (access.with_credentials(f"https://127.0.0.1/course/{name}") for name in ("a", "b"))
    token = first.removeprefix("https://x-access-token:").partition("@")[0]
    assert token in github.tokens and second == f"https://x-access-token:{token}@127.0.0.1/course/b"
    assert sum(call.path.endswith("/access_tokens") for call in github.calls) == 1
    for elsewhere in ("https://other.example/course/a", "file:///course/a", "http://127.0.0.1/course/a"):
        assert access.with_credentials(elsewhere) == elsewhere
    access.close()


def test_what_a_limit_keeps_back_is_left_for_the_next_sweep(github: FakeGitHub, services: Services) -> None:
    github.add_repository("course/mnist-ada").push(commit(1))
    github.add_repository("course/mnist-grace").push(commit(2))
    github.fail(primary_limit(4_000_000_000), "GET", "/mnist-ada/pulls")
    sweep = sweep_of(services)
    assert sweep.run() == Swept(repositories=2, queued=1, unread=1)
    assert sweep.run() == Swept(repositories=2, queued=1, unread=0)


def test_a_token_without_rights_finds_nothing_and_says_so(
    github: FakeGitHub, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    github.add_repository("course/mnist-ada").push(commit(1))
    github.tokens["ghs_reader"].expired = True
    assert sweep_of(services).run() == Swept(repositories=0, queued=0, unread=1)
    assert "GitHub does not accept the token" in caplog.text and "ghs_reader" not in caplog.text


def test_forks_are_found_by_their_pull_requests(tmp_path: Path, github: FakeGitHub) -> None:
    text = CONFIGURATION.replace("[course/mnist-*]", "[course/upstream]\n    forks: true")
    services = services_in(tmp_path, f"api_url: {github.api}\n{text}")
    upstream = github.add_repository("course/upstream")
    upstream.push(commit(1))
    upstream.open_pull(commit(2), by="grace", head=github.add_repository("grace/mine", fork=True))
    assert sweep_of(services).run() == Swept(repositories=1, queued=1, unread=0)
    (job,) = all_jobs(services.store)
    assert (job.repository, job.upstream, job.login, job.pull_request) == ("grace/mine", "course/upstream", "grace", 1)
    services.store.close()


def test_a_commit_is_late_by_the_forges_record_of_its_own_push(tmp_path: Path, github: FakeGitHub) -> None:
    """The repository's last push came after the deadline, to another branch; the newest commit of main was in time."""
    repository = github.add_repository("course/mnist-ada")
    shown = datetime.fromisoformat(repository.shown()["pushed_at"])
    ends = shown.replace(year=shown.year - 1)
    services = services_in(tmp_path, f"api_url: {github.api}\n{CONFIGURATION}    deadline: {ends.isoformat()}\n")
    before, after = ends.replace(year=ends.year - 1), ends.replace(month=12, day=30)
    repository.push(commit(1), when=before.isoformat().replace("+00:00", "Z"))
    sweep_of(services).run()
    repository.push(commit(2), when=after.isoformat().replace("+00:00", "Z"))
    sweep_of(services).run()
    late = {job.commit: (job.late, job.received_at) for job in all_jobs(services.store)}
    assert late == {
        commit(1): (False, before.isoformat(timespec="seconds")),
        commit(2): (after > ends, after.isoformat(timespec="seconds")),
    }
    services.store.close()
