"""Fetching real repositories: what arrives, what is left out, and what is said when nothing can."""

import os

import pytest

from grader.errors import GraderError, SubmissionError, UsageError
from grader.intake.git import fetch
from grader.intake.git_tree import FetchLimits


def files(submission) -> dict[str, str]:
    paths = (path for path in submission.checkout.rglob("*") if path.is_file())
    return {path.relative_to(submission.checkout).as_posix(): path.read_text() for path in paths}


def test_a_clone_holds_code_and_text_of_one_pinned_commit(repository, workspace):
    repository.commit(**{"old.py": "1"})
    repository.git("rm", "--quiet", "old.py")
    commit = repository.commit(**{"net.py": "net", "a/b.ipynb": "{}", "README": "read", "data.bin": "x", "x.PY": "y"})
    submission = fetch(repository.url, workspace=workspace)
    assert files(submission) == {"net.py": "net", "a/b.ipynb": "{}", "README": "read", "x.PY": "y"}
    assert submission.commit == commit
    assert (submission.source, submission.ref, submission.dirty) == (repository.url, None, False)
    assert submission.root == submission.checkout
    assert not (submission.checkout / ".git").exists()


def test_branch_tag_and_commit(repository, workspace):
    first = repository.commit(**{"net.py": "first"})
    repository.git("tag", "--annotate", "--message=x", "v1")
    repository.git("checkout", "--quiet", "-b", "feature/x")
    repository.commit(**{"net.py": "second"})
    repository.git("checkout", "--quiet", "main")
    repository.commit(**{"net.py": "third"})
    for index, (ref, content) in enumerate(
        {"v1": "first", "feature/x": "second", "main": "third", first: "first"}.items()
    ):
        place = workspace / str(index)
        place.mkdir()
        submission = fetch(repository.url, ref=ref, workspace=place)
        assert files(submission) == {"net.py": content}
        assert submission.ref == ref
        assert len(submission.commit) == 40


def test_one_folder_of_many(repository, workspace):
    names = ("a 1/net.py", "a 1/sub/x.py", "a 1/notes.txt", "b/base.py", "b/train.ipynb", "b/notes.txt", "README.md")
    repository.commit(**{name: name for name in names})
    submission = fetch(repository.url, path="a 1", workspace=workspace)
    # Of the rest, what its code may import, and the README that may speak of it.
    assert set(files(submission)) == {*names} - {"b/train.ipynb", "b/notes.txt"}
    assert all(name == content for name, content in files(submission).items())
    assert submission.root == submission.checkout / "a 1"
    assert submission.path == "a 1"


def test_a_folder_does_not_suffer_from_a_repository_that_is_too_large(repository, workspace):
    repository.commit(**{"a/net.py": "a", **{f"b/{number}.py": "b" for number in range(9)}})
    submission = fetch(repository.url, path="a", workspace=workspace, limits=FetchLimits(files=5))
    assert files(submission) == {"a/net.py": "a"}


def test_strange_names_arrive_unchanged(repository, workspace):
    names = ["two words.py", "100%.py", "a\nb.py", "\u202egnp.py", "ä ö.py", "-rf.py", "*.py", ":(top)x.py"]
    repository.commit(**dict.fromkeys(names, "x"))
    submission = fetch(repository.url, workspace=workspace)
    assert sorted(files(submission)) == sorted(names)


