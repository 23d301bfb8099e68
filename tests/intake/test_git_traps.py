"""Repositories that try to have something run; a file that appears would show that it did."""

import os
import subprocess
import time

import pytest

from grader.intake.git import fetch


@pytest.fixture
def trap(tmp_path):
    """(command that springs the trap, whether it sprang)."""
    mark = tmp_path / "sprung"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\ncat\n")
    script.chmod(0o755)
    yield str(script), mark
    assert not mark.exists()


def test_the_trap_does_spring_where_git_is_run_carelessly(repository, trap):
    command, mark = trap
    repository.commit(**{"net.py": "x"})
    repository.git("config", "core.fsmonitor", command)
    repository.git("status")
    assert mark.exists()
    mark.unlink()


def arm(repository, command: str) -> None:
    """Everything in a repository's own configuration that can name a command."""
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass"),
        *("core.alternateRefsCommand", "diff.external", "diff.evil.textconv", "diff.evil.command", "alias.status"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "uploadpack.packObjectsHook"),
        *("credential.helper", "gpg.program", "merge.evil.driver", "sequence.editor"),
    ):
        repository.git("config", key, f"!{command}" if key.startswith("alias") else command)
    hooks = repository.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / name).unlink(missing_ok=True)
        (hooks / name).symlink_to(command)


def test_a_local_folder_with_an_armed_configuration_is_only_read(repository, trap, workspace):
    command, _ = trap
    commit = repository.commit(**{"net.py": "x", ".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    arm(repository, command)
    os.utime(repository.folder / "net.py", (time.time() + 9, time.time() + 9))  # so that it is read again
    submission = fetch(str(repository.folder), workspace=workspace)
    assert (submission.commit, submission.dirty) == (commit, False)
    repository.write("net.py", "y")
    assert fetch(str(repository.folder), workspace=workspace).dirty


def test_a_clone_of_an_armed_repository_runs_nothing(repository, trap, workspace):
    command, _ = trap
    repository.commit(**{"net.py": "x", ".gitattributes": "* filter=evil diff=evil\n"})
    arm(repository, command)
    submission = fetch(repository.url, workspace=workspace)
    assert (submission.root / "net.py").read_text() == "x"


def test_configuration_of_the_user_and_the_environment_is_not_read(repository, trap, workspace, monkeypatch, tmp_path):
    command, _ = trap
    home = tmp_path / "home"
    home.mkdir()
    hooks = home / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").symlink_to(command)
    (home / ".gitconfig").write_text(
        f"[core]\nhooksPath = {hooks}\nfsmonitor = {command}\n[init]\ntemplateDir = {home}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", command)
    repository.commit(**{"net.py": "x"})
    assert fetch(repository.url, workspace=workspace).commit
    assert fetch(str(repository.folder), workspace=workspace).commit


def test_a_bare_repository_inside_a_working_folder_is_no_repository(
    repository, make_repository, trap, workspace, tmp_path
):
    command, _ = trap
    outer = repository.commit(**{"net.py": "x"})
    inner = repository.folder / "docs"
    repository.git("init", "--quiet", "--bare", str(inner))
    (inner / "config").write_text(f"[core]\nbare = false\nworktree = .\nfsmonitor = {command}\n")
    (inner / "net.py").write_text("x")
    submission = fetch(str(repository.folder), path="docs", workspace=workspace)
    assert submission.commit == outer
    assert submission.dirty


def test_a_bare_repository_in_a_folder_outside_git_is_only_a_folder(trap, workspace, tmp_path):
    command, _ = trap
    folder = tmp_path / "handed in"
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    (folder / "config").write_text(f"[core]\nbare = false\nworktree = .\nfsmonitor = {command}\n")
    submission = fetch(str(folder), workspace=workspace)
    assert (submission.commit, submission.dirty) == (None, False)


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% x", "fd::7", "-u", "--upload-pack=touch x", "git://h/x", "http://h/x"]
)
def test_sources_that_are_commands_or_plain_text_protocols_are_refused(url, workspace):
    from grader.errors import UsageError

    with pytest.raises(UsageError):
        fetch(url, workspace=workspace)


def test_a_submodule_that_names_a_command_is_not_touched(repository, trap, workspace):
    command, _ = trap
    commit = repository.commit(**{"net.py": "x"})
    repository.write(".gitmodules", f'[submodule "s"]\n\tpath = s\n\turl = ext::{command}\n\tupdate = none\n')
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    repository.git("commit", "--quiet", "--message=x")
    submission = fetch(repository.url, workspace=workspace)
    assert (submission.root / "net.py").read_text() == "x"
    assert not (submission.root / "s").exists()


def test_a_partial_clone_is_read_without_fetching_what_it_lacks(repository, make_repository, trap, workspace, tmp_path):
    command, _ = trap
    repository.commit(**{"net.py": "x" * 5000, "small.py": "y"})
    partial = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-checkout", "--filter=blob:none", repository.url, str(partial)], check=True
    )
    git = ["git", "-C", str(partial), "config"]
    subprocess.run([*git, "remote.origin.uploadpack", command], check=True)
    submission = fetch(str(partial), workspace=workspace)
    assert submission.commit is not None
    assert submission.dirty  # nothing is checked out
