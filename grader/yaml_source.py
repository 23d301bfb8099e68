"""YAML with line numbers: rubrics, recipes and `.grader.yml` say where a mistake is and what was probably meant.

Plain data only: no tags that build objects, no duplicate keys, no aliases (a "billion laughs" needs them), bounded size
and depth. Scalars follow the YAML 1.2 core schema, so `lr: 1e-3` is a number and `yes`, `on` and dates are text; `_`
may group the digits of a number.
"""

import difflib
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

MAX_CHARACTERS = 200_000
MAX_DEPTH = 20
_MAX_SHOWN = 5
_YAML = "tag:yaml.org,2002:"

Path = tuple[str | int, ...]


class YamlProblem(ValueError):
    """A text that is not usable YAML. `str()` reads `name:line: message`; `line` is 1-based."""

    def __init__(self, message: str, line: int, name: str = "") -> None:
        super().__init__(f"{name}:{line}: {message}" if name else f"line {line}: {message}")
        self.message = message
        self.line = line
        self.name = name


@dataclass(frozen=True)
class YamlDocument:
    """The data of one document and the line of every key and item."""

    name: str
    data: Any
    lines: Mapping[Path, int] = field(repr=False)

    def line_of(self, path: Path) -> int:
        """The 1-based line of the deepest part of `path` that is there.

        Parts that the data lacks are passed over: pydantic puts a union's tag, or a key that is missing, in a path.
        """
        known: Path = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines[known]


class _Loader(yaml.SafeLoader):
    """Resolves scalars as YAML 1.2 does; the constructors of SafeLoader are not used."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)$", "~nN\0"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"(?:[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:\.[0-9]+|[0-9][0-9_]*\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$",
        "-+.0123456789",
    ),
):
    _characters = ["" if character == "\0" else character for character in _first]
    _Loader.add_implicit_resolver(_YAML + _tag, re.compile(_pattern), _characters)


def load_yaml(text: str, name: str) -> YamlDocument:
    """Read one YAML document; `name` is what messages call the file.

    Raises YamlProblem for text that is not YAML, has duplicate keys, aliases or tags, or is too large or too deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(f"the file is larger than {MAX_CHARACTERS} characters", 1, name)
    try:
        _check_events(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlProblem(f"not valid YAML: {error.problem}", line, name) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(f"not valid YAML: the character {error.character:#x} is not allowed", line, name) from None
    lines: dict[Path, int] = {(): 1 if node is None else _line(node)}
    data = None if node is None else _construct(node, (), lines, name)
    return YamlDocument(name, data, lines)


def _check_events(text: str, name: str) -> None:
    """Bound the depth and refuse aliases before anything recursive or expanding reads the text."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise YamlProblem("aliases (*name) are not supported; write the value out", _line(event), name)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise YamlProblem(f"nested deeper than {MAX_DEPTH} levels", _line(event), name)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(marked: yaml.Node | yaml.Event) -> int:
    return marked.start_mark.line + 1 if marked.start_mark else 1


def _construct(node: yaml.Node, path: Path, lines: dict[Path, int], name: str) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == _YAML + "map":
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlProblem("a key must be a word", line, name)
            key = str(key_node.value)
            if key in mapping:
                first = lines[(*path, key)]
                raise YamlProblem(f"the key {key!r} appears twice (first on line {first})", line, name)
            lines[(*path, key)] = line
            mapping[key] = _construct(value_node, (*path, key), lines, name)
        return mapping
    if isinstance(node, yaml.SequenceNode) and node.tag == _YAML + "seq":
        items = []
        for index, item in enumerate(node.value):
            lines[(*path, index)] = _line(item)
            items.append(_construct(item, (*path, index), lines, name))
        return items
    return _scalar(node, name)


def _scalar(node: yaml.Node, name: str) -> Any:
    text = node.value
    try:
        match node.tag.removeprefix(_YAML):
            case "str" if isinstance(text, str):
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 16) if "x" in text else int(text)
            case "float":
                return float(text)
    except ValueError:  # "1__0", or thousands of digits
        raise YamlProblem(f"not a number: {_short(text)}", _line(node), name) from None
    raise YamlProblem(f"the tag {node.tag!r} is not supported", _line(node), name)


def explain(error: ValidationError, document: YamlDocument, model: type[BaseModel] | None = None) -> str:
    """What is wrong with a document, one `file:line: message` per line, at most five, in the order of the file.

    `model` is the type that was validated; with it an unknown key is answered with the known one it resembles.
    """
    found = sorted((document.line_of(item["loc"]), item) for item in _Sortable.of(error))
    shown = [f"{document.name}:{line}: {_sentence(item, model)}" for line, item in found[:_MAX_SHOWN]]
    if len(found) > _MAX_SHOWN:
        shown.append(f"(and {len(found) - _MAX_SHOWN} more)")
    return "\n".join(shown)


class _Sortable(dict[str, Any]):
    """A pydantic error that sorts after nothing: the line alone orders them, ties keep pydantic's order."""

    def __lt__(self, other: object) -> bool:
        return False

    @classmethod
    def of(cls, error: ValidationError) -> Iterator["_Sortable"]:
        return (cls(item) for item in error.errors(include_url=False))


def _sentence(item: Mapping[str, Any], model: type[BaseModel] | None) -> str:
    path: Path = item["loc"]
    context = item.get("ctx", {})
    where = ".".join(str(part) for part in path if isinstance(part, str)) or "the document"
    match item["type"]:
        case "missing":
            return f"{path[-1]!r} is missing" + (f" in {where.rpartition('.')[0]}" if len(path) > 1 else "")
        case "extra_forbidden":
            known = [] if model is None else _keys(model, path[:-1])
            return f"unknown key {path[-1]!r}" + did_you_mean(str(path[-1]), known)
        case "literal_error" | "enum":
            return f"{where} must be {context['expected']}, not {_short(item['input'])}" + did_you_mean(
                str(item["input"]), re.findall(r"'([^']*)'", context["expected"])
            )
        case "union_tag_invalid":
            words = re.findall(r"'([^']*)'", context["expected_tags"])
            return f"{where} must be one of {', '.join(words)}, not {context['tag']!r}" + did_you_mean(
                context["tag"], words
            )
        case "value_error" | "assertion_error":
            return f"{where}: {str(item['msg']).partition(', ')[2]}"
    message = str(item["msg"]).replace("Input should be", "must be").replace("Input should have", "must have")
    return f"{where} {message}, not {_short(item['input'])}"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """ " (did you mean 'x'?)", or where nothing is close what is known, if that is no long list."""
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(known)})" if 0 < len(known) <= 12 else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys(annotation: Any, path: Path) -> list[str]:
    """The keys that `annotation` accepts at `path`."""
    models = list(_models(annotation))
    if not path:
        return sorted({info.alias or name for model in models for name, info in model.model_fields.items()})
    for model in models:
        for name, info in model.model_fields.items():
            if path[0] in (name, info.alias):
                return _keys(info.annotation, path[1:])
    # An index of a list, a key of a dict or the tag of a union: the annotation stays as it is.
    return _keys(annotation, path[1:]) if models else []


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation mentions: itself, a union's members, the items of a list, the values of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, Annotated, list, tuple, dict, Mapping):
        for argument in get_args(annotation):
            yield from _models(argument)
