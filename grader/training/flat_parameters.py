"""All parameters of a model in one vector, and their gradients in another: an optimizer's step is a few kernels."""

from collections.abc import Sequence

import torch


class FlatParameters:
    """`values` and `gradients` (P,) float32. The parameters, and their `grad`, become views into them.

    Kernels of convolutions lie in channels_last order within the vector; the elements' order matters to nobody.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        total = sum(parameter.numel() for parameter in parameters)
        device = parameters[0].device
        self.values = torch.empty(total, device=device)
        self.gradients = torch.zeros(total, device=device)
        begin = 0
        for parameter in parameters:
            end = begin + parameter.numel()
            view = _as(parameter, self.values[begin:end])
            view.copy_(parameter.data)
            parameter.data = view
            parameter.grad = _as(parameter, self.gradients[begin:end])
            begin = end


def _as(parameter: torch.nn.Parameter, piece: torch.Tensor) -> torch.Tensor:
    """A view of `piece` with the parameter's shape, in channels_last where the parameter is."""
    shape = parameter.shape
    if parameter.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last):
        outputs, inputs, height, width = shape
        return piece.view(outputs, height, width, inputs).permute(0, 3, 1, 2)
    return piece.view(shape)
