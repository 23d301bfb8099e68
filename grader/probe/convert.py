"""Turns the two exported programs into plain data: generated names, aten op names, arguments, places."""

import math
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.export.graph_signature import InputKind, OutputKind

from grader.probe.constructions import ConstructionRecorder
from grader.probe.failure import Place, ProbeError, place_in_trace
from grader.probe.initializers import InitializerRecorder

_CALL_COUNT = re.compile(r"@\d+$")
# Checks that tracing inserts; the grader's own shape propagation does their work.
_ASSERTIONS = ("aten._assert_", "aten.sym_constrain_range", "aten._assert")


@dataclass(frozen=True)
class Converted:
    """graphs.json as data, and the tensors of tensors.safetensors by generated name."""

    graphs: dict[str, Any]
    tensors: dict[str, torch.Tensor]


class Names:
    """Generated names of a model's parameters, buffers and constants, the same for both modes."""

    def __init__(self, model: torch.nn.Module, recorder: InitializerRecorder) -> None:
        self.by_path: dict[str, str] = {}
        self.parameters: dict[str, dict[str, Any]] = {}
        self.buffers: dict[str, dict[str, Any]] = {}
        self.constants: dict[str, dict[str, Any]] = {}
        self.tensors: dict[str, torch.Tensor] = {}
        known: dict[int, str] = {}
        for path, parameter in model.named_parameters(remove_duplicate=False):
            if self._first(path, parameter, known, self.parameters, "p"):
                self.parameters[known[id(parameter)]].update(_initializer(parameter, recorder))
        for path, buffer in model.named_buffers(remove_duplicate=False):
            if self._first(path, buffer, known, self.buffers, "b"):
                self.tensors[known[id(buffer)]] = buffer.detach().contiguous().clone()

    def _first(
        self, path: str, tensor: torch.Tensor, known: dict[int, str], specs: dict[str, dict[str, Any]], letter: str
    ) -> bool:
        if isinstance(tensor, FakeTensor):
            message = f"{path} is created while the graph is traced."
            raise ProbeError("convert", "LateTensor", message, None, "Create all layers and parameters in __init__.")
        name = known.get(id(tensor))
        if name is not None:
            specs[name]["aliases"].append(path)
            self.by_path[path] = name
            return False
        name = f"{letter}{len(specs)}"
        known[id(tensor)] = self.by_path[path] = name
        specs[name] = _spec(path, tensor)
        return True

    def constant(self, path: str, tensor: torch.Tensor) -> str:
        """The name of a constant; equal constants of the two modes are one."""
        value = tensor.detach().contiguous().clone()
        for name, spec in self.constants.items():
            known = self.tensors[name]
            if known.dtype == value.dtype and known.shape == value.shape and torch.equal(known, value):
                if path != spec["path"] and path not in spec["aliases"]:
                    spec["aliases"].append(path)
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = _spec(path, tensor) | {"requires_grad": False}
        self.tensors[name] = value
        return name


def convert(
    programs: tuple[torch.export.ExportedProgram, torch.export.ExportedProgram],
    model: torch.nn.Module,
    recorder: InitializerRecorder,
    input_shape: tuple[int, ...],
    batch_size: int | None,
    constructions: ConstructionRecorder | None = None,
) -> Converted:
    """Both programs as data. Raises ProbeError (convert) for what has no plain form."""
    names = Names(model, recorder)
    places = _construction_places(model, constructions)
    train, evaluation = (
        _Graph(program, names, mode, places).data() for program, mode in zip(programs, ("train", "eval"), strict=True)
    )
    graphs = {
        "schema": "grader/graph/v1",
        "train": train,
        "eval": evaluation,
        "input_shape": list(input_shape),
        "batch_size": batch_size,
        "parameters": names.parameters,
        "buffers": names.buffers,
        "constants": names.constants,
    }
    return Converted(graphs, names.tensors)


