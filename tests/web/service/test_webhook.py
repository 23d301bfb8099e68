"""The webhook: what is queued, what is not, and what is refused with which words."""

from dataclasses import replace
from pathlib import Path

import pytest
from a_service import CONFIGURATION, SECRET, all_jobs, commit, pull_request, push, services_in, signed
from asgi_client import Client, client_of
from sqlalchemy import Connection, select

from grader.errors import StoreError
from grader.model.job import Job
from grader.store.engine import Store
from grader.store.queue_tables import DELIVERY
from grader.web.app import create_app
from grader.web.services import Services

ADA = "course/mnist-ada"


def queued(services: Services) -> list[Job]:
    return all_jobs(services.store)


def kept(services: Services) -> list[tuple[str, str]]:
    def read(connection: Connection) -> list[tuple[str, str]]:
        return [(row.id, row.outcome) for row in connection.execute(select(DELIVERY).order_by(DELIVERY.c.id))]

    return services.store.transact(read)


def test_a_push_is_queued_for_its_student(client: Client, services: Services) -> None:
    answer = client.post("/webhook", **signed("push", push("Course/mnist-Ada", commit(1)), "d1"))
    assert (answer.status_code, answer.json()) == (202, {"outcome": "queued"})
    (job,) = queued(services)
    assert (job.assignment, job.repository, job.commit, job.ref) == ("mnist", ADA, commit(1), "refs/heads/main")
    assert (job.student, job.login, job.cause, job.state) == ("ada", "ada", "push", "waiting")
    assert job.received_at == "2026-02-25T06:13:20+00:00"  # GitHub's own time of the push: 1772000000
    assert kept(services) == [("d1", "queued")]


def test_a_delivery_counts_once_however_often_it_comes(client: Client, services: Services) -> None:
    said = [
        client.post("/webhook", **signed("push", push(ADA, commit(number)), "d1")).json()["outcome"]
        for number in (1, 1, 2)
    ]
    assert said == ["queued", "delivered before", "delivered before"]
    assert [job.commit for job in queued(services)] == [commit(1)]


def test_a_commit_is_queued_once_whoever_tells_of_it(client: Client, services: Services) -> None:
    client.post("/webhook", **signed("push", push(ADA, commit(1)), "d1"))
    client.post("/webhook", **signed("pull_request", pull_request(ADA, commit(1), 7), "d2"))
    client.post("/webhook", **signed("pull_request", pull_request(ADA, commit(1), 7, action="reopened"), "d3"))
    (job,) = queued(services)
    assert (job.cause, job.pull_request) == ("push", 7)


@pytest.mark.parametrize(
    ("event", "payload", "outcome"),
    [
        ("push", push("course/other", commit(1)), "not a configured repository"),
        ("push", push(ADA, commit(1), "try-out"), "not a branch that is graded"),
        ("push", push(ADA, commit(0), deleted=True), "the branch was deleted"),
        ("push", push(ADA, commit(1), ref="refs/tags/v1"), "not a branch"),
        ("pull_request", pull_request("other/mnist-ada", commit(1)), "not a configured repository"),
        ("pull_request", pull_request(ADA, commit(1), action="labeled"), "nothing to grade in that"),
        ("pull_request", pull_request(ADA, commit(1), state="closed"), "the pull request is closed"),
        ("pull_request", pull_request(ADA, commit(1), head="eve/mnist-ada"), "a pull request from a fork"),
        ("pull_request", pull_request(ADA, commit(1), head=None), "a pull request from a fork"),
        ("ping", {"zen": "Keep it logically awesome."}, "pong"),
        ("star", {"action": "created"}, "an event that is not needed"),
    ],
)
def test_what_needs_no_grading_says_why(
    client: Client, services: Services, event: str, payload: dict[str, object], outcome: str
) -> None:
    answer = client.post("/webhook", **signed(event, payload, "d1"))
    assert (answer.status_code, answer.json()["outcome"]) == (202, outcome)
    assert queued(services) == []
    assert kept(services) == [("d1", outcome)]


FORKS = CONFIGURATION.replace("[course/mnist-*]", "[course/upstream]\n    forks: true\n    roster: students.csv")


