"""Local folders are graded in place; commit and state are found without running git in them."""

import subprocess

import pytest

from grader.errors import UsageError
from grader.intake.git import fetch
from grader.intake.git_worktree import State, state


def test_a_folder_outside_git(tmp_path, workspace):
    folder = tmp_path / "plain"
    (folder / "sub").mkdir(parents=True)
    submission = fetch(str(folder), path="sub", workspace=workspace)
    assert (submission.checkout, submission.root, submission.path) == (folder, folder / "sub", "sub")
    assert (submission.commit, submission.dirty) == (None, False)
    assert list(workspace.iterdir()) == []


def test_clean_changed_added_removed_and_ignored_files(repository):
    commit = repository.commit(**{"net.py": "x", "sub/a.py": "a", ".gitignore": "*.pyc\n"})
    assert state(repository.folder) == State(commit)
    repository.write("x.pyc", "")
    assert state(repository.folder) == State(commit)
    repository.write("net.py", "y")
    assert state(repository.folder) == State(commit, dirty=True)
    assert state(repository.folder / "sub") == State(commit)  # only what is graded counts
    repository.write("sub/new.py", "")
    assert state(repository.folder / "sub").dirty
    (repository.folder / "sub" / "new.py").unlink()
    (repository.folder / "sub" / "a.py").unlink()
    assert state(repository.folder / "sub").dirty


def test_a_staged_change_is_a_change(repository):
    commit = repository.commit(**{"net.py": "x"})
    repository.write("net.py", "y")
    repository.git("add", "net.py")
    assert state(repository.folder) == State(commit, dirty=True)


def test_refs_packed_detached_absent_and_in_another_working_folder(repository, tmp_path):
    first = repository.commit(**{"net.py": "x"})
    repository.git("pack-refs", "--all")
    assert state(repository.folder) == State(first)
    second = repository.commit(**{"net.py": "y"})
    assert state(repository.folder) == State(second)
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "second"), first)
    assert state(tmp_path / "second") == State(first)
    repository.git("checkout", "--quiet", "--orphan", "none")
    assert state(repository.folder).commit is None


@pytest.mark.parametrize(
    "head", ["ref: ../../../../etc/passwd", "ref: refs/../../x", "ref: HEAD", "garbage", "", "0" * 64]
)
def test_a_head_that_is_no_head_is_no_commit(repository, head):
    repository.commit(**{"net.py": "x"})
    (repository.folder / ".git" / "HEAD").write_text(head)
    assert state(repository.folder) == State(None)


def test_a_damaged_repository_counts_as_changed(repository):
    commit = repository.commit(**{"net.py": "x"})
    (repository.folder / ".git" / "index").write_bytes(b"garbage")
    assert state(repository.folder) == State(commit, dirty=True)


def test_nothing_is_written_into_the_repository(repository):
    repository.commit(**{"net.py": "x"})
    before = {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*")}
    state(repository.folder)
    assert {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*")} == before


def test_paths_that_are_not_there_or_lead_out(tmp_path, workspace):
    (tmp_path / "one").mkdir()
    (tmp_path / "net.py").write_text("")
    (tmp_path / "out").symlink_to("/etc")
    cases = {
        "nope": "There is no folder nope: there are one",
        "net.py": "--path net.py is a file",
        "out": "leads out of the repository by a symbolic link",
        "../x": "without",
    }
    for path, message in cases.items():
        with pytest.raises(UsageError, match=message):
            fetch(str(tmp_path), path=path, workspace=workspace)


def test_sources_that_are_no_folder(tmp_path, workspace):
    (tmp_path / "net.py").write_text("")
    with pytest.raises(UsageError, match="is a file") as caught:
        fetch(str(tmp_path / "net.py"), workspace=workspace)
    assert "--model net.py:CLASS" in caught.value.mend
    with pytest.raises(UsageError, match="There is no folder"):
        fetch(str(tmp_path / "nope"), workspace=workspace)
    for source in ("", "x\0y", "x" * 5000):
        with pytest.raises(UsageError):
            fetch(source, workspace=workspace) if source else fetch("\n", workspace=workspace)


def test_a_ref_needs_a_url(repository, workspace):
    with pytest.raises(UsageError, match="needs a URL") as caught:
        fetch(str(repository.folder), ref="main", workspace=workspace)
    assert repository.url in caught.value.mend


def test_without_git_a_folder_can_still_be_graded(repository, workspace, monkeypatch, tmp_path):
    commit = repository.commit(**{"net.py": "x"})
    monkeypatch.setenv("PATH", str(tmp_path))
    submission = fetch(str(repository.folder), workspace=workspace)
    assert (submission.commit, submission.dirty) == (commit, True)


def test_names_with_a_colon_a_quote_or_a_newline(make_repository):
    for name in ("a:b", 'a"b', "a b", "ä"):
        repository = make_repository(name)
        commit = repository.commit(**{"net.py": "x"})
        assert state(repository.folder) == State(commit)
    repository = make_repository("a\nb")  # which the list of borrowed objects cannot name
    commit = repository.commit(**{"net.py": "x"})
    assert state(repository.folder) == State(commit, dirty=True)


def test_the_folder_of_git_is_not_left_behind(repository, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    repository.commit(**{"net.py": "x"})
    state(repository.folder)
    assert list(temporary.iterdir()) == []
    assert (
        subprocess.run(["git", "-C", str(repository.folder), "fsck"], check=False, capture_output=True).returncode == 0
    )
