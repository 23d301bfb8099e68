"""Trees, names and objects made to exhaust, mislead or confuse whoever reads them."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from arena import Arena
from git_repository import Repository
from git_trap import PLAIN, contained, limit, no_model, notes

SECONDS = 20  # far more than any of these may take, far less than they would


@pytest.fixture(autouse=True)
def in_time() -> object:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SECONDS


def import_files(repository: Repository, *paths: str | bytes, content: bytes = b"WIDTH = 3\n") -> str:
    """One commit with these paths, written as they are; no file is made for it."""
    raw = [path if isinstance(path, bytes) else path.encode() for path in paths]
    quoted = [b'"%s"' % path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") for path in raw]
    blob = b"blob\nmark :1\ndata %d\n%s\n" % (len(content), content)
    head = b"commit refs/heads/main\ncommitter a <a@b.example> 0 +0000\ndata 0\n"
    repository.git(
        "fast-import", "--quiet", given=blob + head + b"".join(b"M 100644 :1 %s\n" % path for path in quoted)
    )
    return repository.git("rev-parse", "refs/heads/main")


@pytest.mark.parametrize("leaf", ["files", "folders"])
@pytest.mark.attack("git", "a git bomb: a dozen objects, a tree of ten billion paths")
def test_bomb(arena: Arena, repository: Repository, leaf: str) -> None:
    limit(arena, entries=20_000, files=5_000)
    blob, empty = repository.blob(b"boom"), repository.git("mktree", given=b"")
    entry = f"100644 blob {blob}\t%s.py\0" if leaf == "files" else f"040000 tree {empty}\t%s\0"
    for _ in range(10):
        tree = repository.git("mktree", "-z", given="".join(entry % f"d{n}" for n in range(10)).encode())
        entry = f"040000 tree {tree}\t%s\0"
    repository.commit_tree((entry % "top").encode())
    contained(arena.run("check", repository.url, "--no-train"), 4, "The repository holds more than")


@pytest.mark.attack("git", "a file of zeros, a thousand times larger than what is transferred")
def test_huge_blob(arena: Arena, repository: Repository) -> None:
    limit(arena, file_bytes=1 << 20)
    commit = repository.commit(**{"zeros.py": "\0" * (40 << 20), "net.py": PLAIN})
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert notes(answer) == ["zeros.py is larger than 1 MiB and was left out."]
    answer = arena.run("check", repository.folder, "--no-train")
    no_model(answer, commit, dirty=False)
    assert answer.report["model"]["problems"] == ["zeros.py is larger than 2 MB and was not read."]


@pytest.mark.attack("git", "more files than a submission has")
def test_many_files(arena: Arena, repository: Repository) -> None:
    import_files(repository, *(f"{n % 50}/{n}.py" for n in range(11_000)))
    contained(arena.run("check", repository.url, "--no-train"), 4, "more than 10,000 files of code and text")


@pytest.mark.attack("git", "100,000 branches and tags")
def test_many_refs(arena: Arena, repository: Repository) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    rows = "".join(f"{commit} refs/{kind}/{n:06}\n" for kind in ("heads", "tags") for n in range(50_000))
    repository.write(".git/packed-refs", f"# pack-refs with: peeled fully-peeled sorted \n{rows}")
    no_model(arena.run("check", repository.url, "--no-train"), commit, dirty=False)
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


@pytest.mark.attack("git", "a long history: 3,000 commits")
def test_many_commits(arena: Arena, repository: Repository) -> None:
    given = b"blob\nmark :1\ndata 10\nWIDTH = 3\n\n"
    for n in range(3000):
        given += b"commit refs/heads/main\ncommitter a <a@b.example> %d +0000\ndata 0\nM 100644 :1 n%d.py\n" % (
            n,
            n % 9,
        )
    repository.git("fast-import", "--quiet", given=given)
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, repository.git("rev-parse", "refs/heads/main"), dirty=False)


@pytest.mark.attack("git", "a file 1,500 folders down, in a repository")
def test_deep_tree(arena: Arena, repository: Repository) -> None:
    commit = import_files(repository, "a/" * 1500 + "net.py", "net.py")
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    (note,) = notes(answer)
    assert note.startswith("a/a/a/")
    assert note.endswith("has a name that cannot be used and was left out.")


@pytest.fixture
def deep_folder(arena: Arena) -> Iterator[Path]:
    """1,400 folders in one another, a file in the last; removed by rm, as Python's own rmtree gives up."""
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / "net.py").write_text(PLAIN)
    with contextlib.chdir(folder):
        for _ in range(1400):
            Path("d").mkdir()
            os.chdir("d")
        Path("net.py").write_text(PLAIN)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.attack("git", "folders nested 1,400 deep in a handed-in folder: more than Python's calls may be")
