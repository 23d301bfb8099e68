"""argparse, followed as if the program were started without arguments: every option has its default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grader.intake.trace.library_values import LibraryObject, Option
from grader.intake.trace.values import UNKNOWN, Collection, Constant, External, Value

if TYPE_CHECKING:
    from grader.intake.trace.evaluate import Evaluator

_TYPES = {"int": int, "float": float, "str": str}


def method(
    machine: Evaluator, parser: LibraryObject, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]
) -> Value:
    """A method of a parser or of what it parsed."""
    if name == "add_argument":
        option = _option(positional, keywords)
        if option is not None:
            parser.attributes[option] = _default(keywords)
        return UNKNOWN
    if name in ("add_argument_group", "add_mutually_exclusive_group"):
        return parser
    if name == "set_defaults":
        parser.attributes |= keywords
        return UNKNOWN
    if name == "parse_args":
        return parser
    if name == "parse_known_args":
        return Collection([parser, UNKNOWN])
    return UNKNOWN


def as_dict(parsed: LibraryObject) -> Collection:
    """`vars(args)`."""
    return Collection(list(parsed.attributes.values()), [Constant(key) for key in parsed.attributes])


def _option(positional: Sequence[Value], keywords: Mapping[str, Value]) -> str | None:
    """The name of the attribute: `dest`, else the first long option, else the first."""
    destination = keywords.get("dest")
    if isinstance(destination, Constant):
        return str(destination.value)
    flags = [value.value for value in positional if isinstance(value, Constant) and isinstance(value.value, str)]
    long = [flag for flag in flags if flag.startswith("--")]
    chosen = next(iter(long or flags), None)
    return None if chosen is None else chosen.lstrip("-").replace("-", "_")


def _default(keywords: Mapping[str, Value]) -> Value:
    action = keywords.get("action")
    given = keywords.get("default")
    if given is None:
        if isinstance(action, Constant) and action.value in ("store_true", "store_false"):
            return Option(action.value == "store_false")
        return UNKNOWN if "required" in keywords else Constant(None)
    kind = keywords.get("type")
    if isinstance(given, Constant) and isinstance(given.value, str) and isinstance(kind, External):
        convert = _TYPES.get(kind.path.rsplit(".", 1)[-1])
        try:
            given = Constant(convert(given.value)) if convert else given
        except ValueError:
            return UNKNOWN
    return Option(given.value) if isinstance(given, Constant) and isinstance(given.value, str | bool) else given
