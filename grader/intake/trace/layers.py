"""The parameters of torch.nn's layers from their arguments, as far as plain numbers tell them."""

import math
from collections.abc import Mapping, Sequence

from grader.intake.trace.values import Collection, Constant, Layer, TensorShape, Value

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
# Layers whose parameters are not worth a formula here: the graph will tell.
OPAQUE = frozenset({
    "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Bilinear", "MultiheadAttention", "Transformer",
    "TransformerEncoder", "TransformerDecoder", "TransformerEncoderLayer", "TransformerDecoderLayer",
    "AdaptiveLogSoftmaxWithLoss", "EmbeddingBag",
})  # fmt: skip
TENSOR_MAKERS = frozenset({"zeros", "ones", "empty", "rand", "randn", "full"})


class _Unclear(Exception):
    """An argument is not a plain number."""


class _Arguments:
    def __init__(self, names: Sequence[str], positional: Sequence[Value], keywords: Mapping[str, Value]) -> None:
        self._values = dict(zip(names, positional, strict=False)) | dict(keywords)

    def plain(self, name: str, default: object = None) -> object:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, Constant):
            return value.value
        if isinstance(value, Collection) and all(isinstance(item, Constant) for item in value.items):
            return tuple(item.value for item in value.items if isinstance(item, Constant))
        raise _Unclear(name)

    def number(self, name: str, default: int | None = None) -> int:
        value = self.plain(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _Unclear(name)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        return bool(self.plain(name, default))


def make_layer(path: str, positional: Sequence[Value], keywords: Mapping[str, Value]) -> Layer:
    """A layer of torch.nn with its own parameter count; `parameters` is None where the arguments don't tell."""
    kind = path.rsplit(".", 1)[-1]
    if kind in CONTAINERS:
        return Layer(path, 0, _contained(positional))
    if kind in OPAQUE or kind.startswith("Lazy"):
        return Layer(path, None)
    if kind in ("Parameter", "UninitializedParameter"):
        return Layer(path, _elements(positional[0]) if positional else None)
    try:
        parameters, inputs, outputs = _weights(kind, positional, keywords)
    except _Unclear:
        return Layer(path, None, inputs=_first(positional, keywords))
    return Layer(path, parameters, inputs=inputs, outputs=outputs)


def tensor(name: str, positional: Sequence[Value]) -> Value | None:
    """The shape of `torch.zeros(…)` and its like."""
    first = positional[0] if positional else None
    shape = first.items if isinstance(first, Collection) else positional
    if name == "full":
        shape = first.items if isinstance(first, Collection) else ()
    sizes = [item.value for item in shape if isinstance(item, Constant) and isinstance(item.value, int)]
    return TensorShape(tuple(sizes)) if len(sizes) == len(shape) else None


def _weights(
    kind: str, positional: Sequence[Value], keywords: Mapping[str, Value]
) -> tuple[int, int | None, int | None]:
    """(own parameters, inputs, outputs), the sizes None for a layer that mixes no channels."""
    if kind in ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"):
        return _convolution(kind, positional, keywords)
    if kind == "Linear":
        given = _Arguments(("in_features", "out_features", "bias"), positional, keywords)
        inputs, outputs = given.number("in_features"), given.number("out_features")
        return inputs * outputs + outputs * given.flag("bias", True), inputs, outputs
    if kind in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"):
        given = _Arguments(("num_features", "eps", "momentum", "affine"), positional, keywords)
        return 2 * given.number("num_features") * given.flag("affine", True), None, None
    if kind in ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"):
        given = _Arguments(("num_features", "eps", "momentum", "affine"), positional, keywords)
        return 2 * given.number("num_features") * given.flag("affine", False), None, None
    if kind == "GroupNorm":
        given = _Arguments(("num_groups", "num_channels", "eps", "affine"), positional, keywords)
        return 2 * given.number("num_channels") * given.flag("affine", True), None, None
    if kind == "LayerNorm":
        given = _Arguments(("normalized_shape", "eps", "elementwise_affine", "bias"), positional, keywords)
        size = _product(given.plain("normalized_shape"))
        return size * given.flag("elementwise_affine", True) * (1 + given.flag("bias", True)), None, None
    if kind == "PReLU":
        return _Arguments(("num_parameters",), positional, keywords).number("num_parameters", 1), None, None
    if kind == "Embedding":
        given = _Arguments(("num_embeddings", "embedding_dim"), positional, keywords)
        return given.number("num_embeddings") * given.number("embedding_dim"), None, None
    return 0, None, None


def _convolution(
    kind: str, positional: Sequence[Value], keywords: Mapping[str, Value]
) -> tuple[int, int | None, int | None]:
    order = ["in_channels", "out_channels", "kernel_size", "stride", "padding"]
    tail = ["output_padding", "groups", "bias"] if "Transpose" in kind else ["dilation", "groups", "bias"]
    given = _Arguments([*order, *tail], positional, keywords)
    inputs, outputs, groups = given.number("in_channels"), given.number("out_channels"), given.number("groups", 1)
    kernel = given.plain("kernel_size")
    area = _product(kernel) if isinstance(kernel, tuple) else given.number("kernel_size") ** int(kind[-2])
    if groups < 1:
        raise _Unclear("groups")
    weights = inputs * outputs * area // groups
    return weights + outputs * given.flag("bias", True), inputs, outputs


def _product(value: object) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return math.prod(value)
    raise _Unclear("size")


def _contained(positional: Sequence[Value]) -> list[Value]:
    children: list[Value] = []
    for value in positional:
        children += value.items if isinstance(value, Collection) else [value]
    return children


def _first(positional: Sequence[Value], keywords: Mapping[str, Value]) -> int | None:
    value = positional[0] if positional else keywords.get("in_channels", keywords.get("in_features"))
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


def _elements(value: Value) -> int | None:
    return math.prod(value.shape) if isinstance(value, TensorShape) else None
