"""What a sandbox wrote is a claim: hostile files are refused with one sentence."""

import copy
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
import torch

from grader.errors import SubmissionError
from grader.graph.ops import UnsupportedOperation
from grader.graph.rebuild import rebuild
from grader.graph.schema import ProbeFailure, read_probe_output
from grader.graph.shapes import propagate
from grader.model.graph import Export
from grader.model.submission import Location, Slice

PIECE = Slice(
    modules=(), entry="net", build="Net()", origins=(Location(file="a b%\n.py"), Location(file="n.ipynb", cell=3))
)


def node(name: str, op: str, args: list[Any], **others: Any) -> dict[str, Any]:
    plain = {"kwargs": {}, "module": "", "module_class": "Net", "location": None}
    return {"name": name, "op": op, "args": args} | plain | others


def ref(name: str) -> dict[str, str]:
    return {"ref": name}


def tensor_file(entries: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    header, data = {}, b""
    for name, (dtype, shape, content) in entries.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.fixture
def graphs() -> dict[str, Any]:
    """A linear classifier on flattened pixels, with one buffer."""
    nodes = [
        node("n0", "aten.flatten.using_ints", [ref("x0"), 1]),
        node("n1", "aten.add.Tensor", [ref("n0"), ref("b0")], location={"label": 1, "line": 7}),
        node("n2", "aten.linear.default", [ref("n1"), ref("p0")]),
    ]
    weight = {"path": "fc.weight", "shape": [10, 784], "dtype": "float32", "requires_grad": True, "aliases": []}
    weight |= {"initializer": {"name": "ones_", "arguments": {}}, "initializer_recognized": True}
    buffer = {"path": "shift", "shape": [1], "dtype": "float32", "requires_grad": False, "aliases": []}
    graph = {"mode": "train", "input": "x0", "output": "n2", "nodes": nodes}
    return {
        "schema": "grader/graph/v1",
        "train": graph,
        "eval": copy.deepcopy(graph) | {"mode": "eval"},
        "input_shape": [1, 28, 28],
        "batch_size": None,
        "parameters": {"p0": weight},
        "buffers": {"b0": buffer},
        "constants": {},
    }


def files(graphs: Any, tensors: bytes | None = None, **result: Any) -> dict[str, bytes]:
    default = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None}
    default |= {"notes": ["a note"], "output_shape": [10]}
    stored = tensor_file({"b0": ("F32", [1], struct.pack("<f", 2.0))}) if tensors is None else tensors
    text = graphs if isinstance(graphs, bytes) else json.dumps(graphs).encode()
    return {"result.json": json.dumps(default | result).encode(), "graphs.json": text, "tensors.safetensors": stored}


def read(graphs: Any, tensors: bytes | None = None) -> Export:
    export = read_probe_output(files(graphs, tensors), PIECE)
    assert isinstance(export, Export)
    return export


def test_a_sound_export_is_read_and_runs(graphs: dict[str, Any]) -> None:
    export = read(graphs)
    assert export.notes == ("a note",)
    assert export.graphs.train.nodes[1].location == Location(file="n.ipynb", cell=3, line=7)
    assert propagate(export)["n2"] == (2, 10)
    output = rebuild(export, seed=0)(torch.ones(3, 1, 28, 28))
    assert torch.equal(output, torch.full((3, 10), 784 * 3.0))


def test_another_input_shape_than_asked_for_is_refused(graphs: dict[str, Any]) -> None:
    assert isinstance(read_probe_output(files(graphs), PIECE, input_shape=(1, 28, 28)), Export)
    with pytest.raises(SubmissionError, match="asked for"):
        read_probe_output(files(graphs), PIECE, input_shape=(3, 32, 32))


