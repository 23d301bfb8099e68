"""The layer table: one row per call of the train graph that works on the image and can influence the output."""

from collections.abc import Mapping

from grader.analysis.cost import macs
from grader.analysis.fields import Fields
from grader.analysis.flow import Call, Flow
from grader.analysis.geometry import geometry
from grader.analysis.receptive_field import extents, per_axis
from grader.graph.ops import Kind
from grader.model.facts import LayerFacts, PerAxis
from grader.model.graph import TensorSpec

_ALWAYS = frozenset(
    {
        Kind.CONVOLUTION,
        Kind.TRANSPOSED_CONVOLUTION,
        Kind.LINEAR,
        Kind.MATMUL,
        Kind.AVERAGE_POOL,
        Kind.MAX_POOL,
        Kind.ADAPTIVE_AVERAGE_POOL,
        Kind.ADAPTIVE_MAX_POOL,
        Kind.BATCH_NORM,
        Kind.NORM,
        Kind.DROPOUT,
        Kind.ACTIVATION,
        Kind.REDUCE,
        Kind.CONCATENATE,
        Kind.PAD,
        Kind.UPSAMPLE,
        Kind.PIXEL_SHUFFLE,
        Kind.UNFOLD,
        Kind.SOFTMAX,
        Kind.ATTENTION,
        Kind.RECURRENT,
    }
)


def layer_table(
    flow: Flow, fields: Fields, main: frozenset[str], parameters: Mapping[str, TensorSpec]
) -> tuple[LayerFacts, ...]:
    """Rows in the order of the graph. `main`: the path without gates; on a gate the receptive field is left out.

    A layer's parameters stand in the row of its first call, so that the column adds up.
    """
    calls = [call for call in flow.live_calls() if call.name in flow.images and _is_layer(flow, call)]
    containers = _containers(flow, calls)
    told: set[str] = set()
    rows = []
    for call in calls:
        used = _parameters(flow, call) & parameters.keys()
        own = [name for name in used if name not in told]
        told.update(own)
        name = _name(call, containers, {parameters[parameter].path.rpartition(".")[0] for parameter in used})
        rows.append(
            LayerFacts(
                name=name or call.operation.short,
                op=call.operation.short,
                module_class=call.node.module_class if name == call.node.module else "",
                output_shape=flow.shape(call.name)[1:],
                **_window(flow, call),
                **(_field(flow, fields, call) if call.name in main else {}),
                parameters=sum(_size(parameters[name]) for name in own),
                macs=macs(flow, call),
                location=call.node.location,
            )
        )
    return tuple(rows)


def _name(call: Call, containers: set[str], owners: set[str]) -> str:
    """The module that made the call, or the one whose parameters it uses; "" where no module is the call's own."""
    module = call.node.module
    if module and module not in containers:
        return module
    return owners.pop() if len(owners) == 1 else ""


def _is_layer(flow: Flow, call: Call) -> bool:
    """Operators with a name of their own, and sums and products where two paths meet."""
    if call.kind is Kind.ELEMENTWISE:
        return sum(flow.depends_on_image(value) for value in call.values) > 1
    return call.kind in _ALWAYS


def _containers(flow: Flow, calls: list[Call]) -> set[str]:
    """Modules that hold other modules, or that call several operators: a call in their forward is not theirs alone."""
    found: set[str] = set()
    operators: dict[str, set[str]] = {}
    for call in calls:
        operators.setdefault(call.node.module, set()).add(call.operation.short)
    for call in flow.calls.values():
        parent, dot, _ = call.node.module.rpartition(".")
        while dot:
            found.add(parent)
            parent, dot, _ = parent.rpartition(".")
    return found | {module for module, names in operators.items() if len(names) > 1}


def _parameters(flow: Flow, call: Call) -> frozenset[str]:
    """Names of what a call reads that no image decides, over what is computed from it (weight norm)."""
    start = [name for value in call.values if not flow.depends_on_image(value) for name in value.names]
    return flow.reach(start, lambda source: source.sources)


def _window(flow: Flow, call: Call) -> dict[str, PerAxis | str | int | None]:
    found = geometry(flow, call)
    if found is None:
        return {}
    return {
        "kernel": per_axis(found.kernel),
        "stride": per_axis(found.stride),
        "padding": found.padding if isinstance(found.padding, str) else per_axis(found.padding),
        "dilation": per_axis(found.dilation),
        "groups": found.groups,
    }


def _field(flow: Flow, fields: Fields, call: Call) -> dict[str, PerAxis | float | tuple[float, float] | None]:
    """Of maps only: a vector has no place."""
    field = fields.of(call.name)
    if field is None or len(flow.shape(call.name)) < 3:
        return {}
    pair = extents(field)
    if pair is None:
        return {}
    rows, columns = pair
    return {
        "receptive_field": per_axis((rows.size, columns.size)),
        "jump": None if rows.jump is None or columns.jump is None else per_axis((rows.jump, columns.jump)),
        "start": rows.start if rows.start == columns.start else (rows.start, columns.start),
    }


def _size(spec: TensorSpec) -> int:
    size = 1
    for extent in spec.shape:
        size *= extent
    return size
