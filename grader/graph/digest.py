"""A fingerprint of the graph that does not change when the student renames, moves or reformats."""

import hashlib
import json
from typing import Any

from grader.model.graph import Export, ModelGraph, TensorSpec


def digest(export: Export) -> str:
    """sha256, as hex, of both graphs, the specs, and the constants, as normalised JSON; places and names left out."""
    graphs = export.graphs
    form: dict[str, Any] = {
        "graphs": [_graph(graph) for graph in (graphs.train, graphs.eval)],
        "input_shape": graphs.input_shape,
        "batch_size": graphs.batch_size,
        "specs": {
            name: _spec(spec)
            for specs in (graphs.parameters, graphs.buffers, graphs.constants)
            for name, spec in specs.items()
        },
        "tensors": hashlib.sha256(export.tensors).hexdigest(),
    }
    text = json.dumps(form, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _graph(graph: ModelGraph) -> Any:
    data = graph.model_dump(mode="json")
    for node in data["nodes"]:
        for name in ("module", "module_class", "location"):
            del node[name]
    return data


def _spec(spec: TensorSpec) -> Any:
    data = spec.model_dump(mode="json")
    for name in ("path", "aliases"):
        del data[name]
    return data