class _Graph:
    """One program on its way to data."""

    def __init__(
        self, program: torch.export.ExportedProgram, names: Names, mode: str, places: dict[str, Place]
    ) -> None:
        self._program = program
        self._mode = mode
        self._places = places
        self._value: dict[torch.fx.Node, Any] = {}  # node -> encoded value
        self._nodes: list[dict[str, Any]] = []
        self._input = ""
        self._bind_inputs(names)

    def _bind_inputs(self, names: Names) -> None:
        targets = {spec.arg.name: spec for spec in self._program.graph_signature.input_specs}
        for node in self._program.graph.nodes:
            if node.op != "placeholder":
                continue
            spec = targets[node.name]
            if spec.kind is InputKind.USER_INPUT:
                self._input = "x0"
                name = "x0"
            elif spec.kind in (InputKind.PARAMETER, InputKind.BUFFER) and spec.target in names.by_path:
                name = names.by_path[spec.target]
            elif spec.target in self._program.constants:
                tensor = self._program.constants[spec.target]
                if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
                    message = f"The graph holds a constant of type {type(tensor).__name__} (a .data inside forward?)."
                    raise _unsupported(message, node)
                name = names.constant(str(spec.target), tensor)
            else:
                raise _unsupported(f"The graph has an input of kind {spec.kind.name}.", node)
            self._value[node] = {"ref": name}

    def data(self) -> dict[str, Any]:
        """The ModelGraph as data."""
        output = self._walk(self._program.graph, self._program.graph_module)
        specs = self._program.graph_signature.output_specs
        values = [value for spec, value in zip(specs, output, strict=True) if spec.kind is OutputKind.USER_OUTPUT]
        references = [value for value in values if isinstance(value, dict) and "ref" in value]
        if len(references) != 1:
            raise ProbeError("convert", "NotATensor", f"The model returns {len(references)} tensors; one is needed.")
        nodes = _without_dead_symbols(self._nodes, references[0]["ref"])
        return {"mode": self._mode, "input": self._input or "x0", "output": references[0]["ref"], "nodes": nodes}

    def _walk(self, graph: torch.fx.Graph, owner: torch.nn.Module) -> tuple[Any, ...]:
        for node in graph.nodes:
            if node.op == "call_function":
                self._call(node, owner)
            elif node.op == "output":
                outputs = node.args[0]
                return tuple(self._encode(value, node) for value in outputs)
        raise ProbeError("convert", "NoOutput", "The graph has no output.")

    def _call(self, node: torch.fx.Node, owner: torch.nn.Module) -> None:
        if isinstance(node.target, torch._ops.HigherOrderOperator):
            self._inline(node, owner)
            return
        op = _op_name(node)
        if op.startswith(_ASSERTIONS):
            return
        self._append(op, [self._encode(value, node) for value in node.args], node)

    def _append(self, op: str, args: list[Any], node: torch.fx.Node, *, kwargs: bool = True) -> dict[str, str]:
        name = f"n{len(self._nodes)}"
        path, class_name, called_by_torch = _module_of(node)
        place = place_in_trace(node.meta.get("stack_trace") or "")
        if path in self._places and (place is None or called_by_torch):
            place = self._places[path]
        self._nodes.append(
            {
                "name": name,
                "op": op,
                "args": args,
                "kwargs": {key: self._encode(value, node) for key, value in node.kwargs.items()} if kwargs else {},
                "module": path,
                "module_class": class_name,
                "location": None if place is None else place.as_data(),
            }
        )
        self._value[node] = {"ref": name}
        return {"ref": name}

    def _inline(self, node: torch.fx.Node, owner: torch.nn.Module) -> None:
        """A `with torch.no_grad()` block in line, what it yields detached; a `with torch.autocast()` block in line."""
        if "set_grad_enabled" in str(node.target):
            enabled, block, *operands = node.args
        elif "autocast" in str(node.target):
            enabled, (*_, block), operands = True, node.args[:5], list(node.args[5:])
        else:
            raise _unsupported(f"The graph has a nested graph ({node.target}).", node)
        module = getattr(owner, str(block.target))  # type: ignore[union-attr]
        inputs = [inner for inner in module.graph.nodes if inner.op == "placeholder"]
        for inner, operand in zip(inputs, operands, strict=True):
            self._value[inner] = self._encode(operand, node)
        outputs = self._walk(module.graph, module)
        if not enabled:
            outputs = tuple(
                self._append("aten.detach.default", [value], node, kwargs=False) if _is_reference(value) else value
                for value in outputs
            )
        self._value[node] = list(outputs)

    def _encode(self, value: Any, node: torch.fx.Node) -> Any:
        if isinstance(value, torch.fx.Node):
            return self._picked(value)
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                raise _unsupported("An argument is an integer beyond 64 bits.", node)
            return int(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, torch.dtype):
            return str(value).removeprefix("torch.")
        if isinstance(value, torch.device | torch.layout | torch.memory_format):
            return None  # where and how a tensor lies in memory is the grader's decision
        if isinstance(value, list | tuple):
            return [self._encode(item, node) for item in value]
        raise _unsupported(f"An argument of type {type(value).__name__} has no plain form.", node)

    def _picked(self, node: torch.fx.Node) -> Any:
        """The encoded value of a node; picking from an inlined block's outputs gives the output itself."""
        if node not in self._value:
            raise _unsupported(f"The graph refers to {node.op} {node.name}.", node)
        return self._value[node]


