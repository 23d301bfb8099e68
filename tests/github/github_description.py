"""GitHub's own OpenAPI description as a judge of requests and answers.

The description is npm's `@octokit/openapi`, which `.ci/node-packages` puts beside the environment. Where it is missing
there is no judge, and only tests that are marked `system` may ask for one.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

FILE = Path(sys.prefix) / "node-packages" / "api.json"
_SERVER = "https://api.github.com"
_ANSWERS_OF_ANY_REQUEST = (401, 403, 404, 422, 429, 500, 502, 503, 504)  # whether an operation lists them or not


@dataclass(frozen=True)
class Operation:
    """`method` in capitals and `path` as the description writes it."""

    method: str
    path: str
    description: dict[str, Any] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Judge:
    """Says what is wrong with a request or an answer, one sentence each."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._all = description
        self._operations = [
            (
                re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + r"\Z"),
                Operation(method.upper(), path, one),
            )
            for path, methods in sorted(description["paths"].items(), key=lambda item: item[0].count("{"))
            for method, one in methods.items()
            if method in ("get", "put", "post", "patch", "delete")
        ]
        self._apis: dict[str, OpenAPI] = {}

    def operation(self, method: str, path: str) -> Operation | None:
        """What is asked for; None where GitHub has no such operation."""
        found = (one for pattern, one in self._operations if one.method == method and pattern.match(path))
        return next(found, None)

    def request(self, operation: Operation, target: str, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        """What is wrong with a request. More than the description forbids: names it does not know are wrong, too."""
        parts = urlsplit(target)
        for name, _ in parse_qsl(parts.query, keep_blank_values=True):
            if name not in {self._followed(one)["name"] for one in operation.description.get("parameters", [])}:
                yield f"{operation}: the query parameter {name!r} is not described."
        try:
            self._api(operation).validate_request(_asked(operation, target, headers, body))
        except OpenAPIError as problem:
            yield f"{operation}: {_sentence(problem)}"
        content = operation.description.get("requestBody", {}).get("content", {})
        if body and not content:
            yield f"{operation}: it takes no body."
        elif body:
            known, more = self._names(content["application/json"]["schema"])
            given = json.loads(body)
            for name in given if isinstance(given, dict) and not more else ():
                if name not in known:
                    yield f"{operation}: the field {name!r} is not described."
        if not re.match(r"application/(vnd\.github[.\w-]*\+)?json|\*/\*", headers.get("Accept", "")):
            yield f"{operation}: it asks for {headers.get('Accept')!r}, not for JSON."

    def answer(self, operation: Operation, target: str, status: int, body: bytes) -> Iterator[str]:
        """What is wrong with the shape of an answer."""
        described = operation.description["responses"].get(str(status))
        if described is None:
            if status not in _ANSWERS_OF_ANY_REQUEST:
                yield f"{operation}: the answer {status} is not described."
            return
        if not self._followed(described).get("content"):
            if body and status in (204, 205):
                yield f"{operation}: the answer {status} has no body."
            return
        request = _asked(operation, target, {}, b"")
        response = MockResponse(body, status_code=status, content_type="application/json")
        try:
            self._api(operation).validate_response(request, response)
        except OpenAPIError as problem:
            yield f"{operation}, answer {status}: {_sentence(problem)}"

    def _api(self, operation: Operation) -> OpenAPI:
        if operation.path not in self._apis:
            alone = {**self._all, "paths": {operation.path: self._all["paths"][operation.path]}}
            alone.pop("x-webhooks", None)
            self._apis[operation.path] = OpenAPI.from_dict(alone, config=Config(spec_validator_cls=None))
        return self._apis[operation.path]

    def _followed(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self._all
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def _names(self, schema: dict[str, Any]) -> tuple[set[str], bool]:
        """The fields of an object, and whether there may be any others (an object without described fields)."""
        schema = self._followed(schema)
        known, more = set(schema.get("properties", ())), schema.get("type") == "object" and not schema.get("properties")
        for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
            inner, inner_more = self._names(one)
            known, more = known | inner, more and inner_more
        return known, more and not known


def _asked(operation: Operation, target: str, headers: Mapping[str, str], body: bytes) -> MockRequest:
    parts = urlsplit(target)
    return MockRequest(
        _SERVER,
        operation.method.lower(),
        parts.path,
        args=dict(parse_qsl(parts.query)),
        headers=dict(headers),
        data=body or None,
        content_type=headers.get("Content-Type", "application/json").partition(";")[0],
    )


def _sentence(problem: OpenAPIError) -> str:
    errors = getattr(problem.__cause__, "schema_errors", ())
    return "; ".join(f"{error.json_path}: {error.message[:300]}" for error in errors) or str(problem)[:500]


@cache
def judge() -> Judge | None:
    """The judge; None where the description is not there."""
    return Judge(json.loads(FILE.read_bytes())) if FILE.exists() else None
