"""Which commit counts at a deadline: what the forge recorded, or what commits claim where that was asked for."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_daemon import git_daemon
from git_repository import Repository
from github_stub import NOTHING, GitHubStub, activity, serve_github

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.deadline import Deadline, parse_deadline
from grader.batch.fetch.github import GitHub, forge_of_environment
from grader.batch.fetch.submission import Fetched, FetchSettings, fetch_submission
from grader.errors import FetchError, SubmissionError, UsageError
from grader.intake.git_history import default_branch, history_until
from grader.intake.git_source import Remote, parse
from grader.intake.git_transfer import transfer
from grader.intake.git_tree import FetchLimits
from grader.model.roster import RosterEntry

DEADLINE = datetime(2026, 3, 10, 12, tzinfo=UTC)


def on(day: int, second: int = 0) -> str:
    return f"2026-03-{day:02}T12:00:{second:02}Z"


class Class:
    """One student's repository behind a git daemon, GitHub's record of it, and what grading makes of both."""

    def __init__(self, repository: Repository, address: str, stub: GitHubStub, workspace: Path) -> None:
        self.repository, self.address, self.stub, self.workspace = repository, address, stub, workspace
        self.commits: list[str] = []
        self.pauses: list[float] = []

    def commit(self, text: str, date: str = "2026-03-01T12:00:00Z") -> str:
        self.repository.write("net.py", text)
        self.repository.git("add", "--all")
        tree = self.repository.git("write-tree")
        parent = ("-p", self.commits[-1]) if self.commits else ()
        made = self.repository.git("commit-tree", tree, *parent, "-m", "x")
        raw = self.repository.git("cat-file", "commit", made)
        seconds = int(datetime.fromisoformat(date).timestamp())
        head = "\n".join(
            f"{line.rsplit(' ', 2)[0]} {seconds} +0000" if line.startswith("committer ") else line
            for line in raw.splitlines()
        )
        made = self.repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=f"{head}\n".encode())
        self.repository.git("update-ref", "refs/heads/main", made)
        self.commits.append(made)
        return made

    def record(self, *entries: dict[str, object]) -> None:
        self.stub.records["course/ada"] = entries

    def fetch(self, *, trust: bool = False, ref: str | None = None, moment: datetime = DEADLINE) -> Fetched:
        back_off = BackOff(attempts=3, draw=lambda _, bound: self.pauses.append(bound) or 0.0)
        settings = FetchSettings(
            back_off=back_off,
            deadline=Deadline(moment, trust_commit_dates=trust),
            forge=GitHub(api=self.stub.url, token="s3cret", longest_wait=3),
        )
        entry = RosterEntry(student="ada", line=2, repository=f"{self.address}/course/ada", ref=ref)
        return fetch_submission(entry, settings, self.workspace)


@pytest.fixture
def course(tmp_path: Path, workspace: Path) -> Iterator[Class]:
    repository = Repository(tmp_path / "served" / "course" / "ada")
    with git_daemon(tmp_path / "served") as address, serve_github() as stub:
        yield Class(repository, address, stub, workspace)


def graded(fetched: Fetched) -> str:
    return (fetched.submission.checkout / "net.py").read_text()


def test_the_last_push_in_time_counts_whatever_dates_its_commits_claim(course):
    first, second, third = (course.commit(str(n), date="2026-03-30T12:00:00Z") for n in (1, 2, 3))
    course.record(
        activity(on(12), second, third),
        activity(on(9), first, second),
        activity(on(1), NOTHING, first, "branch_creation"),
    )
    fetched = course.fetch()
    assert (graded(fetched), fetched.commit, fetched.late) == ("2", second, False)
    assert fetched.received_at == "2026-03-09T12:00:00+00:00"
    assert fetched.notes == ("A push came after the deadline on 2026-03-12T12:00:00+00:00, and was not graded.",)
    assert fetched.submission.ref is None
    assert [path.name for path in course.workspace.iterdir()] == ["checkout"]


@pytest.mark.parametrize(("second", "expected"), [(0, "2"), (1, "1")])
def test_the_second_of_the_deadline_is_in_time_and_the_next_is_not(course, second, expected):
    first, last = course.commit("1"), course.commit("2")
    course.record(activity(on(10, second), first, last), activity(on(9), NOTHING, first, "branch_creation"))
    assert graded(course.fetch()) == expected


def test_a_deadline_in_another_zone_is_the_same_moment(course):
    first, last = course.commit("1"), course.commit("2")
    course.record(activity(on(10), first, last), activity(on(9), NOTHING, first, "branch_creation"))
    assert graded(course.fetch(moment=parse_deadline("2026-03-10T13:00:00+01:00"))) == "2"
    assert course.fetch(moment=parse_deadline("2026-03-10T12:59:59+01:00")).commit == first


def test_what_was_all_late_is_graded_and_marked(course):
    first, last = course.commit("1"), course.commit("2")
    course.record(activity(on(12), first, last), activity(on(11), NOTHING, first, "branch_creation"))
    fetched = course.fetch()
    assert (graded(fetched), fetched.late, fetched.received_at) == ("2", True, "2026-03-12T12:00:00+00:00")
    assert fetched.notes == (
        "Nothing was received before the deadline; the first push came on 2026-03-11T12:00:00+00:00.",
    )


def test_a_forced_push_after_the_deadline_takes_nothing_away(course):
    first, pushed = course.commit("1"), course.commit("in time")
    course.commits.pop()
    forced = course.commit("rewritten")
    course.record(
        activity(on(12), pushed, forced, "force_push"),
        activity(on(11), pushed, pushed),
        activity(on(9), first, pushed),
        activity(on(1), NOTHING, first, "branch_creation"),
    )
    fetched = course.fetch()
    assert (graded(fetched), fetched.commit) == ("in time", pushed)
    assert fetched.notes == (
        "2 pushes came after the deadline, the last on 2026-03-12T12:00:00+00:00 and rewrote history, "
        "and were not graded.",
    )


def test_a_commit_that_is_gone_after_a_forced_push_is_said_and_nothing_else_is_graded(course):
    first, pushed = course.commit("1"), course.commit("in time")
    course.commits.pop()
    forced = course.commit("rewritten")
    (course.repository.folder / ".git" / "objects" / pushed[:2] / pushed[2:]).unlink()
    course.record(
        activity(on(12), pushed, forced, "force_push"),
        activity(on(9), first, pushed),
        activity(on(1), NOTHING, first, "branch_creation"),
    )
    with pytest.raises(FetchError, match=f"{pushed} that counts by GitHub's record is no longer there") as caught:
        course.fetch()
    assert caught.value.fault == "unknown"
    assert "a forced push" in caught.value.mend
    assert list(course.workspace.iterdir()) == []


def test_a_branch_that_was_deleted_and_made_again(course):
    first, second = course.commit("1"), course.commit("2")
    course.record(
        activity(on(12), NOTHING, second, "branch_creation"),
        activity(on(8), first, NOTHING, "branch_deletion"),
        activity(on(7), NOTHING, first, "branch_creation"),
    )
    assert graded(course.fetch()) == "1"


def test_a_record_that_begins_too_late_is_no_ground_for_a_guess(course):
    first, second = course.commit("1"), course.commit("2")
    course.record(activity(on(12), first, second))
    with pytest.raises(FetchError, match=r"is not known: GitHub's record begins on 2026-03-12") as caught:
        course.fetch()
    assert (caught.value.fault, "--trust-commit-dates" in caught.value.mend) == ("unknown", True)
    course.record()
    with pytest.raises(FetchError, match=r"is not known: GitHub's record of main is empty\."):
        course.fetch()


def test_only_the_branch_that_is_graded_counts(course):
    first, second = course.commit("1"), course.commit("2")
    course.repository.git("branch", "final", first)
    course.record(
        activity(on(9), NOTHING, second, "branch_creation"),
        activity(on(8), NOTHING, first, "branch_creation", branch="final"),
    )
    assert graded(course.fetch(ref="final")) == "1"
    assert course.fetch(ref="refs/heads/main").commit == second


def test_a_branch_that_is_not_there_is_the_students_doing_also_at_a_deadline(course):
    course.commit("1")
    course.repository.git("tag", "v1")
    course.record()
    with pytest.raises(SubmissionError, match="has no branch or tag final"):
        course.fetch(ref="final")
    with pytest.raises(FetchError, match=r"GitHub's record of v1 is empty\."):  # it records branches only
        course.fetch(ref="v1")
    with pytest.raises(UsageError, match="is not the name of a branch"):
        course.fetch(ref="--upload-pack=x")


def test_pages_are_asked_for_only_as_far_as_needed(course):
    commits = [course.commit(str(number)) for number in range(4)]
    days = (12, 11, 9, 8)
    course.record(*(activity(on(day), NOTHING, commit) for day, commit in zip(days, reversed(commits), strict=True)))
    course.stub.page = 1
    assert course.fetch().commit == commits[1]
    assert len(course.stub.seen) == 3
    assert course.stub.tokens == {"Bearer s3cret"}


def test_a_commit_that_the_roster_names_is_not_asked_about(course):
    first = course.commit("1")
    course.commit("2")
    fetched = course.fetch(ref=first)
    assert (graded(fetched), course.stub.seen) == ("1", [])
    assert fetched.notes == ("The roster names the commit; the deadline was not applied to it.",)


def test_an_empty_repository_is_said_to_be_empty(course):
    with pytest.raises(SubmissionError, match="is empty"):
        course.fetch()


def test_a_rate_limit_is_waited_out_within_its_bound(course):
    first = course.commit("1")
    course.record(activity(on(9), NOTHING, first, "branch_creation"))
    course.stub.refusals = [
        (429, {"Retry-After": "0"}, b"{}"),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()))}, b"{}"),
    ]
    assert course.fetch().commit == first
    assert len(course.stub.seen) == 3


@pytest.mark.parametrize(
    "refusal",
    [
        (429, {"Retry-After": "3600"}, b"{}"),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3600)}, b"{}"),
        (403, {}, b'{"message": "You have exceeded a secondary rate limit."}'),
    ],
)
def test_a_rate_limit_beyond_the_bound_ends_it(course, refusal):
    course.commit("1")
    course.stub.refusals = [refusal]
    with pytest.raises(FetchError, match=r"GitHub's rate limit is used up for another \d+ minutes") as caught:
        course.fetch()
    assert (caught.value.fault, len(course.stub.seen)) == ("network", 1)


def test_trouble_at_github_is_tried_again_and_is_the_networks_fault(course):
    first = course.commit("1")
    course.record(activity(on(9), NOTHING, first, "branch_creation"))
    course.stub.refusals = [(502, {}, b""), (503, {}, b"")]
    assert course.fetch().commit == first
    assert course.pauses == [1, 2]
    course.stub.refusals = [(500, {}, b"")] * 3
    with pytest.raises(FetchError, match="GitHub's API answers with error 500") as caught:
        course.fetch(trust=True)  # what may pass is no reason to believe the student's dates
    assert caught.value.fault == "network"


@pytest.mark.parametrize(
    ("refusal", "says", "fault"),
    [
        ((401, {}, b""), "does not accept the token", "ours"),
        ((404, {}, b""), r"does not tell the activity of course/ada \(status 404\)", "unknown"),
        ((403, {}, b'{"message": "Resource not accessible"}'), r"\(status 403\)", "unknown"),
        ((200, {}, b'[{"before": 1}]'), "not of the known form", "ours"),
        ((200, {}, b"<html>"), "not of the known form", "ours"),
        ((200, {"Link": '<http://other.example/x>; rel="next"'}, b"[]"), "leads to another host", "ours"),
    ],
)
def test_what_github_refuses_is_said_once(course, refusal, says, fault):
    course.commit("1")
    course.stub.refusals = [refusal]
    with pytest.raises(FetchError, match=says) as caught:
        course.fetch()
    assert (caught.value.fault, len(course.stub.seen)) == (fault, 1)
    assert "s3cret" not in str(caught.value)


def test_dates_that_commits_claim_count_only_when_asked_for_and_it_is_said(course):
    first, second = course.commit("1", date=on(9)), course.commit("2", date=on(11))
    with pytest.raises(FetchError, match="status 404"):
        course.fetch()
    fetched = course.fetch(trust=True)
    assert (graded(fetched), fetched.received_at, fetched.late) == ("1", None, False)
    assert fetched.commit == first
    assert fetched.notes == (
        "GitHub does not tell the activity of course/ada (status 404).",
        "The commit is dated 2026-03-09T12:00:00+00:00, which is the student's claim (--trust-commit-dates).",
        "1 later commit left out.",
    )
    late = course.fetch(trust=True, moment=datetime(2026, 3, 1, tzinfo=UTC))
    assert (late.commit, late.late) == (second, True)
    assert "All commits are dated after the deadline" in late.notes[1]


def test_a_host_without_a_record_needs_trust(course, workspace, tmp_path):
    course.commit("1", date=on(9))
    other = RosterEntry(student="ada", line=2, repository=course.repository.url)
    for trust in (False, True):
        settings = FetchSettings(deadline=Deadline(DEADLINE, trust_commit_dates=trust))
        if trust:
            assert fetch_submission(other, settings, workspace).commit == course.commits[0]
        else:
            with pytest.raises(FetchError, match=r"Nobody records when .* so the deadline cannot be applied") as caught:
                fetch_submission(other, settings, workspace)
            assert "--trust-commit-dates" in caught.value.mend


def test_a_local_folder_is_graded_as_it_is_and_that_is_said(tmp_path, workspace):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "net.py").write_text("x")
    entry = RosterEntry(student="ada", line=2, repository=str(folder))
    fetched = fetch_submission(entry, FetchSettings(deadline=Deadline(DEADLINE)), workspace)
    assert (fetched.submission.root, fetched.late, len(fetched.notes)) == (folder, False, 1)


def test_history_is_fetched_no_deeper_than_needed(course, workspace, monkeypatch):
    for day in range(1, 21):
        course.commit(str(day), date=on(day))
    depths = []
    monkeypatch.setattr(
        "grader.intake.git_history.transfer",
        lambda remote, options, *rest: depths.append(options[0]) or transfer(remote, options, *rest),
    )
    remote = parse(f"{course.address}/course/ada")
    assert isinstance(remote, Remote)
    history = history_until(remote, None, DEADLINE, workspace, FetchLimits())
    assert (history.in_time.commit, history.later, depths) == (
        course.commits[9],
        10,
        ["--depth=1", "--depth=8", "--depth=64"],
    )
    depths.clear()
    history = history_until(remote, "main", datetime(2026, 4, 1, tzinfo=UTC), workspace, FetchLimits())
    assert (history.in_time.commit, history.later, depths) == (course.commits[-1], 0, ["--depth=1"])
    nothing = history_until(remote, None, datetime(2026, 1, 1, tzinfo=UTC), workspace, FetchLimits())
    assert (nothing.in_time, nothing.later, nothing.newest.commit) == (None, 20, course.commits[-1])
    assert list(workspace.iterdir()) == []


def test_commits_alone_are_fetched_where_the_server_filters(course, workspace):
    course.repository.write("weights.bin", "".join(map(chr, range(200))) * 10_000)
    course.commit("1", date=on(12))
    limits = FetchLimits(transfer_bytes=20_000)
    remote = parse(course.repository.url)
    assert isinstance(remote, Remote)
    assert history_until(remote, None, DEADLINE, workspace, limits).in_time is None


def test_the_default_branch(course):
    remote = parse(f"{course.address}/course/ada")
    assert isinstance(remote, Remote)
    assert default_branch(remote, FetchLimits()) is None
    course.commit("1")
    assert default_branch(remote, FetchLimits()) == "main"


@pytest.mark.parametrize("text", ["tomorrow", "", "2026-03-10", "2026-03-10T12:00", "2026-13-10T12:00Z", "1773144000"])
def test_a_deadline_without_zone_or_of_another_form_is_refused(text):
    with pytest.raises(UsageError, match="The deadline") as caught:
        parse_deadline(text)
    assert "2026-03-01T22:59:00Z" in caught.value.mend


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("https://github.com/course/mnist-ada", True),
        ("https://GitHub.com/course/mnist-ada.git", True),
        ("https://user:secret@github.com/course/mnist-ada/", True),
        ("git@github.com:course/mnist-ada.git", True),
        ("ssh://git@ssh.github.com:443/course/mnist-ada.git", True),
        ("https://github.com.evil.example/course/mnist-ada", False),
        ("https://gitlab.com/course/mnist-ada", False),
        ("https://github.com/course", False),
        ("file:///github.com/course/mnist-ada", False),
    ],
)
def test_which_repositories_lie_on_github(url, held):
    remote = parse(url)
    assert isinstance(remote, Remote)
    assert GitHub().holds(remote) is held


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/c/a", "https://x-access-token:t%2Fk@github.com/c/a"),
        ("https://user:own@github.com/c/a", "https://user:own@github.com/c/a"),
        ("https://github.com.evil.example/c/a", "https://github.com.evil.example/c/a"),
        ("http://github.com/c/a", "http://github.com/c/a"),
        ("git@github.com:c/a.git", "git@github.com:c/a.git"),
        ("/a/folder", "/a/folder"),
    ],
)
def test_the_token_is_for_its_own_host_over_https(url, expected):
    assert GitHub(token="t/k").with_credentials(url) == expected
    assert GitHub().with_credentials(url) == url


def test_github_of_the_environment():
    assert forge_of_environment(environment={}) == GitHub()
    found = forge_of_environment(environment={"GH_TOKEN": "t\n", "GITHUB_API_URL": "https://git.uni.example/api/v3"})
    assert (found.host, found.token) == ("git.uni.example", "t")
    assert "'t'" not in repr(found)
    assert forge_of_environment(environment={"GITHUB_TOKEN": "a", "GH_TOKEN": "b"}).token == "a"
    for wrong in ("http://api.github.com", "api.github.com", "file:///x"):
        with pytest.raises(UsageError, match="not the address of GitHub's API"):
            forge_of_environment(environment={"GITHUB_API_URL": wrong})
