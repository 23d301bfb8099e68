"""A real git daemon on this machine, git-daemon(1)."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """Serve every repository below `folder`, for reading; yields the address of the folder."""
    place = subprocess.run(["git", "--exec-path"], capture_output=True, check=True, text=True).stdout.strip()
    for _ in range(5):  # another process may take the port that was free
        port = _free_port()
        options = ("--export-all", "--listen=127.0.0.1", f"--port={port}", "--max-connections=64", "--reuseaddr")
        # Not through `git daemon`, which is a parent that would leave the daemon behind.
        command = [f"{place}/git-daemon", *options, f"--base-path={folder}", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                if _answers(process, port):
                    yield f"git://127.0.0.1:{port}"
                    return
            finally:
                process.terminate()
    raise OSError("git daemon did not start")


def _free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False
