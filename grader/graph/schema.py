"""From what a sandbox wrote to a validated `Export`. Everything here is a claim until it has passed this file.

What holds afterwards: every name is generated ([nxpbc][0-9]+), every reference names something defined earlier, specs
are sane and bounded, the tensor file matches them. Whether an operator is known is decided when the graph is rebuilt.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from grader.errors import SubmissionError
from grader.graph.element_types import SAFETENSORS
from grader.graph.strict_json import read_json
from grader.graph.tensor_file import check_tensor_file
from grader.model.base import Frozen
from grader.model.graph import Argument, Export, GraphPair, Initializer, ModelGraph, Node, Reference, Scalar, TensorSpec
from grader.model.submission import Location, Slice

MAX_NODES = 5_000
MAX_TENSORS = 5_000
MAX_ELEMENTS = 100_000_000  # of all parameters, and of all buffers and constants
_MAX_RESULT_BYTES = 2**20
_MAX_GRAPH_BYTES = 32 * 2**20
_MAX_LIST = 4_096
_MAX_EXTENT = 2**40  # of a shape without its zeros: strides are products of sizes even where there is no element
_NAMES = {letter: re.compile(rf"{letter}(0|[1-9][0-9]{{0,6}})") for letter in "nxpbc"}
_OP = re.compile(r"[A-Za-z0-9_.:]{1,120}")
_WORD = re.compile(r"[A-Za-z0-9_ ,.>-]{0,64}")
_KEYWORD = re.compile(r"[a-z_][a-z0-9_]{0,40}")


class ProbeFailure(Frozen):
    """The probe could not bring the model out; the student's fault unless a package was missing."""

    stage: Literal["import", "build", "forward", "export", "convert"]
    type: str
    message: str
    location: Location | None = None
    hint: str = ""
    notes: tuple[str, ...] = ()


def read_probe_output(
    files: Mapping[str, bytes], piece: Slice, *, input_shape: tuple[int, ...] | None = None
) -> Export | ProbeFailure:
    """The validated export, or why there is none. `piece` gives labels their files.

    `input_shape` is what was asked for, (channels, height, width). Raises SubmissionError, also for another shape.
    """
    result = _checked_result(_read(files, "result.json"))
    if result["status"] == "failed":
        return _failure(result, piece)
    for name in ("graphs.json", "tensors.safetensors"):
        if name not in files:
            raise SubmissionError(f"The sandbox reported success but left no {name}.")
    graphs = _graph_pair(read_json(files["graphs.json"], "graphs.json", max_bytes=_MAX_GRAPH_BYTES), piece)
    if input_shape is not None and graphs.input_shape != input_shape:
        raise _malformed("graphs.json", "its input shape is not the one that was asked for")
    check_tensor_file(files["tensors.safetensors"], {**graphs.buffers, **graphs.constants})
    return Export(graphs=graphs, tensors=files["tensors.safetensors"], notes=_notes(result))


def read_probe_shape(files: Mapping[str, bytes], piece: Slice) -> tuple[int, ...] | ProbeFailure:
    """The answer to a "shapes" request: the output's shape per image, or why there is none. Raises SubmissionError."""
    return _shape_of(_read(files, "result.json"), piece)


def read_probe_shapes(files: Mapping[str, bytes], pieces: Sequence[Slice]) -> list[tuple[int, ...] | ProbeFailure]:
    """The answers to a "shapes" request with several slices, in their order. Raises SubmissionError."""
    data = _read(files, "shapes.json")
    _keys(data, {"schema", "results"}, "shapes.json")
    if not isinstance(data["results"], list) or len(data["results"]) != len(pieces):
        raise _malformed("shapes.json", "it does not answer every slice")
    return [_shape_of(result, piece) for result, piece in zip(data["results"], pieces, strict=True)]


def _shape_of(data: Any, piece: Slice) -> tuple[int, ...] | ProbeFailure:
    result = _checked_result(data)
    if result["status"] == "failed":
        return _failure(result, piece)
    return _shape(result["output_shape"], "output_shape")


def _read(files: Mapping[str, bytes], name: str) -> Any:
    if name not in files:
        raise SubmissionError("The sandbox left no result: the model's code ended the process.")
    return read_json(files[name], name, max_bytes=_MAX_RESULT_BYTES)


def _checked_result(result: Any) -> dict[str, Any]:
    _keys(result, {"schema", "status", "stage", "error", "notes", "output_shape"}, "result.json")
    if result["schema"] != "grader/probe-result/v1" or result["status"] not in ("ok", "failed"):
        raise _malformed("result.json", "its schema or status is unknown")
    return dict(result)


