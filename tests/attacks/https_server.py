"""A real https server on this machine, with a certificate of its own, that answers as a test tells it to."""

import contextlib
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """`url` is its address; `seen` the requests it got, each with its headers as one text."""

    def __init__(self, port: int) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.seen: list[str] = []


@contextmanager
def serve(folder: Path, answer: Answer) -> Iterator[Server]:
    """Answer every request with `answer`; the certificate is written to `certificate(folder)`."""
    certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen.append(f"{self.requestline}\n{self.headers}")
            with contextlib.suppress(OSError):  # git went away
                answer(self)

        do_POST = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def shutdown_request(self, request: Any) -> None:
            with contextlib.suppress(OSError, ValueError):
                request.unwrap()  # else the other side must think that the answer was cut short
            super().shutdown_request(request)

        def handle_error(self, request: object, address: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        server = Server(listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def certificate(folder: Path) -> Path:
    """A certificate for this machine, made once per folder; git trusts it by GIT_SSL_CAINFO."""
    made = folder / "server.pem"
    if not made.exists():
        names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
        files = ("-keyout", str(folder / "server.key"), "-out", str(made))
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    return made


def git_backend(project: Path) -> Answer:
    """Serve the repositories below a folder as git does, git-http-backend(1)."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        path, _, query = request.path.partition("?")
        length = int(request.headers.get("Content-Length", 0))
        variables = {
            "GIT_PROJECT_ROOT": str(project),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH": os.environ["PATH"],
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": request.command,
            "CONTENT_LENGTH": str(length),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        }
        given = request.rfile.read(length)
        done = subprocess.run(["git", "http-backend"], input=given, env=variables, capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = [line.decode().partition(": ") for line in head.split(b"\r\n")]
        status = next((int(value[:3]) for name, _, value in fields if name == "Status"), 200)
        request.send_response(status)
        for name, _, value in fields:
            if name != "Status":
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer
