"""Changes to an exported graph that leave it JSON and mostly a graph: what takes a fuzzer past the reader.

`mutate` draws everything from the random numbers given, so that a seed names an input.
"""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from targets import SEPARATOR, fitting_tensors

from grader.graph.element_types import SAFETENSORS
from grader.graph.operation import OperationArgument
from grader.graph.ops import OPERATIONS

Data = dict[str, Any]

_INTEGERS = (0, 1, 2, 3, 4, 5, 7, 8, 10, 12, 63, 64, 65, 144, 1000, 4096, 2**16, 2**31 - 1, 2**31, 2**40, 2**62)
_FLOATS = (0.0, -0.0, 0.5, 1.0, 1e-8, 1e-320, 1e8, 1e308, -1e308)
_SPELLED = ({"float": "inf"}, {"float": "-inf"}, {"float": "nan"})
_WORDS = ("", "same", "valid", "constant", "reflect", "trunc", "floor", "tanh", "none", "ij", "bij,bjd->bid",
          "ij,ij", "...ij->ij", "ii->i", "float32", "int64", "bool", "bfloat16", "mean", "a b")  # fmt: skip
_STRANGE = (None, True, [], {}, "", "n0", -1, 0.5, [[]], {"ref": "n0"}, {"ref": "n999999"}, {"float": "inf"}, "\ud800")
_MOST_NODES = 60  # what fuzzing grows a graph to; large graphs have tests of their own
_NAMES = tuple(OPERATIONS)


def mutate(data: bytes, numbers: random.Random, most: int) -> bytes | None:
    """The input changed in one to four places; None where it is no graph, or where the result is over `most` bytes."""
    text, separator, tensors = data.partition(SEPARATOR)
    try:
        graphs = json.loads(text)
        for _ in range(numbers.choice((1, 1, 1, 2, 3, 4))):
            numbers.choice(_MUTATIONS)(graphs, numbers)
        changed = json.dumps(graphs, separators=(",", ":")).encode()
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None  # not the form of a graph any more: bytes are changed then
    if separator:
        changed += separator + tensors
    elif numbers.random() < 0.03:
        changed += separator_with_damage(changed, numbers)
    return changed if len(changed) <= most else None


def separator_with_damage(graphs: bytes, numbers: random.Random) -> bytes:
    """A tensor file that fits but for one byte, or is cut or too long."""
    file = bytearray(fitting_tensors(graphs))
    if file:
        place = numbers.randrange(min(len(file), 400))
        match numbers.randrange(4):
            case 0:
                file[place] = numbers.randrange(256)
            case 1:
                del file[place:]
            case 2:
                file += b"\0" * numbers.randrange(1, 9)
            case 3:
                file[place:place] = numbers.choice((b"-", b"0", b"9", b" ", b".0", b'"a":1,'))
    return SEPARATOR + bytes(file)


def cross(data: bytes, other: bytes, numbers: random.Random, most: int) -> bytes | None:
    """The first graph with a node of the other one put in."""
    try:
        graphs, giver = json.loads(data.partition(SEPARATOR)[0]), json.loads(other.partition(SEPARATOR)[0])
        node = copy.deepcopy(numbers.choice(giver[_mode(numbers)]["nodes"]))
        _put_in(graphs, node, numbers)
        changed = json.dumps(graphs, separators=(",", ":")).encode()
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None
    return changed if len(changed) <= most else None


def _mode(numbers: random.Random) -> str:
    return numbers.choice(("train", "eval"))


def _node(graphs: Data, numbers: random.Random) -> Data:
    node: Data = numbers.choice(graphs[_mode(numbers)]["nodes"])
    return node


def _defined(graphs: Data, before: Data | None, mode: str) -> list[str]:
    """What a node may refer to."""
    names = ["x0", *graphs["parameters"], *graphs["buffers"], *graphs["constants"]]
    for node in graphs[mode]["nodes"]:
        if node is before:
            break
        names += [node["name"]] * 3
    return names


def _change_operator(graphs: Data, numbers: random.Random) -> None:
    _node(graphs, numbers)["op"] = numbers.choice(_NAMES)


def _change_argument(graphs: Data, numbers: random.Random) -> None:
    """One argument of a node, or one item of a list."""
    mode = _mode(numbers)
    node = numbers.choice(graphs[mode]["nodes"])
    names = _defined(graphs, node, mode)
    holder: Any = node["args"] if numbers.random() < 0.8 or not node["kwargs"] else node["kwargs"]
    if not holder:
        node["args"] = [_value(names, numbers)]
        return
    key = numbers.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if isinstance(holder[key], list) and holder[key] and numbers.random() < 0.8:
        holder, key = holder[key], numbers.randrange(len(holder[key]))
    old = holder[key]
    if isinstance(old, dict) and "ref" in old and numbers.random() < 0.8:
        holder[key] = {"ref": numbers.choice(names)}
    elif isinstance(old, int) and not isinstance(old, bool) and numbers.random() < 0.6:
        holder[key] = old + numbers.choice((-1, 1, -2, 2, 8, 100))
    else:
        holder[key] = _value(names, numbers)


def _value(names: list[str], numbers: random.Random) -> Any:
    kind = numbers.randrange(7)
    if kind == 0:
        return numbers.choice(_INTEGERS) * numbers.choice((1, 1, -1))
    if kind == 1:
        return numbers.choice((*_FLOATS, *_SPELLED))
    if kind == 2:
        return numbers.choice(_WORDS)
    if kind == 3:
        return numbers.choice((None, True, False))
    if kind == 4:
        return [_value(names, numbers) for _ in range(numbers.randrange(4))]
    return {"ref": numbers.choice(names)}


def _fitting(argument: OperationArgument, names: list[str], numbers: random.Random) -> Any:
    """A value of the type that an argument has."""
    kind = argument.type
    if kind.startswith("Optional") and numbers.random() < 0.4:
        return None
    if "List[Tensor]" in kind or "List[Optional[Tensor]]" in kind:
        return [{"ref": numbers.choice(names)} for _ in range(numbers.randrange(1, 4))]
    if "Tensor" in kind or kind == "Any":
        return {"ref": numbers.choice(names)}
    if "List" in kind:
        return [_size(numbers) for _ in range(numbers.randrange(1, 4))]
    if "bool" in kind:
        return numbers.random() < 0.5
    if "float" in kind or ("number" in kind and numbers.random() < 0.7):
        return numbers.choice(_FLOATS)
    if "str" in kind or argument.name == "dtype":
        return numbers.choice(_WORDS)
    return _size(numbers)


def _size(numbers: random.Random) -> int:
    return numbers.choice(_INTEGERS) if numbers.random() < 0.15 else numbers.choice((-1, 0, 1, 1, 2, 2, 3, 4, 8, 12))


def _new_node(graphs: Data, numbers: random.Random) -> None:
    """A call of any operator of the table, its arguments of the types that its schema names."""
    operation = OPERATIONS[numbers.choice(_NAMES)]
    names = _defined(graphs, None, "train")
    arguments = [argument for argument in operation.arguments if not argument.keyword_only]
    given = [argument for argument in arguments if argument.required]
    given = arguments[: max(len(given), numbers.randrange(len(arguments) + 1))]
    node = {
        "name": "n0",
        "op": operation.name,
        "args": [_fitting(argument, names, numbers) for argument in given],
        "kwargs": {},
        "module": "",
        "module_class": "",
        "location": None,
    }
    _put_in(graphs, node, numbers)


def _put_in(graphs: Data, node: Data, numbers: random.Random) -> None:
    """Into both modes at the same place; readers further on may read it."""
    node["name"] = f"n{numbers.randrange(1000, 1_000_000)}"
    place = numbers.random()
    redirected = numbers.random() < 0.7
    for mode in ("train", "eval") if numbers.random() < 0.8 else (_mode(numbers),):
        nodes = graphs[mode]["nodes"]
        if len(nodes) >= _MOST_NODES:
            del nodes[numbers.randrange(len(nodes))]
        at = int(place * (len(nodes) + 1))
        new = copy.deepcopy(node)
        earlier = _defined(graphs, nodes[at] if at < len(nodes) else None, mode)
        _rename(new, {name: numbers.choice(earlier) for name in _names(new) if name not in earlier})
        if redirected and nodes[at - 1 : at]:
            before = nodes[at - 1]["name"]
            for reader in nodes[at:]:
                _rename(reader, {before: new["name"]})
            if graphs[mode]["output"] == before:
                graphs[mode]["output"] = new["name"]
            if before not in _names(new) and new["args"] and isinstance(new["args"][0], dict):
                new["args"][0] = {"ref": before}
        nodes.insert(at, new)


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        inner = [value["args"], *value["kwargs"].values()] if "op" in value else []
        return [value["ref"]] if "ref" in value else [name for item in inner for name in _names(item)]
    return [name for item in value for name in _names(item)] if isinstance(value, list) else []


