"""What evaluation does that an answer for one image should not need: keep something, look at the rest of the batch."""

from collections.abc import Iterator

from grader.analysis.flow import Flow
from grader.graph.aliases import find_aliasing
from grader.graph.ops import Kind
from grader.model.graph import Export


def evaluation_caveats(export: Export, evaluation: Flow) -> Iterator[str]:
    """A sentence each. What evaluation writes is forgotten after the batch: see `RebuiltModel`."""
    graphs = export.graphs
    kept = {**graphs.parameters, **graphs.buffers, **graphs.constants}
    for name in sorted(find_aliasing(graphs.eval).written & kept.keys()):
        path = kept[name].path
        yield f"Evaluation writes into {path!r}; here that is forgotten after each batch, so no image tells of another."
    for call in evaluation.live_calls(Kind.BATCH_NORM):
        if call.arguments.get("training") is True:
            place = f" ({call.node.location})" if call.node.location else ""
            yield (
                f"Evaluation normalizes with the statistics of its batch{place}: "
                "the answer for an image hangs on the others of its batch."
            )
            return
