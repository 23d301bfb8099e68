"""Repositories whose configuration, hooks, filters or submodules name a command: none of them is ever asked."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from arena import Arena
from git_repository import Repository
from git_trap import PLAIN, Trap, no_model, notes

ATTRIBUTES = "* filter=evil diff=evil merge=evil\n"
CONFIGURATION = {
    "fsmonitor": ["core.fsmonitor"],
    "programs": ["core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass", "sequence.editor"],
    "diff": ["diff.external", "diff.evil.textconv", "diff.evil.command", "merge.evil.driver"],
    "filters": ["filter.evil.clean", "filter.evil.smudge", "filter.evil.process"],
    "credentials and signatures": ["credential.helper", "gpg.program", "gpg.ssh.program"],
    "aliases": ["alias.status", "alias.init", "alias.ls-tree", "alias.fetch"],
}


def set_up(repository: Repository, keys: list[str], command: str) -> str:
    """A commit, a configuration that names the command, and a file that must be read to be compared."""
    commit = repository.commit(**{"net.py": PLAIN, ".gitattributes": ATTRIBUTES})
    for key in keys:
        repository.git("config", key, f"!{command}" if key.startswith("alias") else command)
    os.utime(repository.folder / "net.py", (time.time() + 9, time.time() + 9))
    return commit


@pytest.mark.parametrize("keys", CONFIGURATION.values(), ids=CONFIGURATION)
@pytest.mark.attack("git", "commands in the .git/config of a handed-in folder")
def test_configuration(arena: Arena, repository: Repository, trap: Trap, keys: list[str]) -> None:
    commit = set_up(repository, keys, trap.command)
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


@pytest.mark.parametrize("key", ["core.fsmonitor", "filter.evil.clean"])
def test_the_trap_does_spring_where_git_is_run_in_the_folder(repository: Repository, trap: Trap, key: str) -> None:
    set_up(repository, [key], trap.command)
    subprocess.run(["git", "status"], cwd=repository.folder, capture_output=True, check=False)
    assert trap.mark.exists()


@pytest.mark.attack("git", "a configuration that brings in another file, which names the command")
def test_included_configuration(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN, "evil.config": f"[core]\n\tfsmonitor = {trap.command}\n"})
    repository.git("config", "include.path", "../evil.config")
    repository.git("config", "includeIf.gitdir:/.path", "../evil.config")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "a configuration of the working folder alone, extensions.worktreeConfig")
def test_worktree_configuration(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.git("config", "extensions.worktreeConfig", "true")
    repository.write(".git/config.worktree", f"[core]\n\tfsmonitor = {trap.command}\n")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


HOOKS = (
    "post-checkout",
    "post-merge",
    "reference-transaction",
    "post-index-change",
    "pre-auto-gc",
    "fsmonitor-watchman",
)


def hook(folder: Path, command: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(command)


@pytest.mark.attack("git", "hooks in .git/hooks of a handed-in folder")
def test_hooks(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    hook(repository.folder / ".git" / "hooks", trap.command)
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "hooks of the tree, to which core.hooksPath leads")
def test_hooks_path(arena: Arena, repository: Repository, trap: Trap) -> None:
    hook(repository.folder / "hooks", trap.command)
    commit = repository.commit(**{"net.py": PLAIN})
    repository.git("config", "core.hooksPath", "hooks")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "hooks and configuration on the side that a clone is taken from")
def test_armed_origin(arena: Arena, repository: Repository, trap: Trap) -> None:
    keys = [*(key for keys in CONFIGURATION.values() for key in keys), "uploadpack.packObjectsHook"]
    commit = set_up(repository, [*keys, "core.alternateRefsCommand"], trap.command)
    hook(repository.folder / ".git" / "hooks", trap.command)
    no_model(arena.run("check", repository.url, "--no-train"), commit, dirty=False)


@pytest.mark.attack(
    "git", "a folder that is itself the working folder and a home, with .gitconfig and a template of hooks"
)
def test_graded_from_inside(arena: Arena, repository: Repository, trap: Trap) -> None:
    hook(repository.folder / "template" / "hooks", trap.command)
    repository.write(".gitconfig", f"[init]\n\ttemplateDir = {repository.folder}/template\n[core]\n\tfsmonitor = x\n")
    commit = set_up(repository, [key for keys in CONFIGURATION.values() for key in keys], trap.command)
    arena.monkeypatch.chdir(repository.folder)
    no_model(arena.run("check", ".", "--no-train"), commit, dirty=False)
    no_model(arena.run("check", repository.url, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "url.insteadOf sends every address to a command")
def test_instead_of(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.git("config", f"url.ext::{trap.command}.insteadOf", "file://")
    repository.git("config", "protocol.ext.allow", "always")
    arena.monkeypatch.chdir(repository.folder)
    no_model(arena.run("check", repository.url, "--no-train"), commit, dirty=False)


SUBMODULES = {
    "ext": "ext::{command}",
    "option": "-u{command}",
    "upload-pack": "--upload-pack={command}",
    "file": "file:///etc",
    "another host": "https://127.0.0.1:47911/s.git",
    "relative": "../../../../home/private",
    "ssh option": "ssh://-oProxyCommand={command}/x",
}


@pytest.mark.parametrize("url", SUBMODULES.values(), ids=SUBMODULES)
@pytest.mark.attack("git", "a submodule whose address is a command, an option or a place of this machine")
def test_submodules(arena: Arena, repository: Repository, trap: Trap, url: str) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    address = url.format(command=trap.command)
    repository.write(".gitmodules", f'[submodule "s"]\n\tpath = s\n\turl = "{address}"\n\tupdate = !{trap.command}\n')
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    repository.git("commit", "--quiet", "--message=x")
    head = repository.git("rev-parse", "HEAD")
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, head, dirty=False)
    assert notes(answer) == ["s is a submodule and was not fetched."]
    no_model(arena.run("check", repository.folder, "--no-train"), head, dirty=False)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"


@pytest.mark.attack("git", "LFS pointers and an .lfsconfig that names a server and a program")
def test_lfs(arena: Arena, repository: Repository, trap: Trap) -> None:
    custom = f'[lfs]\n\turl = http://127.0.0.1:47911/\n[lfs "customtransfer.x"]\n\tpath = {trap.command}\n'
    commit = repository.commit(
        **{"net.py": POINTER, "a.py": PLAIN, ".lfsconfig": custom, ".gitattributes": "*.py filter=lfs diff=lfs\n"}
    )
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert notes(answer) == ["net.py is kept in Git LFS and was not fetched."]
    local = arena.run("check", repository.folder, "--no-train")
    no_model(local, commit, dirty=False)
    assert local.report["model"]["problems"] == [
        "net.py is a Git LFS pointer; its content is not part of the repository."
    ]


@pytest.mark.attack("git", "a bare repository in a subfolder, whose fsmonitor runs when git is started there")
def test_embedded_bare_repository(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.git("init", "--quiet", "--bare", "docs")
    repository.write("docs/config", f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {trap.command}\n")
    repository.write("docs/net.py", PLAIN)
    arena.monkeypatch.chdir(repository.folder / "docs")
    no_model(arena.run("check", repository.folder, "--path", "docs", "--no-train"), commit, dirty=True)
    no_model(arena.run("check", ".", "--no-train"), commit, dirty=True)


@pytest.mark.attack("git", "a partial clone: what it lacks is fetched by a command, the first time git looks for it")
def test_promised_objects(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    tree = repository.git("rev-parse", "HEAD^{tree}")
    (repository.folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    repository.git("config", "core.repositoryFormatVersion", "1")
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "remote.origin.url", f"ext::{trap.command}")
    repository.git("config", "remote.origin.uploadpack", trap.command)
    repository.git("config", "remote.origin.promisor", "true")
    repository.git("config", "protocol.ext.allow", "always")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=True)
