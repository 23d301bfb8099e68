"""Rotation, shift, scale and shear of a batch, each image with its own: torchvision's arithmetic, vectorised."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from grader.model.augmentation import Interpolation


@dataclass(frozen=True)
class AffineParameters:
    """One value per image, (N,) each. `angle` and `shear` in degrees, clockwise; shifts in pixels."""

    angle: torch.Tensor
    shift_x: torch.Tensor
    shift_y: torch.Tensor
    scale: torch.Tensor
    shear_x: torch.Tensor


def transform(
    images: torch.Tensor, parameters: AffineParameters, interpolation: Interpolation, fill: float
) -> torch.Tensor:
    """(N, H, W) floats -> (N, H, W); what `torchvision.transforms.functional.affine` gives for each image.

    Bilinear values are rounded to whole pixel values, as on 8-bit images.
    """
    count, height, width = images.shape
    theta = inverse_matrices(parameters).to(images)
    half_size = torch.tensor([0.5 * width, 0.5 * height], dtype=images.dtype, device=images.device)
    rescaled = theta.transpose(1, 2) / half_size
    grid = _base_grid(height, width, images).expand(count, -1, -1).bmm(rescaled).view(count, height, width, 2)
    if interpolation == "nearest":
        # What lies outside samples as zero: with `fill` taken away before and added after, it becomes `fill`.
        sampled = _sample((images - fill if fill else images).unsqueeze(1), grid, "nearest").squeeze(1)
        return sampled.add_(fill) if fill else sampled
    # torchvision weighs the border by how much of it lies inside, on top of the zeros that were sampled outside.
    values, inside = _sample(torch.stack([images, torch.ones_like(images)], dim=1), grid, "bilinear").unbind(1)
    return (values * inside + (1 - inside) * fill).round_()


def _sample(images: torch.Tensor, grid: torch.Tensor, interpolation: Interpolation) -> torch.Tensor:
    return functional.grid_sample(images, grid, mode=interpolation, padding_mode="zeros", align_corners=False)


def rotate(images: torch.Tensor, degrees: float) -> torch.Tensor:
    """(N, H, W) floats, all turned counter-clockwise by the same angle, nearest neighbour, black outside."""
    nothing = torch.zeros(len(images), dtype=torch.float64)
    parameters = AffineParameters(nothing - degrees, nothing, nothing, nothing + 1, nothing)
    return transform(images, parameters, "nearest", 0.0)


def inverse_matrices(parameters: AffineParameters) -> torch.Tensor:
    """(N, 2, 3) in float64: from output to input positions, both measured from the centre of the image.

    `torchvision.transforms.functional._get_inverse_affine_matrix` with centre 0 and no shear of the y axis.
    """
    angle = torch.deg2rad(parameters.angle.double())
    shear = torch.deg2rad(parameters.shear_x.double())
    cosine, sine, slope = torch.cos(angle), torch.sin(angle), torch.tan(shear)
    a, b = cosine, -cosine * slope - sine
    c, d = sine, -sine * slope + cosine
    linear = torch.stack([d, -b, -c, a], dim=1).view(-1, 2, 2) / parameters.scale.double().view(-1, 1, 1)
    shift = torch.stack([parameters.shift_x, parameters.shift_y], dim=1).double().unsqueeze(2)
    return torch.cat([linear, -(linear @ shift)], dim=2)


def _base_grid(height: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """(1, H·W, 3): x, y and 1 of every pixel's centre, measured from the centre of the image."""
    x = torch.linspace(-width * 0.5 + 0.5, width * 0.5 - 0.5, width, dtype=like.dtype, device=like.device)
    y = torch.linspace(-height * 0.5 + 0.5, height * 0.5 - 0.5, height, dtype=like.dtype, device=like.device)
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns, rows, torch.ones_like(rows)], dim=2).view(1, height * width, 3)
