"""A real `grader serve` on this machine: its own processes, repositories in a folder, GitHub played by ours."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from a_service import SECRET, TOKEN, signed

GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@b"))
    },
}


def git(folder: Path, *words: str, date: int = 1772000000) -> str:
    """Run git in a folder; what it prints."""
    dates = {"GIT_AUTHOR_DATE": f"{date} +0000", "GIT_COMMITTER_DATE": f"{date} +0000"}
    told = {"PATH": os.environ["PATH"], **GIT, **dates}
    done = subprocess.run(["git", *words], cwd=folder, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def new_repository(folder: Path) -> Path:
    """An empty repository with a branch main, which can be fetched from by commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    return folder


def add_commit(repository: Path, files: dict[str, str], number: int = 0) -> str:
    """Commit files; the commit."""
    for name, text in files.items():
        (repository / name).write_text(text)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", f"commit {number}", date=1772000000 + number)
    return git(repository, "rev-parse", "HEAD")


@dataclass
class Service:
    """A configuration and the process that serves it, which may be killed and started again."""

    folder: Path
    port: int
    configuration: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str, ready: bool = True) -> None:
        """Start it, and wait until it answers."""
        file = self.folder / "service.yaml"
        file.write_text(self.configuration)
        self.starts += 1
        log = (self.folder / f"log-{self.starts}").open("wb")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grader", "serve", str(file), *options],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.until(lambda: self._answers("/readyz" if ready else "/healthz"), "the service answers")

    def kill(self) -> None:
        """End the web process as a power cut would; its workers end with it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as an operator would; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def close(self) -> None:
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def deliver(self, event: str, payload: dict[str, Any], identifier: str) -> httpx.Response:
        return self.client.post(f"{self.url}/webhook", **signed(event, payload, identifier))

    def log(self) -> str:
        return "".join(file.read_text() for file in sorted(self.folder.glob("log-*")))

    def until(self, done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Wait for something."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} seconds\n{self.log()[-4000:]}"
            assert self.process is None or self.process.poll() is None, self.log()[-4000:]
            time.sleep(0.05)

    def _answers(self, path: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.client.get(self.url + path).status_code == 200
        return False


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def service_in(
    folder: Path, api: str, assignments: str, *, more: str = "", secrets: dict[str, str] | None = None
) -> Iterator[Service]:
    """A service of these assignments, not started; what of it runs in the end is stopped."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    configuration = (
        f"public_url: http://127.0.0.1:{port}\nlisten: 127.0.0.1:{port}\napi_url: {api}\n"
        f"clone_url: file://{folder / 'repositories'}\nwork: {{jobs: 2, lease: 3, first_pause: 1}}\n"
        f"limits: {{requests_per_minute: 100000}}\n{more}"
        f"assignments:\n{assignments}"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GH_", "GRADER_"))}
    own = {"GRADER_WEBHOOK_SECRET": SECRET, "GRADER_ADMIN_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    service = Service(folder, port, configuration, {**kept, **own, **(secrets or {})})
    try:
        yield service
    finally:
        service.close()
