"""What the advice looks at in a graph: where the convolutions, the norms and the head are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from grader.analysis.fields import find_fields
from grader.analysis.flow import Call, Flow
from grader.analysis.gates import find_gates
from grader.analysis.head import Head, find_head
from grader.analysis.trace import trace
from grader.graph.ops import Kind, bind
from grader.model.graph import Export, Node, Reference
from grader.model.submission import Location


@dataclass(frozen=True)
class Survey:
    """An export with its traced graphs. `made_at`: the line that makes a layer, by module path, where it is known."""

    export: Export
    train: Flow
    evaluation: Flow
    made_at: Mapping[str, Location] = field(default_factory=dict)

    @cached_property
    def head(self) -> Head:
        """Where the maps end."""
        gates = find_gates(self.train)
        return find_head(self.train, find_fields(self.train, gates), gates)

    @cached_property
    def convolutions(self) -> tuple[Call, ...]:
        """The convolutions on the way of the image to the output, in order."""
        return tuple(call for call in self.train.live_calls(Kind.CONVOLUTION) if call.name in self.train.images)

    @cached_property
    def trunk(self) -> tuple[Call, ...]:
        """The convolutions up to where the head begins, in order."""
        reached = self.train.reach(self.head.begins, lambda call: call.sources)
        return tuple(call for call in self.convolutions if call.name in reached)

    def calls(self, *kinds: Kind) -> tuple[Call, ...]:
        """Live calls on the image, in order."""
        return tuple(call for call in self.train.live_calls(*kinds) if call.name in self.train.images)

    def name(self, call: Call) -> str:
        """What a sentence calls a layer: its module, else the owner of its weight, else its operator."""
        return self.path(call) or call.operation.short

    def path(self, call: Call) -> str:
        """The module path of a call with a weight, or of the module that made the call."""
        weight = weight_of(call)
        spec = self.export.graphs.parameters.get(weight) if weight else None
        return spec.path.rpartition(".")[0] if spec else call.node.module

    def location(self, call: Call) -> Location | None:
        """The line that makes the layer, else the one that calls it."""
        return self.made_at.get(self.path(call)) or call.node.location

    def channels(self, name: str) -> int:
        """Channels of a map; of a vector its length."""
        shape = self.train.shape(name)
        return shape[1] if len(shape) > 1 else 0


def look_at(export: Export, made_at: Mapping[str, Location]) -> Survey:
    """Trace both graphs. Raises what `grader.analysis.trace` raises."""
    return Survey(export, trace(export, "train"), trace(export, "eval"), made_at)


def weight_of(call: Call) -> str | None:
    """The name of the tensor that a convolution, linear layer or norm reads as its weight."""
    given = call.arguments.get("weight")
    return given.ref if isinstance(given, Reference) else None


def input_of(call: Call) -> str:
    """The name of the map that a call reads."""
    given = call.arguments.get("input", call.arguments.get("self"))
    return given.ref if isinstance(given, Reference) else ""


def input_of_node(node: Node) -> str:
    """As `input_of`, of a node."""
    given = bind(node)
    source = given.get("input", given.get("self"))
    return source.ref if isinstance(source, Reference) else ""