def test_special_floats_are_spelled(graphs: dict[str, Any]) -> None:
    graphs["train"]["nodes"][1]["args"] = [ref("n0"), {"float": "-inf"}]
    assert read(graphs).graphs.train.nodes[1].args[1] == float("-inf")


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(graphs: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        target: Any = graphs
        for key in parents:
            target = target[int(key) if isinstance(target, list) else key]
        target[int(last) if isinstance(target, list) else last] = value

    return apply


CODE = "__import__('os').system('id')"
HOSTILE = {
    "node named as code": change("train/nodes/0/name", CODE),
    "node named as attribute": change("train/nodes/0/name", "forward"),
    "node with a leading zero": change("train/nodes/0/name", "n00"),
    "op as code": change("train/nodes/0/op", CODE),
    "keyword as code": change("train/nodes/0/kwargs", {CODE: 1}),
    "word as code": change("train/nodes/0/args", [ref("x0"), CODE]),
    "reference as code": change("train/nodes/0/args", [ref(CODE), 1]),
    "forward reference": change("train/nodes/0/args", [ref("n2"), 1]),
    "reference to itself": change("train/nodes/1/args", [ref("n1"), 1]),
    "duplicate definition": change("train/nodes/1/name", "n0"),
    "unknown output": change("train/output", "n9"),
    "unhashable output": change("train/output", ["n2"]),
    "other input": change("train/input", "p0"),
    "wrong mode": change("train/mode", "eval"),
    "parameter named as code": change("parameters", {CODE: {}}),
    "parameter named as buffer": change("parameters", {"b1": {}}),
    "negative size": change("parameters/p0/shape", [-1, 784]),
    "huge size": change("parameters/p0/shape", [2**31, 2**31]),
    "many axes": change("parameters/p0/shape", [1] * 9),
    "too many parameters": change("parameters/p0/shape", [100_000_001]),
    "boolean size": change("parameters/p0/shape", [True]),
    "unknown dtype": change("parameters/p0/dtype", "complex64"),
    "dtype of another type": change("parameters/p0/dtype", {}),
    "initializer with a list": change("parameters/p0/initializer/arguments", {"a": [1]}),
    "recognized is a word": change("parameters/p0/initializer_recognized", "yes"),
    "label outside the slice": change("train/nodes/0/location", {"label": 2, "line": 1}),
    "line zero": change("train/nodes/0/location", {"label": 0, "line": 0}),
    "unknown field": change("train/nodes/0/source", "x"),
    "nested list": change("train/nodes/0/args", [[[1]]]),
    "long list": change("train/nodes/0/args", [[1] * 5_000]),
    "batch of zero": change("batch_size", 0),
    "batch as a word": change("batch_size", "128"),
    "flat input": change("input_shape", [784]),
    "other schema": change("schema", "grader/graph/v2"),
    "nodes as an object": change("train/nodes", {}),
    "path as a number": change("parameters/p0/path", 3),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_graphs_are_refused(name: str, graphs: dict[str, Any]) -> None:
    HOSTILE[name](graphs)
    with pytest.raises(SubmissionError):
        read(graphs)


def test_too_many_nodes_are_refused(graphs: dict[str, Any]) -> None:
    graphs["train"]["nodes"] = [node(f"n{i}", "aten.relu.default", [ref("x0")]) for i in range(5_001)]
    with pytest.raises(SubmissionError, match="5001 operations"):
        read(graphs)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe{}",
        b'{"train": NaN}',
        b'{"train": Infinity}',
        b'{"train": -1e999}',
        b'{"train": 1, "train": 2}',
        b'{"train": ' + b"9" * 5_000 + b"}",
        b'{"train": 9223372036854775808}',
        b'{"train": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"train": ' + b"[" * 20 + b"]" * 20 + b"}",
        b" " * (32 * 2**20 + 1),
    ],
    ids=lambda text: text[:30].decode(errors="replace").strip(),
)
def test_json_that_is_not_strict_is_refused(text: bytes) -> None:
    with pytest.raises(SubmissionError):
        read(text)


