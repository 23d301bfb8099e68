"""What to tell the student about a failure: one sentence on the usual cause and its mend."""

import re

import torch

from grader.probe.notes import Notes

_DATA_DEPENDENT = re.compile(
    r"data-dependent|GuardOnDataDependent|_local_scalar_dense|unbacked|Could not guard|dynamic control flow|\.item\(\)",
    re.IGNORECASE,
)


def import_hint(error: BaseException, notes: Notes) -> str:
    """For code that fails before the model's class exists."""
    if isinstance(error, SyntaxError):
        return "This line is not valid Python 3."
    if isinstance(error, NameError):
        return "The name is defined neither in this file or notebook before it is used nor by an import."
    if isinstance(error, FileNotFoundError):
        return "The model must be buildable without data files and checkpoints."
    return missing_hint(notes)


def build_hint(error: BaseException | None, notes: Notes) -> str:
    """For a constructor that fails."""
    text = str(error)
    if isinstance(error, TypeError) and "argument" in text:
        return "Give the constructor's arguments defaults, or name the call with `model` in .grader.yml."
    if isinstance(error, FileNotFoundError) or "urlopen" in text:
        return "The model must be buildable without data files, checkpoints and downloads."
    return _memory_hint(error) or missing_hint(notes)


def forward_hint(error: BaseException, model: torch.nn.Module, input_shape: tuple[int, ...], notes: Notes) -> str:
    """For a forward pass that fails on a batch of the right shape."""
    wanted = _input_channels(model)
    if wanted is not None and wanted != input_shape[0]:
        return f"The first convolution wants {wanted} input channels; the images have {input_shape[0]}."
    text = str(error)
    if re.search(r"shape '\[(\d+)", text) and "invalid for input of size" in text:
        return (
            "A view in forward has sizes that don't fit: the batch size must not be written into the model "
            "(use x.size(0)), and the feature map must have the size that the view expects."
        )
    if "mat1 and mat2 shapes cannot be multiplied" in text:
        return "The linear layer's in_features is not the size of the flattened feature map."
    if "output size is too small" in text.lower() or "Kernel size can't be greater" in text:
        return f"The feature map shrinks to nothing: an image of {input_shape[1]}×{input_shape[2]} is too small for it."
    return _memory_hint(error) or missing_hint(notes)


def export_hint(error: BaseException, model: torch.nn.Module) -> str:
    """For a model that runs but has no fixed graph."""
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.momentum is None:
            return (
                f"{path} is a batch norm with momentum=None, which asks for a value at each step; give it a momentum."
            )
    if is_data_dependent(error):
        return (
            "forward decides by the values in a tensor (an `if` on a tensor, .item(), a loop over values); "
            "use torch.where, or decide by shapes only."
        )
    return ""


def is_data_dependent(error: BaseException) -> bool:
    """Whether tracing failed because Python asked for the value of a tensor."""
    return _DATA_DEPENDENT.search(f"{type(error).__name__}: {error}") is not None


def _memory_hint(error: BaseException | None) -> str:
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "The model asks for more memory than a model for this task may take."
    return ""


def _input_channels(model: torch.nn.Module) -> int | None:
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            return module.in_channels
    return None


def missing_hint(notes: Notes) -> str:
    """The packages that the slice imports and that are not here: they may be what the model lacks."""
    if not notes.missing_packages:
        return ""
    names = ", ".join(notes.missing_packages)
    return f"These packages are not installed here and were replaced by stand-ins: {names}."
