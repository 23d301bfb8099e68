"""GitHub's expressions, `${{ ... }}`, as far as our files use them: contexts, literals, ==, !=, !, &&, ||, functions.

Source: GitHub, "Evaluate expressions in workflows and actions". Anything else raises, so that no test passes by luck.
"""

import re
from collections.abc import Mapping
from typing import Any

_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?P<sign>==|!=|&&|\|\||[!()]))"
)


def expanded(text: Any, contexts: Mapping[str, Any]) -> Any:
    """A value of a YAML file with its expressions evaluated; texts stay texts, mappings and lists are walked."""
    if isinstance(text, Mapping):
        return {name: expanded(value, contexts) for name, value in text.items()}
    if isinstance(text, list):
        return [expanded(value, contexts) for value in text]
    if isinstance(text, bool):
        return str(text).lower()
    if not isinstance(text, str):
        return text
    return _EMBEDDED.sub(lambda found: _shown(evaluate(found[1], contexts)), text)


def condition(text: Any, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """An `if:`; without one of always(), failure() and success() in it, it also needs success."""
    text = "" if text is None else str(text)
    inner = _EMBEDDED.sub(lambda found: found[1], text) or "true"
    value = bool(evaluate(inner, {**contexts, "()": {"always": True, "failure": failed, "success": not failed}}))
    return value if re.search(r"\b(always|failure|success)\(\)", inner) else value and not failed


def evaluate(text: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression."""
    parser = _Parser(text, contexts)
    value = parser.either()
    assert parser.sign is None and not parser.rest.strip(), f"not understood: {text!r} at {parser.rest!r}"
    return value


def names(text: str) -> set[str]:
    """The contexts that the expressions of a text name, as in `github.event.number`."""
    found = (token for inner in _EMBEDDED.findall(text) for token in _TOKEN.finditer(inner))
    return {token["name"] for token in found if token["name"]}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Parser:
    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.rest, self.contexts = text, contexts
        self.sign: str | None = None
        self._operand: tuple[str, str] | None = None
        self._next()

    def _next(self) -> None:
        found = _TOKEN.match(self.rest)
        self.sign = self._operand = None
        if found is None:
            return
        self.rest = self.rest[found.end() :]
        self.sign = found["sign"]
        if self.sign is None:
            self._operand = ("text", found["text"]) if found["text"] else ("name", found["name"])

    def either(self) -> Any:
        value = self._both()
        while self.sign == "||":
            self._next()
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self.sign == "&&":
            self._next()
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Any:
        value = self._single()
        while self.sign in ("==", "!="):
            wanted = self.sign == "=="
            self._next()
            value = (_shown(value).lower() == _shown(self._single()).lower()) is wanted
        return value

    def _single(self) -> Any:
        if self.sign == "!":
            self._next()
            return not self._single()
        if self.sign == "(":
            self._next()
            value = self.either()
            self._close()
            return value
        assert self._operand is not None, f"something is missing before {self.rest!r}"
        kind, token = self._operand
        self._next()
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if self.sign == "(":
            self._next()
            self._close()
            return self.contexts["()"][token]
        return {"true": True, "false": False, "null": None}.get(token, self._looked_up(token))

    def _close(self) -> None:
        assert self.sign == ")", f"a parenthesis is missing before {self.rest!r}"
        self._next()

    def _looked_up(self, name: str) -> Any:
        first, *others = name.split(".")
        if first in ("true", "false", "null"):
            return None
        value = self.contexts[first]  # an unknown context is a mistake; an unknown property of one is empty
        for part in others:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value