def _op_name(node: torch.fx.Node) -> str:
    if isinstance(node.target, torch._ops.OpOverload):
        return str(node.target)
    name = getattr(node.target, "__name__", "unknown")
    module = getattr(node.target, "__module__", "")
    return f"{module.lstrip('_') or 'python'}.{name}"


def _module_of(node: torch.fx.Node) -> tuple[str, str, bool]:
    """The innermost module's path and class, and whether another module of torch called it (an nn.Sequential)."""
    stack = node.meta.get("nn_module_stack") or {}
    entries = [entry for entry in stack.values() if isinstance(entry, tuple) and len(entry) == 2]
    entries = [entry for entry in entries if not str(entry[0]).startswith("_empty_nn_module_stack")]
    if not entries:
        return "", "", False
    owners = [owner if isinstance(owner, str) else f"{owner.__module__}.{owner.__qualname__}" for _, owner in entries]
    called_by_torch = all(owner.startswith("torch.nn.") for owner in owners[-2:])
    return _CALL_COUNT.sub("", str(entries[-1][0])), owners[-1].rpartition(".")[2], called_by_torch


def _construction_places(model: torch.nn.Module, constructions: ConstructionRecorder | None) -> dict[str, Place]:
    if constructions is None:
        return {}
    found = ((path, constructions.of(module)) for path, module in model.named_modules(remove_duplicate=False))
    return {path: place for path, place in found if place is not None}


def _without_dead_symbols(nodes: list[dict[str, Any]], output: str) -> list[dict[str, Any]]:
    """Drop arithmetic on sizes that nothing reads: what is left of the checks."""
    used = {output}
    kept = []
    for node in reversed(nodes):
        symbolic = node["op"].startswith(("aten.sym_", "operator.", "math.", "torch."))
        if symbolic and node["name"] not in used:
            continue
        used |= set(_references([node["args"], list(node["kwargs"].values())]))
        kept.append(node)
    return kept[::-1]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["ref"]] if "ref" in value else []
    if isinstance(value, list):
        return [name for item in value for name in _references(item)]
    return []


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and "ref" in value


def _unsupported(message: str, node: torch.fx.Node) -> ProbeError:
    place: Place | None = place_in_trace(node.meta.get("stack_trace") or "")
    return ProbeError("convert", "UnsupportedGraph", message, place)


def _spec(path: str, tensor: torch.Tensor) -> dict[str, Any]:
    return {
        "path": path,
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "requires_grad": tensor.requires_grad,
        "aliases": [],
    }


def _initializer(parameter: torch.Tensor, recorder: InitializerRecorder) -> dict[str, Any]:
    found = recorder.of(parameter)
    if found is None:
        return {"initializer": None, "initializer_recognized": not recorder.was_recorded(parameter)}
    name, arguments = found
    return {"initializer": {"name": name, "arguments": arguments}, "initializer_recognized": True}