def _failure(result: dict[str, Any], piece: Slice) -> ProbeFailure:
    error = result["error"]
    _keys(error, {"type", "message", "label", "line", "hint"}, "result.json")
    if result["stage"] not in ("import", "build", "forward", "export", "convert"):
        raise _malformed("result.json", "its stage is unknown")
    place = None if error["label"] is None else {"label": error["label"], "line": error["line"]}
    return ProbeFailure(
        stage=result["stage"],
        type=_text(error["type"], 200),
        message=_text(error["message"], 2_000),
        location=_location(place, piece),
        hint=_text(error["hint"], 2_000),
        notes=_notes(result),
    )


def _notes(result: dict[str, Any]) -> tuple[str, ...]:
    notes = result["notes"]
    if not isinstance(notes, list) or len(notes) > 100:
        raise _malformed("result.json", "its notes are not a short list")
    return tuple(_text(note, 500) for note in notes)


def _graph_pair(data: Any, piece: Slice) -> GraphPair:
    keys = {"schema", "train", "eval", "input_shape", "batch_size", "parameters", "buffers", "constants"}
    _keys(data, keys, "graphs.json")
    if data["schema"] != "grader/graph/v1":
        raise _malformed("graphs.json", "its schema is unknown")
    parameters, buffers, constants = (
        _specs(data[kind], letter) for kind, letter in (("parameters", "p"), ("buffers", "b"), ("constants", "c"))
    )
    known = {"x0", *parameters, *buffers, *constants}
    batch_size = data["batch_size"]
    if batch_size is not None and not (type(batch_size) is int and 1 <= batch_size <= 2**16):
        raise _malformed("graphs.json", "its batch size is not a small positive integer")
    input_shape = _shape(data["input_shape"], "input_shape")
    if len(input_shape) != 3 or 0 in input_shape:
        raise _malformed("graphs.json", "its input shape is not (channels, height, width)")
    return GraphPair(
        train=_graph(data["train"], "train", known, piece),
        eval=_graph(data["eval"], "eval", known, piece),
        input_shape=input_shape,
        batch_size=batch_size,
        parameters=parameters,
        buffers=buffers,
        constants=constants,
    )


def _graph(data: Any, mode: Literal["train", "eval"], known: set[str], piece: Slice) -> ModelGraph:
    _keys(data, {"mode", "input", "output", "nodes"}, "graphs.json")
    if data["mode"] != mode or data["input"] != "x0" or not isinstance(data["nodes"], list):
        raise _malformed("graphs.json", f"its {mode} graph has no nodes or another mode or input")
    if len(data["nodes"]) > MAX_NODES:
        raise SubmissionError(f"The model's graph has {len(data['nodes'])} operations; at most {MAX_NODES} are graded.")
    defined = set(known)
    nodes = []
    for entry in data["nodes"]:
        node = _node(entry, defined, piece)
        defined.add(node.name)
        nodes.append(node)
    if not isinstance(data["output"], str) or data["output"] not in defined:
        raise _malformed("graphs.json", "its output is not the value of a node")
    return ModelGraph(mode=mode, input="x0", output=data["output"], nodes=tuple(nodes))


def _node(data: Any, defined: set[str], piece: Slice) -> Node:
    _keys(data, {"name", "op", "args", "kwargs", "module", "module_class", "location"}, "graphs.json")
    name = _name(data["name"], "n")
    if name in defined:
        raise _malformed("graphs.json", f"{name} is defined twice")
    if not (isinstance(data["op"], str) and _OP.fullmatch(data["op"])):
        raise _malformed("graphs.json", f"{name} has an operator name that no operator has")
    kwargs, args = data["kwargs"], data["args"]
    if not isinstance(args, list) or not isinstance(kwargs, dict) or max(len(args), len(kwargs)) > 64:
        raise _malformed("graphs.json", f"the arguments of {name} are not short lists")
    if not all(_KEYWORD.fullmatch(key) for key in kwargs):
        raise _malformed("graphs.json", f"{name} has a keyword that is not a name")
    op, plain = _without_pick(data["op"], tuple(_argument(value, defined, name) for value in args))
    return Node(
        name=name,
        op=op,
        args=plain,
        kwargs={key: _argument(value, defined, name) for key, value in kwargs.items()},
        module=_text(data["module"], 500),
        module_class=_text(data["module_class"], 200),
        location=_location(data["location"], piece),
    )


def _without_pick(op: str, args: tuple[Argument, ...]) -> tuple[str, tuple[Argument, ...]]:
    """A pick from a list that is written out is an alias of the item: then all know whose memory it is."""
    match args:
        case (tuple() as items, int(index)) if op == "operator.getitem" and 0 <= index < len(items):
            return "aten.alias.default", (items[index],)
    return op, args