def test_an_assignment_of_forks_takes_pull_requests_for_their_authors_alone(tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text("identifier,github_username,name\ns1,Grace,Grace H.\n")
    services = services_in(tmp_path, FORKS)
    with client_of(create_app(services)) as client:
        client.post("/webhook", **signed("push", push("course/upstream", commit(1)), "d1"))
        fork = pull_request("course/upstream", commit(2), 5, head="Grace/mine")
        client.post("/webhook", **signed("pull_request", fork, "d2"))
    (job,) = queued(services)
    assert (job.repository, job.upstream, job.home) == ("grace/mine", "course/upstream", "course/upstream")
    assert (job.student, job.login, job.pull_request, job.commit) == ("s1", "grace", 5, commit(2))
    services.store.close()


@pytest.mark.parametrize(
    ("received", "late"), [(1772000000, False), (1772000001, True), (4000000000, True), (None, True)]
)
def test_late_is_what_the_forge_had_after_the_deadline(tmp_path: Path, received: int | None, late: bool) -> None:
    """A time that lies in the future, or none, is the delivery's own."""
    deadline = "    deadline: 2026-02-25T07:13:20+01:00\n"  # 1772000000
    services = services_in(tmp_path, CONFIGURATION + deadline)
    event = push(ADA, commit(1))
    event["repository"]["pushed_at"] = received
    with client_of(create_app(services)) as client:
        client.post("/webhook", **signed("push", event, "d1"))
    assert [job.late for job in queued(services)] == [late]
    services.store.close()


def test_a_wrong_signature_is_refused_and_nothing_is_kept(client: Client, services: Services) -> None:
    good = signed("push", push(ADA, commit(1)), "d1")
    forged = signed("push", push(ADA, commit(1)), "d1", secret="another secret of thirty-two letters")
    changed = {**good, "content": good["content"].replace(b"ada", b"eve")}
    unsigned = {**good, "headers": {k: v for k, v in good["headers"].items() if k != "X-Hub-Signature-256"}}
    old = {**good, "headers": {**good["headers"], "X-Hub-Signature-256": "sha1=" + "0" * 40}}
    strange = {**good, "headers": {**good["headers"], "X-Hub-Signature-256": b"sha256=\xe9"}}
    for sent in (forged, changed, unsigned, old, strange):
        assert client.post("/webhook", **sent).status_code == 403
    assert queued(services) == [] and kept(services) == []


def test_an_address_that_guesses_signatures_is_not_read_any_more(client: Client) -> None:
    forged = signed("push", push(ADA, commit(1)), "d1", secret="another secret of thirty-two letters")
    found = [client.post("/webhook", **forged).status_code for _ in range(31)]
    assert found == [403] * 30 + [429]
    answer = client.post("/webhook", **forged)
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"ref": "refs/heads/main", "after', "The push event is not of the known form."),
        (b"[]", "The push event is not of the known form."),
        (b"\xff\xfe", "The push event is not of the known form."),
        (b"[" * 200_000, "The push event is not of the known form."),
        (b'{"ref": "refs/heads/main"}', "The push event is not of the known form at after."),
    ],
)
def test_a_signed_delivery_that_is_no_event_is_a_bad_request(client: Client, body: bytes, said: str) -> None:
    answer = client.post("/webhook", **signed("push", body, "d1"))
    assert (answer.status_code, answer.json()["detail"]) == (400, said)


@pytest.mark.parametrize("full_name", ["course/../mnist-ada", "course/mnist-ada\n", "course", "-x/..", "a/b/c"])
def test_a_repository_of_no_known_form_leads_nowhere(client: Client, services: Services, full_name: str) -> None:
    client.post("/webhook", **signed("push", push(full_name, commit(1)), "d1"))
    assert queued(services) == []


def test_a_delivery_of_another_form_is_a_bad_request(client: Client) -> None:
    good = signed("push", push(ADA, commit(1)), "d1")
    for name, value in (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-GitHub-Delivery", ""),
        ("X-GitHub-Delivery", "d" * 65),
        ("X-GitHub-Event", "Push!"),
    ):
        answer = client.post("/webhook", content=good["content"], headers={**good["headers"], name: value})
        assert answer.status_code == 400, (name, value)


def test_thirty_megabytes_are_refused_announced_or_not(client: Client) -> None:
    large = signed("push", b" " * (30 * 2**20), "d1")
    assert client.post("/webhook", **large).status_code == 413

    def pieces():  # type: ignore[no-untyped-def]
        for _ in range(30):
            yield b" " * 2**20

    answer = client.post("/webhook", content=pieces(), headers=large["headers"])
    assert (answer.status_code, answer.json()["detail"]) == (413, "A delivery has at most 25 MB.")


def test_where_the_store_is_away_github_is_told_so(services: Services) -> None:
    class Away(Store):
        def transact(self, work):  # type: ignore[no-untyped-def]
            raise StoreError("The store /secret/place is away.")

    away = replace(services, store=Away(services.store.engine, ""))
    with client_of(create_app(away)) as client:
        answer = client.post("/webhook", **signed("push", push(ADA, commit(1)), "d1"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "secret" not in answer.text
        assert client.get("/readyz").status_code == 503


def test_the_secret_is_in_no_text(services: Services) -> None:
    assert SECRET not in repr(services)
