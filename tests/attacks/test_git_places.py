"""Folders and repositories that point at something of the machine: another repository, a secret, a device."""

import os
import socket
from pathlib import Path

import pytest
from arena import BAIT, CANARY, Arena
from git_repository import Repository
from git_trap import PLAIN, contained, no_model, notes

SECRET = "5ec4e7" * 6 + "abcd"  # a secret of 40 hexadecimal digits looks like a commit


def check_and_keep_quiet(arena: Arena, folder: Path, *secrets: str) -> None:
    """No commit is shown, and none of the secrets stands anywhere."""
    answer = arena.run("check", folder, "--no-train")
    no_model(answer, None, dirty=False)
    for name, text in answer.texts.items():
        assert not [secret for secret in secrets if secret in text], name


@pytest.mark.attack("git", "a .git file that names the repository of someone else")
def test_git_file(arena: Arena, elsewhere: Repository) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / "net.py").write_text(PLAIN)
    (folder / ".git").write_text(f"gitdir: {elsewhere.folder}/.git\n")
    check_and_keep_quiet(arena, folder, elsewhere.git("rev-parse", "HEAD"))
    (folder / ".git").write_text("gitdir: a\0b\n")
    check_and_keep_quiet(arena, folder)


@pytest.mark.attack("git", "a .git that is a link to the repository of someone else")
def test_git_link(arena: Arena, elsewhere: Repository) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / "net.py").write_text(PLAIN)
    (folder / ".git").symlink_to(elsewhere.folder / ".git")
    check_and_keep_quiet(arena, folder, elsewhere.git("rev-parse", "HEAD"))


@pytest.mark.attack("git", "a commondir, as of a second working folder, that leads to the repository of someone else")
def test_commondir(arena: Arena, repository: Repository, elsewhere: Repository) -> None:
    repository.write("net.py", PLAIN)
    repository.write(".git/commondir", f"{elsewhere.folder}/.git\n")
    check_and_keep_quiet(arena, repository.folder, elsewhere.git("rev-parse", "HEAD"))


@pytest.mark.parametrize("linked", ["refs/heads/main", "refs/heads", "refs", "packed-refs", "HEAD"])
@pytest.mark.attack("git", "a ref that is a link to a secret of 40 hexadecimal digits, to be shown as the commit")
def test_ref_to_a_secret(arena: Arena, repository: Repository, linked: str) -> None:
    repository.write("net.py", PLAIN)
    secrets = arena.folder / "home" / "secrets"
    for name in ("refs/heads/main", "heads/main", "main", "token"):
        (secrets / name).parent.mkdir(parents=True, exist_ok=True)
        (secrets / name).write_text(f"{SECRET}\n")
    (secrets / "packed").write_text(f"{SECRET} refs/heads/main\n")
    aims = {"refs/heads/main": "main", "refs/heads": "heads", "refs": "refs", "packed-refs": "packed", "HEAD": "token"}
    place = repository.folder / ".git" / linked
    if place.is_dir():
        place.rename(arena.folder / "aside")
    place.unlink(missing_ok=True)
    place.symlink_to(secrets / aims[linked])
    check_and_keep_quiet(arena, repository.folder, SECRET)


@pytest.mark.parametrize("kind", ["alternates", "link"])
@pytest.mark.attack("git", "objects borrowed from the repository of someone else, to find out what it holds")
def test_objects_elsewhere(arena: Arena, repository: Repository, elsewhere: Repository, kind: str) -> None:
    commit = elsewhere.git("rev-parse", "HEAD")
    objects = repository.folder / ".git" / "objects"
    if kind == "link":
        objects.rename(arena.folder / "aside")
        objects.symlink_to(elsewhere.folder / ".git" / "objects")
    else:
        (objects / "info" / "alternates").write_text(f"{elsewhere.folder}/.git/objects\n")
    repository.write("solution.py", PLAIN)
    repository.write(".git/refs/heads/main", f"{commit}\n")
    repository.write(".git/index", (elsewhere.folder / ".git" / "index").read_bytes())
    # Borrowing is honest (`git clone --shared`), so it is followed; all that is told is whether the folder differs
    # from the commit that it names itself, never what a file there says.
    answer = arena.run("check", repository.folder, "--no-train")
    no_model(answer, commit, dirty=kind == "link")
    assert not [name for name, text in answer.texts.items() if "private" in text]


@pytest.mark.parametrize("name", ["HEAD", "index", "packed-refs", "objects/info/alternates"])
@pytest.mark.attack("git", "a FIFO inside .git, which a reader would wait for")
def test_fifo_in_the_git_folder(arena: Arena, repository: Repository, name: str) -> None:
    arena.monkeypatch.setattr("grader.intake.git_worktree._SECONDS", 1)
    commit = repository.commit(**{"net.py": PLAIN})
    if name == "packed-refs":
        (repository.folder / ".git" / "refs" / "heads" / "main").unlink()
    (repository.folder / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repository.folder / ".git" / name)
    known = name in ("index", "objects/info/alternates")
    no_model(arena.run("check", repository.folder, "--no-train"), commit if known else None, dirty=known)


LINKS = {
    "absolute": "{home}/" + BAIT,
    "relative": "../home/" + BAIT,
    "chained": "net-2",
    "environment": "/proc/self/environ",
    "password file": "/etc/passwd",
    "loop": "net.py",
    "device": "/dev/zero",
}


