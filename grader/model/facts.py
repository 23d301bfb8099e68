"""Everything measured on the rebuilt graph. Field names are those of `grader/report/v1`."""

from typing import Literal

from grader.model.base import Frozen
from grader.model.submission import Location

PerAxis = int | tuple[int, int]  # an int, or (height, width) where the axes differ


class ModuleCalls(Frozen):
    """A module that owns a `weight` or a `bias`, and how often training calls it: what torchsummary's hooks count."""

    path: str  # "" is the model itself, which torchsummary leaves out
    parameters: int  # in its weight and its bias; a tensor that several modules share stands with each call
    trainable: bool  # of the weight, else of the bias
    calls: int  # by the train graph; 0: never


class ParameterFacts(Frozen):
    total: int  # fvcore, unused included, shared once
    trainable: int
    unused: int  # can't reach the output
    counted: int  # total + buffers that are not batch-norm statistics + constants, each as its parts, + literals
    literals: int = 0  # numbers written into the arithmetic, beyond the few that any model has
    by_layer: dict[str, int]  # module path -> parameters it owns directly
    modules: tuple[ModuleCalls, ...] = ()


class LayerFacts(Frozen):
    """One row of the layer table: a call in the train graph that can influence the output."""

    name: str  # module path, or the op where no module of its own made the call
    op: str  # short op name: conv2d, batch_norm, max_pool2d, ...
    module_class: str = ""
    output_shape: tuple[int, ...]  # without the batch
    kernel: PerAxis | None = None
    stride: PerAxis | None = None
    padding: PerAxis | str | None = None
    dilation: PerAxis | None = None
    groups: int | None = None
    receptive_field: PerAxis | None = None
    jump: PerAxis | None = None
    start: float | tuple[float, float] | None = None
    parameters: int = 0
    macs: int = 0
    location: Location | None = None


class BatchNormFacts(Frozen):
    layers: int  # calls in the train graph that can influence the output
    runs: bool
    frozen: int = 0  # calls that use running statistics in train mode
    conditional: int = 0  # calls that run, but reach the output only through a branch that the image chooses
    at_evaluation: int | None = None  # calls at evaluation, where the two modes differ
    convolutions_without: tuple[str, ...] = ()  # module paths of convolutions with no batch norm after them
    locations: tuple[Location, ...] = ()


class DropoutFacts(Frozen):
    layers: int
    rates: tuple[float, ...]  # one per call
    switched_off: tuple[int, ...] = ()  # which of them are not active while training, by place
    runs: bool
    active_in_eval: bool
    conditional: int = 0  # of those that drop, the calls on a branch that the image chooses
    locations: tuple[Location, ...] = ()


class HeadFacts(Frozen):
    gap: bool
    fc: bool
    kind: str  # e.g. "gap", "gap+fc", "flatten+fc", "gap+1x1 convolution", "full-size convolution", "global max pool"
    conditional: bool = False  # part of it lies on a branch that the image chooses
    at_evaluation: str | None = None  # the kind at evaluation, where the two modes differ
    locations: tuple[Location, ...] = ()


class ReceptiveFieldFacts(Frozen):
    before_head: PerAxis | None  # None: no spatial path (e.g. an MLP on flattened pixels): see caveats
    jump: PerAxis | None
    covers_input: bool
    gated: bool  # a squeeze-and-excitation gate sees the whole image anyway
    has_holes: bool = False
    certain: PerAxis | None = None  # what is seen at least, where `before_head` is an upper bound
    on_image: PerAxis | None = None  # pixels that are not padding, where they are few beside `before_head`
    at_evaluation: PerAxis | None = None  # at evaluation, where the two modes differ; 0: no spatial path


class ModeDifference(Frozen):
    """Something the eval graph does that the train graph does not, or the other way round."""

    message: str
    location: Location | None = None


class Facts(Frozen):
    parameters: ParameterFacts
    macs: int
    input_shape: tuple[int, ...] = (1, 28, 28)  # (channels, height, width), without the batch
    output: Literal["logits", "log_softmax", "softmax", "other"]
    output_shape: tuple[int, ...]  # without the batch
    layers: tuple[LayerFacts, ...]
    batch_norm: BatchNormFacts
    dropout: DropoutFacts
    head: HeadFacts
    receptive_field: ReceptiveFieldFacts
    mode_differences: tuple[ModeDifference, ...] = ()
    caveats: tuple[str, ...] = ()
