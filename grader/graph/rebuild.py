"""The rebuilt model: an interpreter over the op table as an `nn.Module` whose every name is ours.

What is graded is what is trained. No submitted string reaches FX, `exec`, `getattr` or a file name.
"""

from collections.abc import Iterator

import safetensors.torch
import torch

from grader.errors import SubmissionError
from grader.graph.initialize import plan_initializers, sample
from grader.graph.ops import bind
from grader.graph.program import compile_graph, references
from grader.model.graph import Export, GraphPair, Node, Reference


class RebuiltModel(torch.nn.Module):
    """Runs an export's train or eval graph, as `train()` and `eval()` choose; both share all tensors.

    Parameters and buffers are registered under their generated names ("p0", "b0", "c0"); `parameter_names` gives the
    student's path of each. `forward` takes images (N, C, H, W) and returns the model's output, (N, classes) for a
    classifier; where `batch_size` is not None, N must be that.

    In eval mode no call leaves anything behind: what the graph writes into a parameter or a buffer is forgotten after
    the batch. So no answer can hang on the batches before it, and training never sees what evaluation saw.
    """

    def __init__(self, export: Export, generator: torch.Generator) -> None:
        """Build from a validated export. Raises UnsupportedOperation for an operator outside the table."""
        super().__init__()
        graphs = export.graphs
        skip = _batch_counters(graphs)
        self._programs = {
            True: compile_graph(graphs.train, skip["train"]),
            False: compile_graph(graphs.eval, skip["eval"]),
        }
        self.batch_size = graphs.batch_size
        self.parameter_names = {name: spec.path for name, spec in graphs.parameters.items()}
        self.buffer_names = {name: spec.path for name, spec in graphs.buffers.items()}
        plans = plan_initializers(graphs)
        for name, spec in graphs.parameters.items():
            tensor = sample(spec, plans[name], generator)
            trains = spec.requires_grad and tensor.is_floating_point()
            self.register_parameter(name, torch.nn.Parameter(tensor, requires_grad=trains))
        fresh = running_statistics(graphs)
        for name, tensor in safetensors.torch.load(export.tensors).items():
            value = torch.full_like(tensor, fresh[name]) if name in fresh else tensor.clone()
            self.register_buffer(name, value)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, C, H, W) to outputs (N, ...)."""
        output = self._programs[self.training].run(images, self._tensor if self.training else self._unchanging)
        if not isinstance(output, torch.Tensor):
            raise SubmissionError("The model's graph ends in something that is not a tensor.")
        return output

    def _tensor(self, name: str) -> torch.Tensor:
        tensor = self._parameters.get(name)
        return tensor if tensor is not None else self._buffers[name]  # type: ignore[return-value]

    def _unchanging(self, name: str) -> torch.Tensor:
        tensor = self._tensor(name)
        return tensor.clone() if name in self._programs[False].written else tensor


def rebuild(export: Export, seed: int | None = None) -> RebuiltModel:
    """A model with fresh weights. The same seed gives the same weights on every machine; None draws a seed.

    Raises UnsupportedOperation. Run `grader.graph.shapes.propagate` before the first forward: it bounds the cost.
    """
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return RebuiltModel(export, generator)


def _statistics(graphs: GraphPair) -> Iterator[tuple[str, float]]:
    for node in (*graphs.train.nodes, *graphs.eval.nodes):
        arguments = bind(node)
        for argument, value in (("running_mean", 0.0), ("running_var", 1.0)):
            statistic = arguments.get(argument)
            if isinstance(statistic, Reference):
                yield statistic.ref, value


def running_statistics(graphs: GraphPair) -> dict[str, float]:
    """Buffers and constants used as running statistics of a norm → their fresh value; submitted ones never count."""
    return dict(_statistics(graphs))


def _batch_counters(graphs: GraphPair) -> dict[str, frozenset[str]]:
    """Per mode, the nodes that only count batches: they cost a launch per layer, and nothing reads them."""
    scalars = {name for name, spec in graphs.buffers.items() if spec.dtype == "int64" and spec.shape == ()}
    found: dict[str, dict[str, str]] = {}
    read: dict[str, set[str]] = {}
    for graph in (graphs.train, graphs.eval):
        pairs = ((node, _counted(node, scalars)) for node in graph.nodes)
        counting = {node.name: buffer for node, buffer in pairs if buffer is not None}
        others = [node for node in graph.nodes if node.name not in counting]
        found[graph.mode] = counting
        read[graph.mode] = {graph.output, *(name for node in others for name in references(node))}
    anywhere = set().union(*read.values())
    return {
        mode: frozenset(node for node, buffer in nodes.items() if buffer not in anywhere and node not in read[mode])
        for mode, nodes in found.items()
    }


def _counted(node: Node, scalars: set[str]) -> str | None:
    """The batch counter that the node adds to, if that is what it does."""
    if node.op != "aten.add_.Tensor" or len(node.args) != 2 or type(node.args[1]) is not int:
        return None
    target = node.args[0]
    return target.ref if isinstance(target, Reference) and target.ref in scalars else None
