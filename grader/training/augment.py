"""Augmentation of a whole batch at once, on its device, equal in distribution to torchvision's transforms.

Batches are (N, H, W) floats from 0 to 255, as PIL images would hold them, until `normalize`. Parameters are drawn per
image from our generator; what is done with them is torchvision's arithmetic on tensors, so that the same parameters
give the same pixels. On PIL images torchvision rounds a few pixels at the edge of strokes differently.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from grader.model.augmentation import Affine, Augmentation, Crop, Degrees, Erasing, Rotation
from grader.model.recipe import Normalization
from grader.training.affine import AffineParameters, transform

Transform = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
_ERASING_TRIES = 10  # torchvision's number


def pipeline(augmentations: Sequence[Augmentation], normalization: Normalization) -> Transform:
    """All augmentations in order: (N, H, W), generator -> (N, H, W); `normalize` comes after it."""
    steps = [_step(augmentation, normalization) for augmentation in augmentations]

    def run(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        for step in steps:
            images = step(images, generator)
        return images

    return run


def normalize(images: torch.Tensor, normalization: Normalization) -> torch.Tensor:
    """Pixels 0 to 255 -> ToTensor's 0 to 1 -> (value - mean) / std; a new tensor."""
    return images.div(255).sub_(normalization.mean).div_(normalization.std)


def random_affine(images: torch.Tensor, augmentation: Affine, generator: torch.Generator) -> torch.Tensor:
    """`RandomAffine` of each image of (N, H, W)."""
    count, height, width = images.shape
    share_x, share_y = augmentation.translate or (0.0, 0.0)
    parameters = AffineParameters(
        angle=_uniform(count, *_degrees(augmentation.degrees), generator),
        shift_x=_uniform(count, -share_x * width, share_x * width, generator).round_(),
        shift_y=_uniform(count, -share_y * height, share_y * height, generator).round_(),
        scale=_uniform(count, *(augmentation.scale or (1.0, 1.0)), generator),
        shear_x=_uniform(count, *_degrees(augmentation.shear or 0.0), generator),
    )
    return transform(images, parameters, augmentation.interpolation, augmentation.fill)


def random_rotation(images: torch.Tensor, augmentation: Rotation, generator: torch.Generator) -> torch.Tensor:
    """`RandomRotation` of each image of (N, H, W); a positive angle turns counter-clockwise."""
    count = len(images)
    nothing = torch.zeros(count, device=images.device)
    angle = _uniform(count, *_degrees(augmentation.degrees), generator)
    parameters = AffineParameters(-angle, nothing, nothing, nothing + 1, nothing)
    return transform(images, parameters, augmentation.interpolation, augmentation.fill)


def random_crop(images: torch.Tensor, augmentation: Crop, generator: torch.Generator) -> torch.Tensor:
    """`RandomCrop` of each image of (N, H, W) to its own size, after padding."""
    count, height, width = images.shape
    padding = augmentation.padding
    padded = functional.pad(images, (padding,) * 4, value=augmentation.fill)
    top = _whole(count, 2 * padding + 1, generator)
    left = _whole(count, 2 * padding + 1, generator)
    rows = top.view(-1, 1, 1) + torch.arange(height, device=images.device).view(1, -1, 1)
    columns = left.view(-1, 1, 1) + torch.arange(width, device=images.device).view(1, 1, -1)
    return padded[torch.arange(count, device=images.device).view(-1, 1, 1), rows, columns]


def random_erasing(
    images: torch.Tensor, augmentation: Erasing, normalization: Normalization, generator: torch.Generator
) -> torch.Tensor:
    """`RandomErasing` of each image of (N, H, W): the first of ten drawn boxes that fits is filled."""
    count, height, width = images.shape
    box_height, box_width, found = _draw_boxes(count, height, width, augmentation, generator)
    top = (_unit((count,), generator) * (height - box_height + 1)).floor_()
    left = (_unit((count,), generator) * (width - box_width + 1)).floor_()
    erased = found & (_unit((count,), generator) < augmentation.p)
    rows = torch.arange(height, device=images.device).view(1, -1, 1)
    columns = torch.arange(width, device=images.device).view(1, 1, -1)
    inside = (rows >= top.view(-1, 1, 1)) & (rows < (top + box_height).view(-1, 1, 1))
    inside = inside & (columns >= left.view(-1, 1, 1)) & (columns < (left + box_width).view(-1, 1, 1))
    inside = inside & erased.view(-1, 1, 1)
    return torch.where(inside, _erasing_value(images, augmentation, normalization, generator), images)


def _draw_boxes(
    count: int, height: int, width: int, augmentation: Erasing, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Height and width of each image's box, and whether one was found, (N,) each."""
    tries = (count, _ERASING_TRIES)
    low, high = augmentation.scale
    area = height * width * (low + (high - low) * _unit(tries, generator))
    narrow, wide = (math.log(ratio) for ratio in augmentation.ratio)
    aspect = torch.exp(narrow + (wide - narrow) * _unit(tries, generator))
    heights, widths = torch.sqrt(area * aspect).round_(), torch.sqrt(area / aspect).round_()
    fits = (heights < height) & (widths < width)
    first = fits.int().argmax(dim=1, keepdim=True)
    return heights.gather(1, first).squeeze(1), widths.gather(1, first).squeeze(1), fits.any(dim=1)


def _erasing_value(
    images: torch.Tensor, augmentation: Erasing, normalization: Normalization, generator: torch.Generator
) -> torch.Tensor:
    """The value to erase with, in pixels 0 to 255."""
    if augmentation.value == "random":
        value = torch.randn(images.shape, generator=generator, device=images.device)
    else:
        value = torch.full((1, 1, 1), augmentation.value, device=images.device)
    if augmentation.space == "normalized":
        value = value * normalization.std + normalization.mean
    return value * 255


def _step(augmentation: Augmentation, normalization: Normalization) -> Transform:
    def some(images: torch.Tensor, transformed: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """That share of the images, each drawn by itself, as RandomApply does."""
        if augmentation.p >= 1:
            return transformed
        chosen = _unit((len(images), 1, 1), generator) < augmentation.p
        return torch.where(chosen, transformed, images)

    def run(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        match augmentation:
            case Rotation():
                return some(images, random_rotation(images, augmentation, generator), generator)
            case Affine():
                return some(images, random_affine(images, augmentation, generator), generator)
            case Crop():
                return some(images, random_crop(images, augmentation, generator), generator)
            case Erasing():
                return random_erasing(images, augmentation, normalization, generator)

    return run


def _degrees(degrees: Degrees) -> tuple[float, float]:
    return degrees if isinstance(degrees, tuple) else (-degrees, degrees)


def _unit(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return _unit((count,), generator).mul_(high - low).add_(low)


def _whole(count: int, below: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(below, (count,), generator=generator, device=generator.device)
