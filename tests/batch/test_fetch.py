"""Fetching a student's work: what is tried again, what is not, and whose doing a failure is."""

import base64
import errno
import os
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from git_daemon import git_daemon
from git_repository import Repository
from https_server import Answer, certificate, git_backend, serve

from grader.batch.fetch.back_off import BackOff, persist
from grader.batch.fetch.github import GitHub
from grader.batch.fetch.submission import FetchSettings, fetch_submission
from grader.errors import FetchError, SubmissionError, UsageError
from grader.intake.git_tree import FetchLimits
from grader.model.roster import RosterEntry


class Pauses(list[float]):
    """The bounds that pauses are drawn from; the pauses themselves are none."""

    def __call__(self, _: float, bound: float) -> float:
        self.append(bound)
        return 0.0


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def settings(pauses: Pauses) -> FetchSettings:
    return FetchSettings(back_off=BackOff(attempts=4, draw=pauses))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "served" / "ada")


def entry(url: str | None, **what: str) -> RosterEntry:
    return RosterEntry(student="ada", line=2, repository=url, **what)


def failing(times: int, status: int, otherwise: Answer) -> Answer:
    left = [times]

    def answer(request: BaseHTTPRequestHandler) -> None:
        if left[0] > 0:
            left[0] -= 1
            request.send_response(status)
            request.end_headers()
        else:
            otherwise(request)

    return answer


def test_files_without_a_git_folder_from_a_daemon(repository, settings, workspace, pauses):
    commit = repository.commit(**{"net.py": "net", "data.bin": "x"})
    with git_daemon(repository.folder.parent) as address:
        fetched = fetch_submission(entry(f"{address}/ada/.git"), settings, workspace)
    assert (fetched.commit, fetched.received_at, fetched.late, fetched.notes) == (commit, None, False, ())
    assert [path.name for path in workspace.iterdir()] == ["checkout"]
    assert [path.name for path in fetched.submission.checkout.rglob("*")] == ["net.py"]
    assert pauses == []


def test_branch_and_folder_of_the_roster(repository, settings, workspace):
    repository.commit(**{"s5/net.py": "5", "s6/net.py": "6"})
    repository.git("checkout", "--quiet", "-b", "final")
    commit = repository.commit(**{"s5/net.py": "5!"})
    repository.git("checkout", "--quiet", "main")
    fetched = fetch_submission(entry(repository.url, ref="final", path="s5"), settings, workspace)
    assert fetched.commit == commit
    assert (fetched.submission.root / "net.py").read_text() == "5!"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again(repository, settings, workspace, pauses, monkeypatch, tmp_path, status):
    repository.commit(**{"net.py": "net"})
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(tmp_path)))
    with serve(tmp_path, failing(2, status, git_backend(repository.folder.parent))) as server:
        fetched = fetch_submission(entry(f"{server.url}/ada/.git"), settings, workspace)
    assert (fetched.submission.checkout / "net.py").read_text() == "net"
    assert pauses == [1, 2]


def test_a_private_repository_opens_to_the_token_which_nothing_shows(
    repository, workspace, pauses, monkeypatch, tmp_path
):
    repository.commit(**{"net.py": "net"})
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(tmp_path)))
    whole = git_backend(repository.folder.parent.parent)
    pair = base64.b64encode(b"x-access-token:s3cret").decode()

    def private(request: BaseHTTPRequestHandler) -> None:
        if request.headers.get("Authorization") == f"Basic {pair}":
            whole(request)
        else:
            failing(1, 404, whole)(request)

    with serve(tmp_path, private) as server:
        url = f"{server.url}/served/ada"
        for token, opens in (("s3cret", True), ("other-s3cret", False)):
            forge = GitHub(api="http://127.0.0.1:1", token=token)
            settings = FetchSettings(back_off=BackOff(draw=pauses), forge=forge)
            if opens:
                fetched = fetch_submission(entry(url), settings, workspace)
                assert fetched.submission.source == url
                assert "s3cret" not in repr(fetched)
            else:
                with pytest.raises(FetchError, match="There is no repository at") as caught:
                    fetch_submission(entry(url), settings, workspace)
                assert "s3cret" not in str(caught.value)


def test_a_transfer_that_breaks_off_is_begun_anew(repository, settings, workspace, pauses, monkeypatch, tmp_path):
    repository.commit(**{"net.py": os.urandom(50_000).hex()})
    whole, posts = git_backend(repository.folder.parent), []

    def broken(request: BaseHTTPRequestHandler) -> None:
        if request.command == "POST":
            posts.append(request.path)
        if len(posts) == 2:  # the first transfer of objects
            posts.append("cut")
            request.send_response(200)
            request.send_header("Content-Type", "application/x-git-upload-pack-result")
            request.send_header("Content-Length", "10000")
            request.end_headers()
            request.wfile.write(b"000dpackfile\n0500\x01PACK")
            request.connection.close()
        else:
            whole(request)

    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(tmp_path)))
    with serve(tmp_path, broken) as server:
        fetched = fetch_submission(entry(f"{server.url}/ada/.git"), settings, workspace)
    assert pauses == [1]
    assert len((fetched.submission.checkout / "net.py").read_text()) == 100_000


def test_a_host_that_is_down_is_the_networks_fault_after_some_patience(settings, workspace, pauses, tmp_path):
    with git_daemon(tmp_path) as address:
        pass
    with pytest.raises(FetchError, match=r"cannot be fetched: unable to connect to 127\.0\.0\.1") as caught:
        fetch_submission(entry(f"{address}/ada"), settings, workspace)
    assert caught.value.fault == "network"
    assert "--failed" in caught.value.mend
    assert pauses == [1, 2, 4, 8]


