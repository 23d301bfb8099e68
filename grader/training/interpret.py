"""Looking into a trained model: its first filters, and the pixels that its surest mistakes hang on.

A look never changes the training: it runs a program of its own on copies of the tensors, and the random numbers go on
where they were. Nor can it fail a run: what can't be looked into has no picture.
"""

import base64
import contextlib
from collections.abc import Iterable, Iterator

import torch

from grader.graph.ops import Kind, bind, lookup
from grader.graph.program import Program, compile_graph, references
from grader.model.graph import GraphPair, ModelGraph, Node, Reference
from grader.model.recipe import Normalization
from grader.model.training import Evaluation, Filter, Mistake, Saliency
from grader.training.evaluate import as_batch
from grader.training.subsets import Subset

_MOST_PICTURES = 3
_MOST_FILTERS = 64
_MOST_WEIGHTS = 16_384  # of all filters together: twenty kernels as large as the image
_SAME_VALUES = frozenset({Kind.RESHAPE, Kind.IDENTITY, Kind.DROPOUT})  # at evaluation, and in the same order

Tensors = dict[str, torch.Tensor]


class Interpreter:
    """Looks into one model, whenever it is better than before."""

    def __init__(self, graphs: GraphPair, normalization: Normalization) -> None:
        self._graphs, self._normalization = graphs, normalization
        self._scores: Program | None = None
        with contextlib.suppress(Exception):
            self._scores = compile_graph(before_softmax(graphs.eval))

    def explain(self, model: torch.nn.Module, evaluation: Evaluation, subset: Subset) -> Evaluation:
        """The evaluation with filters and saliency, as far as there are any; `subset` is what was evaluated on."""
        looks: dict[str, object] = {}
        device = subset.images.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            with contextlib.suppress(Exception):
                looks |= self._filters(copies(model), subset)
            with contextlib.suppress(Exception):
                looks["saliency"] = tuple(self._saliency(copies(model), evaluation, subset))
        return evaluation.model_copy(update=looks)

    def _filters(self, tensors: Tensors, subset: Subset) -> dict[str, object]:
        """Of the first convolution that the train graph calls; nothing where there is none."""
        graph = self._graphs.train
        node = next((node for node in graph.nodes if lookup(node).kind is Kind.CONVOLUTION), None)
        weight = bind(node)["weight"] if node else None
        if node is None or not isinstance(weight, Reference):
            return {}
        values = tensors.get(weight.ref)
        if values is None:  # the weight is computed, as weight normalisation does
            images = self._batch(subset, range(min(2, len(subset))))
            values = compile_graph(_until(graph, node, weight.ref)).run(images, tensors.__getitem__)
        spec = self._graphs.parameters.get(weight.ref)
        return {
            "filters": first_filters(values.detach()),
            "filters_of": node.module or (spec.path if spec else ""),
            "filters_total": values.shape[0],
            "filters_channels": values.shape[1],
        }

    def _saliency(self, tensors: Tensors, evaluation: Evaluation, subset: Subset) -> Iterator[Saliency]:
        mistakes = evaluation.mistakes[:_MOST_PICTURES]
        size = self._graphs.batch_size or _MOST_PICTURES
        for start in range(0, len(mistakes), size):
            chosen = mistakes[start : start + size]
            toward_predicted = self._gradient(tensors, chosen, [mistake.predicted for mistake in chosen], subset)
            toward_label = self._gradient(tensors, chosen, [mistake.label for mistake in chosen], subset)
            for mistake, *maps in zip(chosen, toward_predicted, toward_label, strict=True):
                if all(bool(one.isfinite().all()) for one in maps) and any(bool(one.any()) for one in maps):
                    predicted, label = map(_as_bytes, maps)
                    yield Saliency(index=mistake.index, toward_predicted=predicted, toward_label=label)

    def _gradient(
        self, tensors: Tensors, mistakes: tuple[Mistake, ...], classes: list[int], subset: Subset
    ) -> torch.Tensor:
        """|d score / d pixel| of each image's class, (N, H, W)."""
        assert self._scores is not None
        images = self._batch(subset, [mistake.index for mistake in mistakes]).requires_grad_()
        scores = self._scores.run(images, tensors.__getitem__).flatten(1)
        rows = torch.arange(len(mistakes), device=scores.device)
        (gradient,) = torch.autograd.grad(scores[rows, torch.tensor(classes, device=scores.device)].sum(), images)
        return gradient[: len(mistakes), 0].abs().cpu()

    def _batch(self, subset: Subset, indices: Iterable[int]) -> torch.Tensor:
        """Those images as a batch; a fixed batch is filled up with the first of them."""
        chosen = list(indices)
        chosen += chosen[:1] * ((self._graphs.batch_size or 0) - len(chosen))
        return as_batch(subset.images[chosen].float(), self._normalization)


def copies(model: torch.nn.Module) -> Tensors:
    """Parameters and buffers by name; writing into them, as some graphs do even at evaluation, changes no model."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: value.detach().clone() for name, value in named}


def before_softmax(graph: ModelGraph) -> ModelGraph:
    """The graph up to the scores that go into its last softmax, or all of it where there is none.

    Simonyan, Vedaldi & Zisserman (2014, https://arxiv.org/abs/1312.6034) take the scores' gradients: a probability
    also rises where the others fall, so with two classes in play both would get the very same picture.
    """
    nodes = {node.name: node for node in graph.nodes}
    last = _origin(nodes, graph.output)
    if last is not None and lookup(last).short == "log":
        last = _origin(nodes, references(last)[0])
    if last is None or lookup(last).kind is not Kind.SOFTMAX or bind(last)["dim"] == 0:
        return graph
    return _until(graph, last, references(last)[0])


def first_filters(weight: torch.Tensor) -> tuple[Filter, ...]:
    """The first input channel of each kernel of a weight (out, in, height, width) or (out, in, length)."""
    kernels = weight[:, 0]
    if kernels.ndim == 2:
        kernels = kernels.unsqueeze(1)
    if kernels.ndim != 3 or not bool(kernels.isfinite().all()):
        return ()
    height, width = kernels.shape[1:]
    shown = kernels[: min(_MOST_FILTERS, _MOST_WEIGHTS // (height * width))].flatten(1).cpu().tolist()
    return tuple(Filter(height=height, width=width, weights=tuple(map(_short, row))) for row in shown)


def _origin(nodes: dict[str, Node], name: str) -> Node | None:
    """The node that computed a value, over those that hand it on as it is."""
    node = nodes.get(name)
    while node is not None and lookup(node).kind in _SAME_VALUES:
        node = nodes.get(references(node)[0])
    return node


def _until(graph: ModelGraph, end: Node, output: str) -> ModelGraph:
    """The graph before that node, with another output. Nothing else is left out: nodes may write in place."""
    nodes = graph.nodes[: graph.nodes.index(end)]
    return graph.model_copy(update={"nodes": nodes, "output": output})


def _as_bytes(map_: torch.Tensor) -> str:
    """(28, 28), its largest value to 255; base64."""
    largest = map_.max()
    scaled = (map_ / largest * 255).round() if largest > 0 else map_
    return base64.b64encode(scaled.to(torch.uint8).contiguous().numpy().tobytes()).decode()


def _short(weight: float) -> float:
    """Four significant digits, which no picture can tell from all of them."""
    return float(f"{weight:.4g}")
