"""Requests to an application in this process, without a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class Client:
    """Each request runs in the application's own event loop; what the application raises, the request raises."""

    def __init__(self, app: FastAPI, portal: BlockingPortal, address: str) -> None:
        transport = httpx.ASGITransport(app, client=(address, 50000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
        self._portal = portal

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """See `httpx.Client.request`."""

        async def send() -> httpx.Response:
            content = options.pop("content", None)
            if hasattr(content, "__next__"):
                content = _asynchronous(content)
            return await self._client.request(method, path, content=content, **options)

        return self._portal.call(send)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **options)


@contextmanager
def client_of(app: FastAPI, address: str = "127.0.0.1") -> Iterator[Client]:
    """A client at an address, and the event loop that answers it."""
    with start_blocking_portal() as portal:
        yield Client(app, portal, address)


async def _asynchronous(pieces: Any) -> Any:
    for piece in pieces:
        yield piece