def test_links_submodules_and_lfs_pointers_are_left_out_and_said(repository, make_repository, workspace):
    other = make_repository("other")
    other_commit = other.commit(**{"x.py": "x"})
    repository.write("net.py", "net")
    repository.write("big.ipynb", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")
    (repository.folder / "secret.py").symlink_to("/etc/passwd")
    (repository.folder / "folder").symlink_to("/etc")
    repository.git("add", "--all")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{other_commit},sub")
    repository.git("commit", "--quiet", "--message=x")
    submission = fetch(repository.url, workspace=workspace)
    assert files(submission) == {"net.py": "net"}
    assert not any(path.is_symlink() for path in submission.checkout.rglob("*"))
    assert set(submission.notes) == {
        "secret.py is a symbolic link and was left out.",
        "sub is a submodule and was not fetched.",
        "big.ipynb is kept in Git LFS and was not fetched.",
    }


@pytest.mark.parametrize("filtered", [True, False])
def test_large_files_are_left_out_whether_the_server_filters_or_not(repository, workspace, filtered, monkeypatch):
    if not filtered:
        monkeypatch.setattr("grader.intake.git_transfer._LOCAL_SIDE", "git upload-pack")
    repository.commit(**{"net.py": "net", "large.py": "x" * 3_000_000})
    submission = fetch(repository.url, workspace=workspace, limits=FetchLimits(file_bytes=1 << 20))
    assert files(submission) == {"net.py": "net"}
    assert submission.notes == ("large.py is larger than 1 MiB and was left out.",)


def test_what_grading_does_not_read_is_never_transferred(repository, workspace):
    repository.commit(**{"net.py": "net", "weights.bin": os.urandom(1 << 20).hex()})
    fetch(repository.url, workspace=workspace, limits=FetchLimits(transfer_bytes=100_000))
    packs = list((workspace / "repository.git" / "objects").rglob("*.pack"))
    assert packs
    assert sum(pack.stat().st_size for pack in packs) < 10_000


def test_blobs_that_the_server_lacks_are_left_out_and_said(repository, workspace):
    repository.commit(**{"net.py": "net", "gone.ipynb": "{}", "lost.py": "lost"})
    for name in ("gone.ipynb", "lost.py"):
        oid = repository.git("rev-parse", f"HEAD:{name}")
        (repository.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    submission = fetch(repository.url, workspace=workspace)
    assert files(submission) == {"net.py": "net"}
    assert set(submission.notes) == {
        f"{n} is absent from the server and was left out." for n in ("gone.ipynb", "lost.py")
    }


def test_names_that_lead_out_or_are_not_text_never_arrive(repository, workspace):
    blob = repository.blob(b"x")
    rows = [b"caf\xe9.py", b"ok.py", b"x" * 300 + b".py"]
    repository.commit_tree(b"".join(b"100644 blob %s\t%s\0" % (blob.encode(), name) for name in rows))
    submission = fetch(repository.url, workspace=workspace)
    assert files(submission) == {"ok.py": "x"}
    assert len(submission.notes) == 2


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT"])
def test_a_tree_with_a_forbidden_name_is_refused(repository, workspace, name):
    inner = repository.git("mktree", given=b"100644 blob %s\tx.py\n" % repository.blob(b"x").encode())
    raw = b"40000 %s\0" % name + bytes.fromhex(inner)
    tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=raw)
    commit = repository.git("commit-tree", tree, "-m", "x")
    repository.git("update-ref", "refs/heads/main", commit)
    with pytest.raises(SubmissionError, match="damaged or malicious"):
        fetch(repository.url, workspace=workspace)
    assert not (workspace / "x.py").exists()


def bomb(repository, leaf: bytes) -> None:
    entry = leaf
    for _ in range(11):
        tree = repository.git("mktree", "-z", "--missing", given=b"".join(entry % f"d{n}".encode() for n in range(10)))
        entry = b"040000 tree " + tree.encode() + b"\t%s\0"
    repository.commit_tree(entry % b"top")


@pytest.mark.parametrize("kind", ["files", "empty folders"])
def test_a_git_bomb_is_refused_while_it_is_listed(repository, workspace, kind):
    if kind == "files":
        leaf = b"100644 blob " + repository.blob(b"boom").encode() + b"\t%s.py\0"
    else:
        leaf = b"040000 tree " + repository.git("mktree", given=b"").encode() + b"\t%s\0"
    bomb(repository, leaf)
    with pytest.raises(SubmissionError, match="holds more than"):
        fetch(repository.url, workspace=workspace)
    assert not (workspace / "checkout").exists()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (FetchLimits(entries=2), "more than 2 files and folders"),
        (FetchLimits(files=2), "more than 2 files of code and text"),
        (FetchLimits(total_bytes=10), "code and text are larger than"),
        (FetchLimits(transfer_bytes=1000), "larger than 0 MiB"),
        (FetchLimits(seconds=0), "longer than 0 seconds"),
    ],
)
def test_limits_are_held_before_anything_is_written(repository, workspace, limits, message):
    repository.commit(**{f"{name}.py": os.urandom(600).hex() for name in "abc"})
    with pytest.raises(SubmissionError, match=message):
        fetch(repository.url, workspace=workspace, limits=limits)
    assert not list(workspace.rglob("*.py"))


def test_an_empty_repository_and_one_without_code(repository, workspace):
    with pytest.raises(SubmissionError, match="is empty"):
        fetch(repository.url, workspace=workspace / "..")
    repository.commit(**{"data.bin": "x"})
    with pytest.raises(SubmissionError, match="holds no code"):
        fetch(repository.url, workspace=workspace)


def test_a_folder_without_code(repository, workspace):
    repository.commit(**{"net.py": "x", "data/x.bin": "x"})
    with pytest.raises(SubmissionError, match=r"The folder data of .* holds no code"):
        fetch(repository.url, path="data", workspace=workspace)


@pytest.mark.parametrize("ref", ["nope", "0" * 40, "refs/heads/nope"])
def test_an_unknown_ref_is_named(repository, workspace, ref):
    repository.commit(**{"net.py": "x"})
    with pytest.raises(UsageError, match=f"has no branch, tag or commit {ref}"):
        fetch(repository.url, ref=ref, workspace=workspace)


def test_a_short_commit_is_answered_with_what_is_needed(repository, workspace):
    commit = repository.commit(**{"net.py": "x"})
    with pytest.raises(UsageError, match="all 40 digits"):
        fetch(repository.url, ref=commit[:8], workspace=workspace)


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch x", "a b", "a..b", "main:refs/heads/x", "@{-1}", "x\n", "+main", "^x"]
)
def test_refs_that_are_options_or_more_than_a_name_are_refused(repository, workspace, ref):
    repository.commit(**{"net.py": "x"})
    with pytest.raises(UsageError):
        fetch(repository.url, ref=ref, workspace=workspace)


def test_a_folder_that_is_not_there_names_those_that_are(repository, workspace):
    repository.commit(**{"one/a.py": "", "two/a.py": "", "net.py": ""})
    with pytest.raises(UsageError, match="There is no folder three in the repository: there are one, two"):
        fetch(repository.url, path="three", workspace=workspace)


def test_a_path_to_a_file_and_paths_that_lead_out(repository, workspace, tmp_path):
    repository.commit(**{"net.py": ""})
    with pytest.raises(UsageError, match="is a file"):
        fetch(repository.url, path="net.py", workspace=workspace)
    for path in ("..", "/etc", "a/../..", "a\0b"):
        with pytest.raises(UsageError, match="without"):
            fetch(repository.url, path=path, workspace=workspace)


def test_places_without_a_repository(workspace, tmp_path):
    with pytest.raises(UsageError, match="There is no repository at"):
        fetch((tmp_path / "nowhere").as_uri(), workspace=workspace)
    with pytest.raises(GraderError, match="Could not resolve host") as caught:
        fetch("https://user:secret-token@host.invalid/x.git", workspace=workspace / "..")
    assert caught.value.exit_code == 3
    assert "secret" not in str(caught.value)
