"""What GitHub's runner makes of the output of a step and of the files that it gave it.

Source: github.com/actions/runner, `ActionCommand.cs` and `ActionCommandManager.cs` (commands), `FileCommandManager.cs`
(files).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_KNOWN = frozenset({
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
})  # fmt: skip
_SECOND = re.compile(r"::(?P<name>[^\s:]+)(?: (?P<properties>.*?))?::(?P<data>.*)", re.DOTALL)
_FIRST = re.compile(r"##\[(?P<name>[^\s\]]+)(?: (?P<properties>[^\]]*))?\](?P<data>.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One that the runner obeys."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def commands(output: str) -> Iterator[Command]:
    """The commands in the output of one step, those between `stop-commands` and its word left out."""
    stopped = ""
    for line in output.splitlines():
        found = _parsed(line)
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
        elif found and found.name == "stop-commands":
            stopped = found.data
        elif found:
            yield found


def _parsed(line: str) -> Command | None:
    found = _SECOND.match(line.lstrip()) or _FIRST.search(line)
    if found is None or found["name"].lower() not in _KNOWN:
        return None
    pairs = (pair.partition("=") for pair in (found["properties"] or "").split(",") if "=" in pair)
    properties = {name.strip(): _unescaped(value, more=True) for name, _, value in pairs}
    return Command(found["name"].lower(), _unescaped(found["data"]), properties)


def _unescaped(text: str, *, more: bool = False) -> str:
    for sign, code in (*((":", "%3A"), (",", "%2C")) * more, ("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
        text = text.replace(code, sign)
    return text


def assignments(text: str) -> dict[str, str]:
    """GITHUB_OUTPUT or GITHUB_ENV. Raises AssertionError where the runner would fail the step."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, heredoc, end = line.partition("<<")
        if heredoc and "=" not in name:
            value: list[str] = []
            for inner in lines:
                if inner == end:
                    break
                value.append(inner)
            else:
                raise AssertionError(f"the value of {name} does not end")
            found[name] = "\n".join(value)
        elif line:
            name, equals, plain = line.partition("=")
            assert equals, f"neither NAME=VALUE nor NAME<<END: {line!r}"
            found[name] = plain
    return found
