"""GitHub's record of activity, served on this machine in the documented form, with cursors in the Link header."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOTHING = "0" * 40
Refusal = tuple[int, dict[str, str], bytes]  # status, headers, body


def activity(when: str, before: str, after: str, kind: str = "push", branch: str = "main") -> dict[str, Any]:
    """One entry of the record; most of the actor's fields are left out."""
    return {
        "id": 1296269,
        "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
        "before": before,
        "after": after,
        "ref": f"refs/heads/{branch}",
        "timestamp": when,
        "activity_type": kind,
        "actor": {"login": "ada", "id": 1, "type": "User", "site_admin": False},
    }


@dataclass
class GitHubStub:
    """`records` of `owner/name`, newest first; `refusals` are what the next requests get instead."""

    url: str
    records: dict[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    page: int = 100  # no more per page, whatever is asked for
    seen: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def answer(self, target: str) -> Refusal:
        """Status, headers and body of an answer."""
        if self.refusals:
            return self.refusals.pop(0)
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        _, repos, owner, name, what = parts.path.split("/")
        found = self.records.get(f"{owner}/{name}")
        if (repos, what) != ("repos", "activity") or found is None:
            return 404, {}, b'{"message": "Not Found", "status": "404"}'
        entries = [entry for entry in found if entry["ref"] == query.get("ref", entry["ref"])]
        begin, many = int(query.get("after", 0)), min(int(query.get("per_page", 30)), self.page)
        headers = {}
        if begin + many < len(entries):
            others = "&".join(f"{key}={value.replace('/', '%2F')}" for key, value in query.items() if key != "after")
            headers["Link"] = f'<{self.url}{parts.path}?{others}&after={begin + many}>; rel="next"'
        return 200, headers, json.dumps(entries[begin : begin + many]).encode()


@contextmanager
def serve_github(records: dict[str, Sequence[dict[str, Any]]] | None = None) -> Iterator[GitHubStub]:
    """A server whose address is `stub.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.seen.append(self.path)
            stub.tokens.add(self.headers.get("Authorization", ""))
            status, headers, body = stub.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        stub = GitHubStub(f"http://127.0.0.1:{server.server_address[1]}", dict(records or {}))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
