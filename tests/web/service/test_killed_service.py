"""A real service is killed in mid-grading: what it had acknowledged is graded, once; what it never heard of, too."""

import socket
from pathlib import Path

import pytest
from a_service import TOKEN, push
from fake_github import serve_fake_github
from running_service import Service, add_commit, new_repository, service_in

_REPOSITORIES = ("ada", "grace", "linus")
_COMMITS = 4
_MINE = {"Authorization": f"Bearer {TOKEN}"}
_ASSIGNMENT = "  - {name: mnist, rubric: demo, repositories: ['course/mnist-*'], train: false, publish: []}\n"


def jobs(service: Service) -> list[dict[str, object]]:
    found: list[dict[str, object]] = service.client.get(f"{service.url}/api/jobs?most=500", headers=_MINE).json()
    return found


def states(service: Service) -> set[object]:
    return {job["state"] for job in jobs(service)}


def cut_off(service: Service, *, announced: int, sent: int) -> bytes:
    """The status of a delivery of which fewer bytes come than announced; b"" where there is no answer.

    What is announced as too large is answered before it has come.
    """
    head = (
        f"POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {announced}\r\nX-GitHub-Event: push\r\n"
        "X-GitHub-Delivery: cut\r\nX-Hub-Signature-256: sha256=0\r\nContent-Type: application/json\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head.encode() + b" " * sent)
        if announced < 2**20:
            connection.shutdown(socket.SHUT_WR)
        return (connection.recv(100).split() or [b"", b""])[1]


@pytest.fixture
def commits(tmp_path: Path) -> dict[str, list[str]]:
    """Commits by repository. None has a model, which is quickly said: this is about the queue."""
    found = {}
    for name in _REPOSITORIES:
        repository = new_repository(tmp_path / "repositories" / "course" / f"mnist-{name}")
        found[f"course/mnist-{name}"] = [
            add_commit(repository, {"README.md": f"{name} {n}\n"}, n) for n in range(_COMMITS)
        ]
    return found


def test_killed_in_mid_grading(tmp_path: Path, commits: dict[str, list[str]]) -> None:
    *delivered, unheard = commits.items()
    with serve_fake_github() as github, service_in(tmp_path, github.api, _ASSIGNMENT) as service:
        github.add_token("ghs_reader", "grader[bot]")
        for name in commits:
            github.add_repository(name)
        service.environment["GITHUB_TOKEN"] = "ghs_reader"
        service.start()
        acknowledged = set()
        for round in range(2):  # everything is delivered twice, and once more under another name
            for name, all_of_it in delivered:
                for number, commit in enumerate(all_of_it):
                    for identifier in (f"{name}-{number}"[-60:].replace("/", "-"), f"again-{round}-{commit}"):
                        answer = service.deliver("push", push(name, commit), identifier)
                        assert answer.status_code == 202
                        acknowledged.add(commit)
        assert cut_off(service, announced=1000, sent=10) in (b"", b"400")
        assert cut_off(service, announced=30 * 2**20, sent=1000) == b"413"
        service.until(lambda: "running" in states(service), "something is graded")
        service.kill()

        for name, (*_, newest) in commits.items():
            github.repositories[name].push(newest)
        service.start()
        heads = {all_of_it[-1] for all_of_it in commits.values()}
        service.until(lambda: len(jobs(service)) == len(acknowledged | heads), "the sweep found what nobody delivered")
        service.until(lambda: states(service) == {"done"}, "everything is graded")
        found = jobs(service)
        assert {job["commit"] for job in found} == acknowledged | {unheard[1][-1]}
        assert len(found) == len(acknowledged) + 1  # each commit once
        assert {job["cause"] for job in found if job["repository"] == unheard[0]} == {"sweep"}
        assert {job["verdict"] for job in found} == {"inconclusive"}  # a person decides what has no model
        assert all(job["report_key"] for job in found)
        assert max(job["attempts"] for job in found) == 2  # what was under way was taken over, and nothing else
        assert service.stop() == 0
    assert "Traceback" not in service.log()
