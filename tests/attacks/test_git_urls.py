"""Addresses, refs and paths that are options or commands; tokens in addresses; servers that lie or never end."""

import base64
import shutil
import time
from http.server import BaseHTTPRequestHandler

import pytest
from arena import CANARY, Arena
from git_repository import Repository
from git_trap import PLAIN, Trap, contained, limit, no_model, put_on_path
from https_server import certificate, git_backend, serve

SOURCES = {
    "ext": "ext::sh -c {command}",
    "fd": "fd::7",
    "ext as a scheme": "ext://{command}",
    "git": "git://192.0.2.1:47911/x",
    "http": "http://127.0.0.1:47911/x",
    "ftp": "ftp://127.0.0.1:47911/x",
    "ssh option as host": "ssh://-oProxyCommand={command}/x",
    "ssh option as scp": "-oProxyCommand={command}:x",
    "ssh option as user": "-oProxyCommand={command}@127.0.0.1:x",
    "option as scp path": "git@127.0.0.1:--upload-pack={command}",
    "https option as host": "https://--upload-pack={command}/x",
    "newline": "https://127.0.0.1:1/x\n--upload-pack={command}",
    "newline in host": "https://127.0.0.1\n::error::/x",
    "escape": "https://127.0.0.1\x1b]0;title\x07/x",
    "no host": "https:///etc/passwd",
    "a file of the machine": "file:///etc",
    "a file that is no folder": "/etc/passwd",
    "a device": "/dev/zero",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.attack("git", "an address that is a command, an option, another protocol or a place of the machine")
def test_source(arena: Arena, trap: Trap, source: str) -> None:
    limit(arena, seconds=5)
    answer = arena.run("check", source.format(command=trap.command), "--no-train", "--quiet")
    assert answer.breaches == ()
    assert answer.code in (2, 3), answer.stderr
    assert answer.stderr.startswith("Usage: " if source.startswith("-") else "grader: ")
    assert [letter for letter in answer.stderr if not letter.isprintable() and letter != "\n"] == []


@pytest.mark.parametrize("option", ["--upload-pack={command}", "-u{command}", "--exec={command}"])
@pytest.mark.attack("git", "an option in place of the address")
def test_option_as_source(arena: Arena, trap: Trap, option: str) -> None:
    contained(arena.run("check", option.format(command=trap.command), "--no-train"), 2, "No such option")


REFS = [
    "--upload-pack={command}",
    "--exec={command}",
    "-u{command}",
    "+main",
    "a..b",
    "main:refs/heads/x",
    "@{{-1}}",
    "^x",
]


@pytest.mark.parametrize("ref", [*REFS, "x\n--upload-pack={command}", "\x1b[31m", "refs/heads/../../x"])
@pytest.mark.attack("git", "a ref that is an option, a range, an escape or more than a name")
def test_ref(arena: Arena, repository: Repository, trap: Trap, ref: str) -> None:
    repository.commit(**{"net.py": PLAIN})
    named = ref.format(command=trap.command)
    answer = arena.run("check", repository.url, f"--ref={named}", "--no-train")
    contained(answer, 2, "is not the name of a branch, tag or commit")
    assert "\x1b" not in answer.stderr


@pytest.mark.attack("git", "a branch named like an option of git")
def test_branch_named_like_an_option(arena: Arena, repository: Repository, trap: Trap) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.write(f".git/refs/heads/--upload-pack={trap.command.replace('/', '-')}", f"{commit}\n")
    repository.write(".git/HEAD", f"ref: refs/heads/--upload-pack={trap.command.replace('/', '-')}\n")
    no_model(arena.run("check", repository.url, "--no-train"), commit, dirty=False)
    no_model(arena.run("check", repository.folder, "--no-train"), commit, dirty=False)


PATHS = {
    "..": "without '..'",
    "a/../..": "without '..'",
    "/etc": "without '..'",
    "out": "symbolic link",
    "loop": "no folder",
}


@pytest.mark.parametrize(("path", "says"), PATHS.items(), ids=PATHS)
@pytest.mark.attack("git", "a --path out of the repository")
def test_path(arena: Arena, repository: Repository, path: str, says: str) -> None:
    (repository.folder / "out").symlink_to(arena.folder / "home")
    (repository.folder / "loop").symlink_to("loop")
    repository.commit(**{"net.py": PLAIN})
    contained(arena.run("check", repository.folder, f"--path={path}", "--no-train"), 2, says)
    remote = arena.run("check", repository.url, f"--path={path}", "--no-train")
    contained(remote, 2, "is a file; give its folder" if path in ("out", "loop") else says)


TOKENS = {
    "user and password": "https://user:{token}@127.0.0.1:1/x.git",
    "user": "https://{token}@127.0.0.1:1/x.git",
    "with an at sign": "https://user:a@{token}@127.0.0.1:1/x.git",
    "with a slash": "https://user:a/{token}@127.0.0.1:1/x.git",
    "with a number sign": "https://user:a#{token}@127.0.0.1:1/x.git",
    "with a question mark": "https://user:a?{token}@127.0.0.1:1/x.git",
    "query": "https://127.0.0.1:1/x.git?access_token={token}",
    "fragment": "https://127.0.0.1:1/x.git#{token}",
    "ssh": "ssh://git:{token}@127.0.0.1:1/x.git",
    "no scheme": "user:{token}@example.invalid/x.git",
    "web page": "https://user:{token}@example.invalid/a/b/tree/main/c",
    "not fetched": "ftp://user:{token}@127.0.0.1:1/x.git",
    "bad port": "https://user:{token}@127.0.0.1:port/x.git",
}


def record_git(arena: Arena) -> None:
    """Write down the arguments of every git process, then be git."""
    log, git = str(arena.folder / "arguments"), shutil.which("git")
    record = f"with open({log!r}, 'a') as log:\n    print(sys.argv, file=log)\n"
    put_on_path(arena, "git", f"import os, sys\n{record}os.execv({git!r}, ['git', *sys.argv[1:]])\n")


@pytest.mark.parametrize("source", TOKENS.values(), ids=TOKENS)
@pytest.mark.attack("git", "a token in the address: kept out of progress, complaint, report and process arguments")
def test_token(arena: Arena, source: str) -> None:
    limit(arena, seconds=5)
    record_git(arena)
    answer = arena.run("check", source.format(token=CANARY), "--no-train")
    assert answer.breaches == ()
    assert answer.code in (2, 3)
    recorded = arena.folder / "arguments"
    assert not recorded.exists() or CANARY not in recorded.read_text()


@pytest.mark.attack("git", "a token that a server asks for: it gets there, and nowhere else")
def test_token_that_is_used(arena: Arena, repository: Repository) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    record_git(arena)
    arena.monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(arena.folder)))
    with serve(arena.folder, git_backend(arena.folder)) as server:
        source = f"{server.url}/handed-in/.git".replace("https://", f"https://user:{CANARY}@")
        answer = arena.run("check", source, "--no-train")
    no_model(answer, commit, dirty=False)
    pair = base64.b64encode(f"user:{CANARY}".encode()).decode()
    assert server.seen
    assert all(f"Authorization: Basic {pair}" in seen for seen in server.seen)
    for text in (*answer.texts.values(), (arena.folder / "arguments").read_text()):
        assert CANARY not in text
        assert pair not in text
    provenance = answer.report["provenance"]
    assert provenance["source"] == f"{server.url}/handed-in/.git"
    assert provenance["command"].startswith(f"grader check {server.url}/handed-in/.git --no-train")