@pytest.mark.parametrize("aim", LINKS.values(), ids=LINKS)
@pytest.mark.attack("git", "code, README, notebook and .grader.yml that are links out of the folder")
def test_links_out(arena: Arena, repository: Repository, aim: str) -> None:
    home = arena.folder / "home"
    (repository.folder / "net-2").symlink_to(home / BAIT)
    for name in ("net.py", "train.ipynb", "README.md"):
        (repository.folder / name).symlink_to(aim.format(home=home))
    (repository.folder / "package").symlink_to(home)
    commit = repository.commit(**{"main.py": "from net import Net\nfrom package import x\n"})
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert set(notes(answer)) == {
        f"{name} is a symbolic link and was left out." for name in ("net.py", "train.ipynb", "README.md")
    }
    (repository.folder / ".grader.yml").symlink_to(home / BAIT)
    contained(arena.run("check", repository.folder, "--no-train"), 4, ".grader.yml cannot be read")


@pytest.mark.attack("git", "an import that leads through a link, out of the folder, to code of someone else")
def test_import_through_a_link(arena: Arena) -> None:
    folder = arena.folder / "plain"
    (folder / "part").mkdir(parents=True)
    (arena.folder / "home" / "their.py").write_text(
        f"import torch.nn as nn\nclass {'Net'}(nn.Module):\n    x = '{CANARY}'\n"
    )
    (folder / "out").symlink_to(arena.folder / "home")
    (folder / "around").symlink_to("around")
    (folder / "part" / "net.py").write_text("from ..out.their import Net\nfrom ..around.x import y\nmodel = Net()\n")
    contained(arena.run("check", folder, "--path", "part", "--no-train"), 4, "No model was found")


@pytest.mark.parametrize("name", ["net.py", "train.ipynb", "README.md", ".grader.yml", ".gitignore", "__init__.py"])
@pytest.mark.attack("git", "a FIFO and a socket where a file is read")
def test_special_files(arena: Arena, repository: Repository, name: str) -> None:
    arena.monkeypatch.setattr("grader.intake.git_worktree._SECONDS", 1)
    commit = repository.commit(**{"a.py": PLAIN})
    os.mkfifo(repository.folder / name)
    with socket.socket(socket.AF_UNIX) as listener:
        arena.monkeypatch.chdir(repository.folder)
        listener.bind("net-2.py")
        answer = arena.run("check", ".", "--no-train")
    if name == ".grader.yml":
        contained(answer, 4, ".grader.yml is not a regular file")
    else:
        no_model(answer, commit, dirty=name == ".gitignore")


MANIFESTS = {
    "a recipe of the grader's own folder": ("recipe: private/recipe.yaml", "There is no recipe 'private/recipe.yaml'"),
    "a recipe that is a link": ("recipe: link.yaml", "There is no recipe 'link.yaml'"),
    "a recipe above": ("recipe: ../private/recipe.yaml", "must be a path inside the folder"),
    "an absolute recipe": ("recipe: /etc/passwd", "must be a path inside the folder"),
    "a folder above": ("path: ../private", "must be a path inside the folder"),
    "a folder that is a link": ("path: linked", "names the folder 'linked', which is not there"),
    "a loop of links": ("path: loop", "names the folder 'loop', which is not there"),
    "a recipe in a loop of links": ("recipe: loop/x.yaml", "There is no recipe 'loop/x.yaml'"),
    "a name too long for any disk": (f"path: {'a' * 5000}", ".grader.yml names the folder 'aaaa"),
    "a recipe name too long": (f"recipe: {'a' * 5000}.yaml", "There is no recipe"),
    "a model above": ("model: ../private/net.py:Net", "must be a path inside the folder"),
    "an object of Python": ("model: !!python/object/apply:os.system ['id']", ".grader.yml:1"),
    "a bomb of anchors": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases (*name) are not supported"),
    "too large": ("#" * 1_000_000, "larger than 200000 characters"),
    "too deep": ("[" * 1000, "nested deeper than 20 levels"),
    "a name that is a path": ("submissions: [{name: ../../x}]", "must be letters, digits"),
    "a name that hides": ("submissions: [{name: .ssh}]", "must be letters, digits"),
    "the same name twice": ("submissions: [{name: a}, {name: a}]", "appears twice"),
    "too many submissions": ("submissions: [" + "{}, " * 101 + "]", "at most 100"),
    "not text": ("\udcff", ".grader.yml:1: not UTF-8 text"),
}


@pytest.mark.parametrize(("text", "says"), MANIFESTS.values(), ids=MANIFESTS)
@pytest.mark.attack("git", "a .grader.yml that names what is not the submission's, or is not to be read")
def test_manifest(arena: Arena, text: str, says: str) -> None:
    here = arena.folder / "grading"
    (here / "private").mkdir(parents=True)
    (here / "private" / "recipe.yaml").write_text(f"optimizer: {CANARY}\npassword: {CANARY}\n")
    (here / "private" / "net.py").write_text(PLAIN)
    handed_in = here / "handed-in"
    handed_in.mkdir()
    (handed_in / "net.py").write_text(PLAIN)
    (handed_in / "link.yaml").symlink_to(here / "private" / "recipe.yaml")
    (handed_in / "linked").symlink_to(here / "private")
    (handed_in / "loop").symlink_to("loop")
    (handed_in / ".grader.yml").write_bytes(text.encode(errors="surrogateescape"))
    arena.monkeypatch.chdir(here)
    contained(arena.run("check", "handed-in", "--no-train"), 4, says)
    arena.monkeypatch.chdir(handed_in)
    contained(arena.run("check", ".", "--no-train"), 4, says)
