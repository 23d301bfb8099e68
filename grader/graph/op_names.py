"""The names in the op table, by kind: `packet.overload` in the aten namespace, separated by blanks.

`docs/extending.md` shows how to add one. An overload that the installed torch lacks is reported when it is used.
"""

from grader.graph.operation import Kind


def _pairs(words: str, overloads: str = "default", *, in_place: bool = True) -> str:
    """Each word with each overload, and its in-place form: "relu" gives "relu.default relu_.default"."""
    names = [f"{word}.{overload}" for word in words.split() for overload in overloads.split()]
    if in_place:
        names += [f"{word}_.{overload}" for word in words.split() for overload in overloads.split()]
    return " ".join(names)


_ACTIVATION = " ".join(
    [
        _pairs("relu relu6 leaky_relu elu selu celu gelu silu mish hardtanh hardsigmoid hardswish"),
        _pairs("sigmoid tanh threshold"),
        _pairs("prelu softplus log_sigmoid softshrink hardshrink glu rrelu", in_place=False),
        "rrelu_.default",
    ]
)

_ELEMENTWISE = " ".join(
    [
        _pairs("add sub mul div", "Tensor Scalar"),
        _pairs("div", "Tensor_mode Scalar_mode"),
        _pairs("rsub", "Tensor Scalar", in_place=False),
        _pairs("pow", "Tensor_Scalar Tensor_Tensor Scalar", in_place=False),
        "pow_.Scalar pow_.Tensor",
        _pairs("true_divide multiply subtract divide remainder fmod", "Tensor Scalar", in_place=False),
        _pairs(
            "abs neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan sinh cosh asin acos "
            "atan asinh acosh atanh erf erfc floor ceil round trunc frac sign sgn sinc nan_to_num"
        ),
        _pairs("clamp", "default Tensor"),
        _pairs("clip", "default Tensor"),
        _pairs("clamp_min clamp_max", "default Tensor"),
        _pairs("maximum minimum fmax fmin atan2 hypot", in_place=False),
        "max.other min.other logit.default logit_.default _weight_norm.default",
        _pairs("lerp", "Scalar Tensor"),
        _pairs("addcmul addcdiv"),
        _pairs("where", "self ScalarSelf ScalarOther Scalar", in_place=False),
        _pairs("masked_fill", "Scalar Tensor"),
        _pairs("eq ne lt le gt ge", "Tensor Scalar", in_place=False),
        _pairs("logical_and logical_or logical_not logical_xor isnan isinf isfinite", in_place=False),
        _pairs("bitwise_and bitwise_or bitwise_xor", "Tensor Scalar", in_place=False),
        "floor_divide.default floor_divide.Scalar bitwise_not.default __and__.Tensor __or__.Tensor",
        "copy_.default fill_.Scalar fill_.Tensor fill.Scalar fill.Tensor zero_.default zero.default",
    ]
)

_REDUCE = " ".join(
    [
        "mean.default mean.dim sum.default sum.dim_IntList prod.default prod.dim_int",
        "amax.default amin.default aminmax.default max.default max.dim min.default min.dim",
        "argmax.default argmin.default logsumexp.default median.default median.dim",
        "var.default var.dim var.correction std.default std.dim std.correction",
        "var_mean.default var_mean.dim var_mean.correction std_mean.default std_mean.dim std_mean.correction",
        "norm.Scalar norm.ScalarOpt_dim linalg_norm.default linalg_vector_norm.default frobenius_norm.dim",
        "any.default any.dim all.default all.dim cumsum.default cumprod.default count_nonzero.default topk.default",
        "sort.default cosine_similarity.default pairwise_distance.default cdist.default",
    ]
)