def redirect(address: str) -> object:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(301)
        request.send_header("Location", address.replace("QUERY", request.path))
        request.end_headers()

    return answer


@pytest.mark.attack("git", "a server that sends the request, and its token, on to another one")
def test_redirect_with_a_token(arena: Arena, repository: Repository) -> None:
    repository.commit(**{"net.py": PLAIN})
    arena.monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(arena.folder)))
    with (
        serve(arena.folder, git_backend(arena.folder)) as thief,
        serve(arena.folder, redirect(f"{thief.url}QUERY")) as server,
    ):
        source = f"{server.url}/handed-in/.git".replace("https://", f"https://user:{CANARY}@")
        answer = arena.run("check", source, "--no-train")
    contained(answer, 3, "cannot be fetched")
    assert (len(server.seen), thief.seen) == (1, [])


REDIRECTS = {
    "plain text": "http://127.0.0.1:47911QUERY",
    "file": "file:///etc/passwd",
    "ext": "ext::sh -c touch",
    "itself": "QUERY",
}


@pytest.mark.parametrize("address", REDIRECTS.values(), ids=REDIRECTS)
@pytest.mark.attack("git", "a server that redirects to plain text, to a file, to a command or to itself")
def test_redirect(arena: Arena, address: str) -> None:
    arena.monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(arena.folder)))
    with serve(arena.folder, redirect(address)) as server:
        answer = arena.run("check", f"{server.url}/x.git", "--no-train")
    contained(answer, 3, "cannot be fetched")