def _rename(node: Data, names: dict[str, str]) -> None:
    def renamed(value: Any) -> Any:
        if isinstance(value, dict) and "ref" in value:
            return {"ref": names.get(value["ref"], value["ref"])}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    node["args"] = renamed(node["args"])
    node["kwargs"] = {key: renamed(value) for key, value in node["kwargs"].items()}


def _drop_node(graphs: Data, numbers: random.Random) -> None:
    """Its readers read what it read first."""
    for mode in ("train", "eval"):
        nodes = graphs[mode]["nodes"]
        node = nodes.pop(numbers.randrange(len(nodes)))
        source = next(iter(_names(node)), "x0")
        for other in nodes:
            _rename(other, {node["name"]: source})
        if graphs[mode]["output"] == node["name"]:
            graphs[mode]["output"] = source


def _swap_nodes(graphs: Data, numbers: random.Random) -> None:
    nodes = graphs[_mode(numbers)]["nodes"]
    a, b = numbers.randrange(len(nodes)), numbers.randrange(len(nodes))
    nodes[a], nodes[b] = nodes[b], nodes[a]


def _change_output(graphs: Data, numbers: random.Random) -> None:
    mode = _mode(numbers)
    graphs[mode]["output"] = numbers.choice(_defined(graphs, None, mode))


def _change_tensor(graphs: Data, numbers: random.Random) -> None:
    """Its shape or its type."""
    specs = [spec for kind in ("parameters", "buffers", "constants") for spec in graphs[kind].values()]
    spec = numbers.choice(specs)
    shape = spec["shape"]
    match numbers.randrange(5):
        case 0:
            spec["dtype"] = numbers.choice(tuple(SAFETENSORS))
        case 1 if shape:
            shape[numbers.randrange(len(shape))] = abs(_size(numbers))
        case 2:
            shape.insert(numbers.randrange(len(shape) + 1), numbers.choice((0, 1, 2, 4)))
        case 3 if shape:
            shape.pop(numbers.randrange(len(shape)))
        case _:
            spec["requires_grad"] = not spec["requires_grad"]


def _new_tensor(graphs: Data, numbers: random.Random) -> None:
    kind, letter = numbers.choice((("buffers", "b"), ("constants", "c")))
    graphs[kind][f"{letter}{numbers.randrange(100)}"] = {
        "path": "new",
        "shape": [abs(_size(numbers)) % 5000 for _ in range(numbers.randrange(4))],
        "dtype": numbers.choice(tuple(SAFETENSORS)),
        "requires_grad": False,
        "aliases": [],
    }


def _same_modes(graphs: Data, numbers: random.Random) -> None:
    """What the one mode does, the other does too."""
    source, target = numbers.choice((("train", "eval"), ("eval", "train")))
    graphs[target] = copy.deepcopy(graphs[source]) | {"mode": target}


def _bind_batch(graphs: Data, numbers: random.Random) -> None:
    graphs["batch_size"] = numbers.choice((None, 1, 2, 4, 8, 1000, 2**16))


def _damage(graphs: Data, numbers: random.Random) -> None:
    """Any value, key or object: what the reader must notice."""
    holder: Any = graphs
    for _ in range(numbers.randrange(1, 7)):
        items = [item for item in _children(holder) if isinstance(item, dict | list) and item]
        if not items:
            break
        holder = numbers.choice(items)
    key = numbers.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match numbers.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[f"{key}x"] = holder[key]
        case _:
            holder[key] = numbers.choice((*_STRANGE, *_INTEGERS, *_FLOATS))


def _children(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


_MUTATIONS: tuple[Callable[[Data, random.Random], None], ...] = (
    *[_change_argument] * 5,
    *[_new_node] * 6,
    *[_change_tensor] * 2,
    _change_operator,
    _drop_node,
    _swap_nodes,
    _change_output,
    _new_tensor,
    _same_modes,
    _same_modes,
    _bind_batch,
    _damage,
)