NAMES: dict[Kind, str] = {
    Kind.CONVOLUTION: "conv1d.default conv1d.padding conv2d.default conv2d.padding conv3d.default conv3d.padding",
    Kind.TRANSPOSED_CONVOLUTION: "conv_transpose1d.default conv_transpose2d.input conv_transpose3d.input",
    Kind.LINEAR: "linear.default addmm.default",
    Kind.MATMUL: "matmul.default mm.default bmm.default baddbmm.default mv.default dot.default outer.default "
    "einsum.default bilinear.default tensordot.default",
    Kind.AVERAGE_POOL: "avg_pool1d.default avg_pool2d.default avg_pool3d.default",
    Kind.MAX_POOL: "max_pool1d.default max_pool2d.default max_pool3d.default max_pool1d_with_indices.default "
    "max_pool2d_with_indices.default max_pool3d_with_indices.default fractional_max_pool2d.default "
    "max_unpool2d.default",
    Kind.ADAPTIVE_AVERAGE_POOL: "adaptive_avg_pool1d.default adaptive_avg_pool2d.default adaptive_avg_pool3d.default",
    Kind.ADAPTIVE_MAX_POOL: "adaptive_max_pool1d.default adaptive_max_pool2d.default adaptive_max_pool3d.default",
    Kind.BATCH_NORM: "batch_norm.default",
    Kind.NORM: "group_norm.default layer_norm.default instance_norm.default rms_norm.default",
    Kind.DROPOUT: _pairs("dropout feature_dropout alpha_dropout feature_alpha_dropout"),
    Kind.ACTIVATION: _ACTIVATION,
    Kind.ELEMENTWISE: _ELEMENTWISE,
    Kind.REDUCE: _REDUCE,
    Kind.RESHAPE: "view.default _unsafe_view.default reshape.default view_as.default reshape_as.default "
    "flatten.using_ints ravel.default unflatten.int squeeze.default squeeze.dim squeeze.dims squeeze_.default "
    "squeeze_.dim unsqueeze.default unsqueeze_.default atleast_1d.default atleast_2d.default atleast_3d.default",
    Kind.PERMUTE: "permute.default transpose.int transpose_.default t.default numpy_T.default swapaxes.default "
    "swapdims.default movedim.intlist movedim.int moveaxis.intlist moveaxis.int flip.default roll.default "
    "rot90.default fliplr.default flipud.default mT.default mH.default adjoint.default",
    Kind.EXPAND: "expand.default expand_as.default repeat.default tile.default repeat_interleave.self_int "
    "broadcast_to.default broadcast_tensors.default meshgrid.default meshgrid.indexing",
    Kind.CONCATENATE: "cat.default concat.default concatenate.default stack.default hstack.default vstack.default "
    "dstack.default",
    Kind.SLICE: "slice.Tensor select.int narrow.default split.Tensor split.sizes split_with_sizes.default "
    "chunk.default unbind.int tensor_split.sections tensor_split.indices diagonal.default tril.default triu.default",
    Kind.INDEX: "gather.default index_select.default index.Tensor take_along_dim.default embedding.default "
    "one_hot.default scatter.src scatter.value scatter_add.default index_add.default",
    Kind.PAD: "pad.default constant_pad_nd.default reflection_pad1d.default reflection_pad2d.default "
    "replication_pad1d.default replication_pad2d.default",
    Kind.UPSAMPLE: "upsample_nearest1d.vec upsample_nearest2d.vec upsample_nearest3d.vec upsample_linear1d.vec "
    "upsample_bilinear2d.vec upsample_bicubic2d.vec upsample_nearest1d.default upsample_nearest2d.default "
    "upsample_linear1d.default upsample_bilinear2d.default upsample_bicubic2d.default _upsample_nearest_exact1d.vec "
    "_upsample_nearest_exact2d.vec _upsample_bilinear2d_aa.vec _upsample_bicubic2d_aa.vec grid_sampler.default "
    "grid_sampler_2d.default affine_grid_generator.default",
    Kind.PIXEL_SHUFFLE: "pixel_shuffle.default pixel_unshuffle.default channel_shuffle.default "
    "native_channel_shuffle.default",
    Kind.UNFOLD: "im2col.default col2im.default unfold.default",
    Kind.SOFTMAX: "softmax.int log_softmax.int _softmax.default _log_softmax.default",
    Kind.ATTENTION: "scaled_dot_product_attention.default",
    Kind.RECURRENT: "lstm.input gru.input rnn_tanh.input rnn_relu.input lstm_cell.default gru_cell.default "
    "rnn_tanh_cell.default rnn_relu_cell.default",
    Kind.NOISE: "randn_like.default rand_like.default randn.default rand.default randperm.default randint.default "
    "randint.low randint_like.default randint_like.low_dtype bernoulli.default bernoulli.p bernoulli_.float "
    "bernoulli_.Tensor normal_.default uniform_.default normal.Tensor_float normal.float_Tensor normal.Tensor_Tensor "
    "normal_functional.default multinomial.default exponential_.default",
    Kind.SYMBOL: "sym_size.int sym_numel.default numel.default",
    Kind.CREATE: "zeros.default ones.default full.default empty.memory_format zeros_like.default ones_like.default "
    "full_like.default empty_like.default new_zeros.default new_ones.default new_full.default new_empty.default "
    "arange.default arange.start arange.start_step linspace.default eye.default eye.m scalar_tensor.default "
    "tril_indices.default triu_indices.default",
    Kind.IDENTITY: "clone.default contiguous.default to.dtype to.device to.dtype_layout to.other _to_copy.default "
    "type_as.default detach.default detach_.default alias.default lift_fresh_copy.default lift_fresh.default "
    "positive.default resolve_conj.default resolve_neg.default",
}
