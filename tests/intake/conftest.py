"""Real git repositories, made in a temporary folder."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.intake.claims.read import read_claims
from grader.intake.discover import discover
from grader.model.claims import Claim


class Repository:
    """A repository with a working folder; `git` runs a command in it and returns what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main", str(folder), where=None)

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def git(self, *arguments: str, given: bytes = b"", where: Path | None = ...) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        folder = self.folder if where is ... else where
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, input=given, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def commit(self, **files: str) -> str:
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, tree: bytes) -> str:
        """A commit of a tree given as `git mktree -z` reads it; main is moved to it."""
        tree_id = self.git("mktree", "-z", "--missing", given=tree)
        commit = self.git("commit-tree", tree_id, "-m", "x")
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[[str], Repository]:
    return lambda name: Repository(tmp_path / name)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


ReadClaims = Callable[..., tuple[tuple[Claim, ...], tuple[str, ...]]]


@pytest.fixture
def claims_of(tmp_path: Path) -> ReadClaims:
    """Write files, then read the claims about the class that `model` names."""

    def read(
        files: Mapping[str, str | bytes], model: str = "model.py:Net", readme: str | None = None, folder: str = "."
    ) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        root = tmp_path / folder
        candidate = discover(root, model=model, checkout=tmp_path).selected
        assert candidate is not None
        return read_claims(root, candidate, checkout=tmp_path, readme=readme)

    return read