SCALAR = struct.pack("<f", 1.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        tensor_file({}),
        tensor_file({"b0": ("F32", [1], SCALAR), "b1": ("F32", [1], SCALAR)}),
        tensor_file({"b0": ("F32", [2], SCALAR)}),
        tensor_file({"b0": ("I32", [1], SCALAR)}),
        tensor_file({"b0": ("F32", [1], SCALAR * 2)}),
        tensor_file({"b0": ("F32", [1], SCALAR)}) + b"more",
    ],
)
def test_damaged_tensor_files_are_refused(data: bytes, graphs: dict[str, Any]) -> None:
    with pytest.raises(SubmissionError):
        read(graphs, data)


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("aten.frobnicate.default", [ref("x0")]),
        ("aten.relu.default", [ref("x0"), 1]),
        ("aten.add.Tensor", [ref("x0")]),
        ("aten.pad.default", [ref("x0"), [1, 1], "os.system"]),
        ("aten.sum.default", [ref("x0"), "float32"]),
        ("prim.PythonOp", [ref("x0")]),
        ("operator.pow", [9, 9]),
    ],
)
def test_what_the_table_lacks_is_named_with_its_place(op: str, args: list[Any], graphs: dict[str, Any]) -> None:
    graphs["train"]["nodes"][0] = node("n0", op, args, location={"label": 1, "line": 5})
    export = read(graphs)
    with pytest.raises(UnsupportedOperation, match="cell 3:5") as caught:
        rebuild(export, seed=0)
    assert caught.value.op == op
    assert caught.value.location == Location(file="n.ipynb", cell=3, line=5)
    with pytest.raises(UnsupportedOperation):
        propagate(export)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("n0", "aten.expand.default", [ref("b0"), [2**40, 1]])],
        [node("n0", "aten.zeros.default", [[2**62, 2**62]])],
        [node("n0", "aten.linear.default", [ref("x0"), ref("p0"), ref("p0")])],
        [node("n0", "operator.mul", [2**50, 2])],
        [node("n0", "aten.unbind.int", [ref("n9")]), node("n1", "aten.relu.default", [ref("n0")])],
        [node("n9", "aten.expand.default", [ref("b0"), [10_000]]), node("n0", "aten.unbind.int", [ref("n9")])],
        [
            node("n0", "aten.zeros.default", [[4096, 30_000]]),
            node("n1", "aten.zeros.default", [[30_000, 4096]]),
            node("n2", "aten.matmul.default", [ref("n1"), ref("n0")]),
        ],
        [node(f"n{i}", "aten.zeros.default", [[2**27]]) for i in range(9)],
        [node("n0", "aten.sym_size.int", [ref("x0"), 0])],
    ],
)
def test_graphs_that_do_not_fit_or_cost_too_much_are_refused(nodes: list[Any], graphs: dict[str, Any]) -> None:
    graphs["train"]["nodes"] = nodes
    graphs["train"]["output"] = nodes[-1]["name"]
    with pytest.raises(SubmissionError):
        propagate(read(graphs))


def test_submitted_running_statistics_never_count(graphs: dict[str, Any]) -> None:
    args = [ref("x0"), None, None, ref("b0"), ref("b0"), False, 0.1, 0.0, False]
    for mode in ("train", "eval"):
        graphs[mode]["nodes"][0] = node("n0", "aten.batch_norm.default", args)
    model = rebuild(read(graphs), seed=0)
    assert model.get_buffer("b0").tolist() == [1.0]


def test_failures_are_read_with_their_place() -> None:
    error = {"type": "ValueError", "message": "no", "label": 0, "line": 3, "hint": "do this"}
    answer = read_probe_output(
        {"result.json": files({}, status="failed", stage="build", error=error)["result.json"]}, PIECE
    )
    assert answer == ProbeFailure(
        stage="build",
        type="ValueError",
        message="no",
        location=Location(file="a b%\n.py", line=3),
        hint="do this",
        notes=("a note",),
    )


@pytest.mark.parametrize("missing", ["result.json", "graphs.json", "tensors.safetensors"])
def test_a_missing_file_is_said(missing: str, graphs: dict[str, Any]) -> None:
    left = files(graphs)
    del left[missing]
    with pytest.raises(SubmissionError):
        read_probe_output(left, PIECE)


def test_lone_surrogates_do_not_survive(graphs: dict[str, Any]) -> None:
    graphs["parameters"]["p0"]["path"] = "fc.\ud800"
    assert read(graphs).graphs.parameters["p0"].path == "fc.?"
