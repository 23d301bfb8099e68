"""Honest repositories that look like the attacks: they are graded, and nothing is suspected."""

import pytest
from arena import Answer, Arena
from git_repository import Repository
from git_trap import PLAIN, no_model, notes

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Conv2d(1, 8, 3), nn.Conv2d(8, 32, 3)])
        self.bn = nn.BatchNorm2d(32)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        for conv in self.hidden:
            x = torch.relu(conv(x))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
"""
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"


def unharmed(answer: Answer, commit: str) -> None:
    """Graded like the same model in a folder without git."""
    assert answer.breaches == ()
    report = answer.report
    statuses = {outcome["id"]: outcome["status"] for outcome in report["outcomes"]}
    assert statuses == {
        "parameters": "passed",
        "batch_norm": "passed",
        "dropout": "passed",
        "head": "passed",
        "receptive_field": "failed",
        "receptive_field_28": "failed",
    }
    assert report["facts"]["parameters"]["total"] == 2810
    assert (report["provenance"]["commit"], report["provenance"]["dirty"]) == (commit, False)
    assert [flag for flag in report["flags"] if flag["kind"] not in ("intake", "mode_difference")] == []


@pytest.mark.attack("git", "names in many scripts, with spaces, in a folder that --path names", kind="control")
def test_unicode_names(arena: Arena, repository: Repository) -> None:
    commit = repository.commit(
        **{"Übung 1/模型 v2.py": MODEL, "Übung 1/Léeme – 网络.md": "# Netz\n", "a b/c.py": PLAIN}
    )
    answer = arena.run("check", repository.url, "--path", "Übung 1", "--no-train")
    unharmed(answer, commit)
    assert answer.report["model"]["file"] == "模型 v2.py"
    assert "模型 v2.py" in answer.stdout
    assert all("模型 v2.py" in answer.texts[f"report.{kind}"] for kind in ("json", "md", "html"))


@pytest.mark.attack(
    "git", "hooks of its own (husky), a configuration of its own, links inside the tree", kind="control"
)
def test_husky(arena: Arena, repository: Repository) -> None:
    repository.write(".husky/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    (repository.folder / "README.md").symlink_to("docs/README.md")
    (repository.folder / "latest").symlink_to("weeks/2")
    repository.git("config", "core.hooksPath", ".husky")
    repository.git("config", "alias.st", "status")
    files = {"model.py": MODEL, "docs/README.md": "# Net\n", "weeks/2/notes.txt": "x", ".gitignore": "*.pyc\n"}
    commit = repository.commit(**files)
    repository.write("x.pyc", "")
    unharmed(arena.run("check", repository.folder, "--no-train"), commit)


@pytest.mark.attack("git", "a submodule and LFS attributes that grading does not need; a long history", kind="control")
def test_submodule_and_lfs(arena: Arena, repository: Repository) -> None:
    other = Repository(arena.folder / "other").commit(**{"x.py": "x"})
    attributes = "*.pt filter=lfs diff=lfs merge=lfs -text\n"
    for number in range(30):
        repository.commit(**{"model.py": f"# {number}\n{MODEL}", ".gitattributes": attributes, "net.pt": POINTER})
        repository.git("tag", f"v{number}")
    repository.write(".gitmodules", '[submodule "data"]\n\tpath = data\n\turl = https://github.com/o/data.git\n')
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{other},data")
    repository.git("add", ".gitmodules")
    repository.git("commit", "--quiet", "--message=x")
    answer = arena.run("check", repository.url, "--ref", "main", "--no-train")
    unharmed(answer, repository.git("rev-parse", "HEAD"))
    assert notes(answer) == ["data is a submodule and was not fetched."]


@pytest.mark.attack("git", "a second working folder, a submodule's folder, objects shared with a clone", kind="control")
def test_git_folders_elsewhere(arena: Arena, repository: Repository) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.git("worktree", "add", "--quiet", "--detach", str(arena.folder / "second"), commit)
    repository.git("worktree", "add", "--quiet", "--detach", "inside", commit)
    repository.git("clone", "--quiet", "--shared", ".", str(arena.folder / "shared"))
    outer = Repository(arena.folder / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repository.url, "week 1")
    for folder in (
        arena.folder / "second",
        repository.folder / "inside",
        arena.folder / "shared",
        outer.folder / "week 1",
    ):
        no_model(arena.run("check", folder, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "symbolic links as old git wrote them, packed refs, a branch with slashes", kind="control")
def test_old_layout(arena: Arena, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature/über/x")
    commit = repository.commit(**{"net.py": PLAIN})
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)
    repository.git("pack-refs", "--all")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)
    repository.write(".git/refs/heads/main", f"{commit}\n")
    (repository.folder / ".git" / "HEAD").unlink()
    (repository.folder / ".git" / "HEAD").symlink_to("refs/heads/main")
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)