def test_a_name_that_does_not_resolve_is_the_networks_fault(workspace, pauses):
    settings = FetchSettings(back_off=BackOff(attempts=2, draw=pauses))
    with pytest.raises(FetchError, match="Could not resolve host") as caught:
        fetch_submission(entry("https://user:secret@host.invalid/x.git"), settings, workspace)
    assert caught.value.fault == "network"
    assert "secret" not in str(caught.value)
    assert pauses == [1, 2]


@pytest.mark.parametrize(("status", "requests"), [(401, 2), (403, 1), (404, 1)])  # to 401 git answers with credentials
def test_private_or_missing_is_nobodys_known_fault_and_not_tried_again(
    settings, workspace, pauses, monkeypatch, tmp_path, status, requests
):
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(tmp_path)))
    with serve(tmp_path, failing(99, status, git_backend(tmp_path))) as server:
        with pytest.raises(FetchError) as caught:
            fetch_submission(entry(f"{server.url}/ada.git"), settings, workspace)
        assert len(server.seen) == requests
    assert caught.value.fault == "unknown"
    assert "There is no repository at" in str(caught.value) or "is not open to you" in str(caught.value)
    assert pauses == []


def test_what_a_daemon_does_not_export_is_nobodys_known_fault(settings, workspace, pauses, tmp_path):
    with git_daemon(tmp_path) as address, pytest.raises(FetchError, match="is not open to you") as caught:
        fetch_submission(entry(f"{address}/nobody"), settings, workspace)
    assert (caught.value.fault, pauses) == ("unknown", [])


def test_an_empty_repository_is_the_students_doing(repository, settings, workspace, pauses):
    with pytest.raises(SubmissionError, match="is empty"):
        fetch_submission(entry(repository.url), settings, workspace)
    assert pauses == []


@pytest.mark.parametrize(
    ("what", "says"),
    [({"ref": "final"}, "has no branch, tag or commit final"), ({"path": "s5"}, "There is no folder s5")],
)
def test_a_branch_or_folder_that_is_not_there_is_the_students_doing(
    repository, settings, workspace, pauses, what, says
):
    repository.commit(**{"net.py": "net"})
    with pytest.raises(SubmissionError, match=says):
        fetch_submission(entry(repository.url, **what), settings, workspace)
    assert pauses == []


def test_too_large_is_the_students_doing_and_leaves_nothing(repository, pauses, workspace):
    repository.commit(**{f"net{number}.py": os.urandom(1 << 20).hex() for number in range(3)})
    settings = FetchSettings(limits=FetchLimits(transfer_bytes=2 << 20), back_off=BackOff(draw=pauses))
    with pytest.raises(SubmissionError, match="larger than 2 MiB"):
        fetch_submission(entry(repository.url), settings, workspace)
    assert list(workspace.iterdir()) == []
    assert pauses == []


def test_large_weights_beside_the_code_are_never_fetched(repository, settings, workspace):
    repository.commit(**{"net.py": "net", "weights.pt": os.urandom(3 << 20).hex()})
    small = FetchSettings(limits=FetchLimits(transfer_bytes=1 << 20), back_off=settings.back_off)
    assert fetch_submission(entry(repository.url), small, workspace).commit


def test_a_server_that_never_answers_is_the_networks_fault(workspace, pauses, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(tmp_path)))
    settings = FetchSettings(limits=FetchLimits(seconds=0.5), back_off=BackOff(attempts=2, draw=pauses))
    with serve(tmp_path, lambda _: time.sleep(2)) as server, pytest.raises(FetchError, match="took longer") as caught:
        fetch_submission(entry(f"{server.url}/x.git"), settings, workspace)
    assert (caught.value.fault, pauses) == ("network", [1, 2])


def test_a_full_disk_is_ours(repository, settings, workspace, monkeypatch):
    repository.commit(**{"net.py": "net"})

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("grader.intake.git_tree.os.open", full)
    with pytest.raises(FetchError, match="cannot be kept here: No space left on device") as caught:
        fetch_submission(entry(repository.url), settings, workspace)
    assert caught.value.fault == "ours"


def test_a_path_that_leads_out_and_a_missing_repository_are_the_rosters(repository, settings, workspace):
    with pytest.raises(UsageError, match="inside the repository"):
        fetch_submission(entry(repository.url, path="../other"), settings, workspace)
    with pytest.raises(FetchError, match=r"There is no repository: no github_username is known yet\."):
        fetch_submission(entry(None, missing="no github_username is known yet"), settings, workspace)


def test_the_end_of_a_run_ends_a_pause(workspace, tmp_path):
    stop = threading.Event()
    settings = FetchSettings(back_off=BackOff(first=60, draw=lambda _, bound: bound, stop=stop))
    with git_daemon(tmp_path) as address:
        pass
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(FetchError, match="The run was ended"):
        fetch_submission(entry(f"{address}/ada"), settings, workspace)
    assert time.monotonic() - began < 20


def test_pauses_double_up_to_a_bound_and_end_in_time():
    back_off = BackOff(first=1, longest=5, draw=lambda _, bound: bound)
    assert [back_off.pause(attempt) for attempt in range(1, 6)] == [1, 2, 4, 5, 5]
    tried = []
    with pytest.raises(KeyError):
        persist(lambda: tried.append(1) or {}["x"], (KeyError,), BackOff(first=9, altogether=5, draw=back_off.draw))
    assert len(tried) == 1


def test_pauses_differ():
    drawn = {BackOff().pause(3) for _ in range(20)}
    assert len(drawn) == 20
    assert all(0 <= pause <= 4 for pause in drawn)