def _argument(value: Any, defined: set[str], name: str) -> Argument:
    if not isinstance(value, list):
        return _scalar(value, defined, name)
    if len(value) > _MAX_LIST:
        raise _malformed("graphs.json", f"{name} has a list of {len(value)} items")
    return tuple(_scalar(item, defined, name) for item in value)


def _scalar(value: Any, defined: set[str], name: str) -> Scalar:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    if isinstance(value, dict) and value.keys() == {"float"} and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    if isinstance(value, dict) and value.keys() == {"ref"} and isinstance(value["ref"], str):
        if value["ref"] not in defined:
            raise _malformed("graphs.json", f"{name} refers to something that is not defined before it")
        return Reference(ref=value["ref"])
    raise _malformed("graphs.json", f"{name} has an argument of no known form")


def _specs(data: Any, letter: str) -> dict[str, TensorSpec]:
    if not isinstance(data, dict) or len(data) > MAX_TENSORS:
        raise _malformed("graphs.json", "it describes no tensors, or too many")
    specs = {_name(name, letter): _spec(entry, letter) for name, entry in data.items()}
    if sum(math.prod(spec.shape) for spec in specs.values()) > MAX_ELEMENTS:
        raise SubmissionError(f"The model has more than {MAX_ELEMENTS:,} parameters, or as many buffer elements.")
    return specs


def _spec(data: Any, letter: str) -> TensorSpec:
    keys = {"path", "shape", "dtype", "requires_grad", "aliases"}
    if letter == "p":
        keys |= {"initializer", "initializer_recognized"}
        if isinstance(data, dict) and type(data.get("initializer_recognized")) is not bool:
            raise _malformed("graphs.json", "a parameter does not say whether its initializer is recognized")
    _keys(data, keys, "graphs.json")
    if (dtype := _text(data["dtype"], 40)) not in SAFETENSORS:
        raise SubmissionError(f"The model holds a tensor of type {dtype!r}, which is not supported.")
    if type(data["requires_grad"]) is not bool or not isinstance(data["aliases"], list) or len(data["aliases"]) > 1_000:
        raise _malformed("graphs.json", "a tensor's description is damaged")
    return TensorSpec(
        path=_text(data["path"], 500),
        shape=_shape(data["shape"], "shape"),
        dtype=dtype,
        requires_grad=data["requires_grad"],
        aliases=tuple(_text(alias, 500) for alias in data["aliases"]),
        initializer=_initializer(data.get("initializer")),
        initializer_recognized=data.get("initializer_recognized", True),
    )


def _initializer(data: Any) -> Initializer | None:
    if data is None:
        return None
    _keys(data, {"name", "arguments"}, "graphs.json")
    arguments = data["arguments"]
    if not isinstance(arguments, dict) or len(arguments) > 10:
        raise _malformed("graphs.json", "an initializer's arguments are damaged")
    for key, value in arguments.items():
        if not _KEYWORD.fullmatch(key) or not (value is None or isinstance(value, bool | int | float | str)):
            raise _malformed("graphs.json", "an initializer's argument is not a plain value")
    plain = {key: _text(value, 100) if isinstance(value, str) else value for key, value in arguments.items()}
    return Initializer(name=_text(data["name"], 60), arguments=plain)


def _location(data: Any, piece: Slice) -> Location | None:
    if data is None:
        return None
    _keys(data, {"label", "line"}, "graphs.json")
    label, line = data["label"], data["line"]
    if type(label) is not int or not 0 <= label < len(piece.origins):
        raise _malformed("graphs.json", "a place has a label that the slice lacks")
    if line is not None and not (type(line) is int and 1 <= line <= 10_000_000):
        raise _malformed("graphs.json", "a place has no line number")
    return piece.origins[label].model_copy(update={"line": line})


def _name(value: Any, letter: str) -> str:
    if not isinstance(value, str) or not _NAMES[letter].fullmatch(value):
        raise _malformed("graphs.json", f"a name is not {letter} and a number")
    return value


def _shape(value: Any, what: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 8 or not all(type(n) is int and 0 <= n < 2**31 for n in value):
        raise _malformed("graphs.json", f"{what} is not a short list of sizes")
    if math.prod(n for n in value if n) > _MAX_EXTENT:
        raise _malformed("graphs.json", f"{what} is too large")
    return tuple(value)


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise _malformed("graphs.json", "a text is not a string")
    return value[:limit].encode("utf-8", "replace").decode("utf-8")  # a lone surrogate can't be written anywhere


def _keys(data: Any, keys: set[str], name: str) -> None:
    if not isinstance(data, dict) or data.keys() != keys:
        raise _malformed(name, f"an object does not have exactly the fields {', '.join(sorted(keys))}")


def _malformed(name: str, reason: str) -> SubmissionError:
    return SubmissionError(f"The sandbox wrote a malformed {name}: {reason}.")