def test_deep_folder(arena: Arena, deep_folder: Path) -> None:
    answer = arena.run("check", deep_folder, "--no-train")
    no_model(answer, None, dirty=False)
    (problem,) = answer.report["model"]["problems"]
    assert problem.startswith("Folders nested deeper than 64 levels were not read: d/d/")


NAMES = ["a\nb.py", "a\tb.py", "a\rb.py", "a\x1b[31mb.py", "\u202egnp.py", "z\u200bw.py", "a\x07b.py", "a\u2028b.py"]
STRANGE = [
    *NAMES,
    "-rf.py",
    "--upload-pack=x.py",
    ":(glob)*.py",
    "*.py",
    "$(id).py",
    "%0a::error::x.py",
    "'\".py",
    " .py",
]


@pytest.mark.attack("git", "file names that are escapes, options, globs, shell code or turn the direction of writing")
def test_names(arena: Arena, repository: Repository) -> None:
    commit = repository.commit(**dict.fromkeys(STRANGE, "print 'not Python 3'"))
    for source in (repository.url, repository.folder):
        answer = arena.run("check", source, "--no-train")
        no_model(answer, commit, dirty=False)
        told = answer.report["model"]["problems"]
        assert sorted(told) == sorted(f"{name} is not Python 3 ({why(told)}) and was skipped." for name in STRANGE)
        for place, text in answer.texts.items():
            assert not [
                letter for letter in text if letter != "\n" and not letter.isprintable() and letter != "\u2060"
            ], place
        assert "a⟪U+001B⟫\\[31mb.py" in answer.texts["report.md"]
        assert "⟪U+202E⟫gnp.py" in answer.texts["report.html"]


def why(told: list[str]) -> str:
    return told[0].partition(" (")[2].removesuffix(") and was skipped.") if told else ""


@pytest.mark.attack("git", "file names that are no text")
def test_names_that_are_no_text(arena: Arena, repository: Repository) -> None:
    commit = import_files(
        repository, b"caf\xe9.py", b"\xff\xfe.py", b"\xed\xb0\x80.py", "net.py", content=b"class Net(:\n"
    )
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert [note.partition(" ")[2] for note in notes(answer)] == [
        "has a name that cannot be used and was left out."
    ] * 3
    repository.git("reset", "--quiet", "--hard")
    answer = arena.run("check", repository.folder, "--no-train")
    no_model(answer, commit, dirty=False)
    assert any("caf⟪U+DCE9⟫.py" in problem for problem in answer.report["model"]["problems"])


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", ".git ", "git~1", ".g\u200cit", "a/b"], ids=ascii)
@pytest.mark.attack("git", "a tree whose entry would be written over the repository or above it")
def test_forbidden_names(arena: Arena, repository: Repository, name: str) -> None:
    inner = repository.git("mktree", given=f"100644 blob {repository.blob(b'x = 1')}\tnet.py\n".encode())
    raw = b"40000 %s\0" % name.encode() + bytes.fromhex(inner)
    tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=raw)
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", tree, "-m", "x"))
    contained(arena.run("check", repository.url, "--no-train"), 4, "damaged or malicious")


@pytest.mark.attack("git", "two entries of one name, of which a reader and a check-out may see different ones")
def test_the_same_name_twice(arena: Arena, repository: Repository) -> None:
    blob = bytes.fromhex(repository.blob(b"x = 1"))
    tree = repository.git(
        "hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=(b"100644 net.py\0" + blob) * 2
    )
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", tree, "-m", "x"))
    contained(arena.run("check", repository.url, "--no-train"), 4, "damaged or malicious")