def never(request: BaseHTTPRequestHandler) -> None:
    time.sleep(4)


def endless_refs(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
    request.end_headers()
    request.wfile.write(b"001e# service=git-upload-pack\n0000")
    for number in range(10**9):
        line = b"%040x refs/heads/%d\n" % (number, number)
        request.wfile.write(b"%04x%s" % (len(line) + 4, line))


def endless_text(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "text/plain")
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65536)


@pytest.mark.parametrize("answer_with", [never, endless_refs, endless_text])
@pytest.mark.attack("git", "a server that never answers, or never stops")
def test_endless_server(arena: Arena, answer_with: object) -> None:
    limit(arena, seconds=1.5)
    arena.monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(arena.folder)))
    with serve(arena.folder, answer_with) as server:
        began = time.monotonic()
        answer = arena.run("check", f"{server.url}/x.git", "--no-train")
        assert time.monotonic() - began < 10
    assert answer.breaches == ()
    assert answer.code in (3, 4)
    assert "took longer than 2 seconds" in answer.stdout or "cannot be fetched" in answer.stderr


@pytest.mark.attack("git", "an ssh host that never answers: no process of it stays")
def test_endless_ssh(arena: Arena) -> None:
    limit(arena, seconds=1)
    put_on_path(arena, "ssh", "import time\ntime.sleep(60)\n")
    contained(arena.run("check", "git@127.0.0.1:x.git", "--no-train"), 4, "took longer than 1 seconds")


SAYS = b"\x1b[31m\x1b]0;title\x07 ##[error]x ::error::y @someone https://user:%s@127.0.0.1/" % CANARY.encode()


@pytest.mark.parametrize("kind", ["body", "error"])
@pytest.mark.attack("git", "a server whose complaint holds escapes, commands to a CI service and a token")
def test_what_a_server_says(arena: Arena, kind: str) -> None:
    def answer_with(request: BaseHTTPRequestHandler) -> None:
        line = b"ERR " + SAYS
        packets = b"001e# service=git-upload-pack\n0000" + b"%04x" % (len(line) + 4) + line
        request.send_response(404 if kind == "body" else 200)
        text, advertisement = "text/plain", "application/x-git-upload-pack-advertisement"
        request.send_header("Content-Type", text if kind == "body" else advertisement)
        request.end_headers()
        request.wfile.write(SAYS if kind == "body" else packets)

    arena.monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate(arena.folder)))
    with serve(arena.folder, answer_with) as server:
        answer = arena.run("check", f"{server.url}/x.git", "--no-train")
    contained(answer, 2 if kind == "body" else 3)
    assert "##[" not in answer.stderr
    assert [letter for letter in answer.stderr if not letter.isprintable() and letter != "\n"] == []