@pytest.mark.attack("git", "names that differ only in case, or in how an accent is written")
def test_case_collisions(arena: Arena, repository: Repository) -> None:
    names = ("net.py", "Net.py", "NET.py", "caf\u00e9.py", "cafe\u0301.py")
    commit = import_files(repository, *names, content=b"class Net(:\n")
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert {problem.partition(" ")[0] for problem in answer.report["model"]["problems"]} == set(names)


def garbage(name: str) -> Callable[[Repository], None]:
    return lambda repository: repository.write(f".git/{name}", b"\0garbage\xff\n" * 99) and None


def lose_objects(repository: Repository) -> None:
    for file in (repository.folder / ".git" / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"garbage")


DAMAGE = {
    "index": garbage("index"),
    "config": garbage("config"),
    "objects": lose_objects,
}
HARMLESS = {
    "lock": garbage("index.lock"),
    "packed-refs": garbage("packed-refs"),
    "shallow": garbage("shallow"),
    "grafts": garbage("info/grafts"),
    "attributes": garbage("info/attributes"),
}


@pytest.mark.parametrize("name", [*DAMAGE, *HARMLESS])
@pytest.mark.attack("git", "a .git folder full of garbage")
def test_garbage(arena: Arena, repository: Repository, name: str) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    (DAMAGE | HARMLESS)[name](repository)
    # The configuration is never read, so garbage in it changes nothing either.
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=name in ("index", "objects"))


@pytest.mark.attack("git", "objects of the origin that are not what their names say")
def test_corrupt_origin(arena: Arena, repository: Repository) -> None:
    repository.commit(**{"net.py": PLAIN})
    lose_objects(repository)
    answer = arena.run("check", repository.url, "--no-train")
    contained(answer, 3, "cannot be fetched")


@pytest.mark.attack("git", "replace refs and grafts: one commit is named, another one is shown")
def test_replaced_commit(arena: Arena, repository: Repository) -> None:
    named = repository.commit(**{"net.py": "print 'old'"})
    other = repository.commit(**{"net.py": PLAIN})
    repository.git("replace", named, other)
    answer = arena.run("check", repository.url, "--ref", named, "--no-train")
    no_model(answer, named, dirty=False)
    assert "net.py is not Python 3" in answer.report["model"]["problems"][0]  # what that commit really holds


@pytest.mark.attack("git", "attributes that hide files from an export, or re-encode them into something huge")
def test_attributes(arena: Arena, repository: Repository) -> None:
    attributes = "net.py export-ignore\nbig.py working-tree-encoding=UTF-32 text eol=crlf ident\n"
    repository.commit(**{"net.py": "print 'x'", "big.py": "print 'x'\n" * 100_000})
    repository.write(".gitattributes", attributes)
    repository.git("add", ".gitattributes")
    repository.git("commit", "--quiet", "--message=x")
    commit = repository.git("rev-parse", "HEAD")
    answer = arena.run("check", repository.url, "--no-train")
    no_model(answer, commit, dirty=False)
    assert len(answer.report["model"]["problems"]) == 2  # both are read, as they stand in the commit


@pytest.mark.parametrize("codec", ["undefined", "punycode", "idna", "unicode_escape", "zlib", "no-such-codec", "mbcs"])
@pytest.mark.attack("git", "a coding line that names a codec which fails, never ends, or is no text")
def test_coding_line(arena: Arena, codec: str) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / "net.py").write_text(f"# coding: {codec}\nWIDTH = 3\n# -{'a9' * 500_000}\n")
    no_model(arena.run("check", folder, "--no-train"), None, dirty=False)


@pytest.mark.attack("git", "an import of a module whose name is longer than a file's may be")
def test_long_import(arena: Arena) -> None:
    folder = arena.folder / "plain"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "net.py").write_text(f"from ..{'a' * 5000} import Net\nmodel = Net()\nimport {'b.' * 3000}c\n")
    no_model(arena.run("check", folder, "--path", "part", "--no-train"), None, dirty=False)
