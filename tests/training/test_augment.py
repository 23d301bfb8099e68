"""Augmentation against torchvision: the same pixels for the same parameters, the same distribution otherwise."""

import math
from collections.abc import Callable

import pytest
import torch
import torchvision.transforms.functional as reference
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from grader.model.augmentation import Affine, Augmentation, Crop, Erasing, Rotation
from grader.model.recipe import Normalization
from grader.training.affine import AffineParameters, rotate, transform
from grader.training.augment import normalize, pipeline

COUNT = 64
RAW = Normalization(mean=0.0, std=1.0)


def strokes(count: int = COUNT) -> torch.Tensor:
    """Images with structure, (N, 28, 28) uint8: smooth blobs, cut to a stroke's hard edge."""
    drawing = torch.Generator().manual_seed(3)
    noise = torch.rand(count, 1, 9, 9, generator=drawing)
    smooth = torch.nn.functional.interpolate(noise, (28, 28), mode="bilinear").squeeze(1)
    return ((smooth - 0.5).clamp(min=0) * 510).to(torch.uint8)


def drawn(low: float, high: float, seed: int) -> torch.Tensor:
    return torch.rand(COUNT, generator=torch.Generator().manual_seed(seed)) * (high - low) + low


PARAMETERS = AffineParameters(
    angle=drawn(-30, 30, 1),
    shift_x=drawn(-4, 4, 2).round(),
    shift_y=drawn(-4, 4, 3).round(),
    scale=drawn(0.7, 1.3, 4),
    shear_x=drawn(-20, 20, 5),
)


def torchvisions(image: torch.Tensor, index: int, mode: InterpolationMode, fill: float) -> torch.Tensor:
    angle, x, y, scale, shear = (
        value[index].item()
        for value in (
            PARAMETERS.angle,
            PARAMETERS.shift_x,
            PARAMETERS.shift_y,
            PARAMETERS.scale,
            PARAMETERS.shear_x,
        )
    )
    return reference.affine(image[None], angle, [int(x), int(y)], scale, [shear, 0.0], mode, [fill])[0]


@pytest.mark.parametrize("fill", [0.0, 37.0])
def test_affine_has_torchvisions_pixels(fill: float) -> None:
    images = strokes()
    expected = [torchvisions(image, index, InterpolationMode.NEAREST, fill) for index, image in enumerate(images)]
    assert torch.equal(transform(images.float(), PARAMETERS, "nearest", fill), torch.stack(expected).float())


@pytest.mark.parametrize("fill", [0.0, 37.0])
def test_bilinear_differs_by_rounding_only(fill: float) -> None:
    images = strokes()
    expected = [torchvisions(image, index, InterpolationMode.BILINEAR, fill) for index, image in enumerate(images)]
    difference = (transform(images.float(), PARAMETERS, "bilinear", fill) - torch.stack(expected).float()).abs()
    assert difference.max() <= 1  # a value halfway between two pixel values may fall to either side
    assert (difference > 0).float().mean() < 1e-3


def test_a_fixed_rotation_has_torchvisions_pixels() -> None:
    images = strokes(8)
    for degrees in (-15.0, 90.0):
        expected = torch.stack([reference.rotate(image[None], degrees)[0] for image in images])
        assert torch.equal(rotate(images.float(), degrees).byte(), expected)
    assert torch.equal(rotate(images.float(), 90.0).byte(), torch.rot90(images, dims=(1, 2)))


def test_rotation_turns_as_pil_does() -> None:
    """On PIL images torchvision rounds some pixels at edges differently, and no others."""
    images = strokes()
    ours = rotate(images.float(), 7.0).byte()
    theirs = torch.stack(
        [reference.pil_to_tensor(reference.rotate(reference.to_pil_image(image), 7.0))[0] for image in images]
    )
    assert (ours != theirs).float().mean() < 5e-3


def repeated(image: torch.Tensor, times: int) -> torch.Tensor:
    return image.expand(times, *image.shape)


def ours(augmentation: Augmentation, image: torch.Tensor, times: int, normalization: Normalization) -> torch.Tensor:
    run = pipeline([augmentation], normalization)
    return run(repeated(image, times).float(), torch.Generator().manual_seed(0)) / 255


def theirs(operation: Callable[[torch.Tensor], torch.Tensor], image: torch.Tensor, times: int) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.stack([operation(image[None].float() / 255)[0] for _ in range(times)])


DISTRIBUTIONS: list[tuple[Augmentation, Callable[[torch.Tensor], torch.Tensor]]] = [
    (Rotation(degrees=15), transforms.RandomRotation(15)),
    (Rotation(degrees=(5, 25)), transforms.RandomRotation((5, 25))),
    (
        Affine(degrees=5, translate=(0.1, 0.2), scale=(0.8, 1.2), shear=10),
        transforms.RandomAffine(5, (0.1, 0.2), (0.8, 1.2), 10),
    ),
    (Affine(translate=(0.2, 0.0)), transforms.RandomAffine(0, (0.2, 0.0))),
    (Crop(padding=3), transforms.RandomCrop(28, padding=3)),
    (Crop(padding=3, p=0.4), transforms.RandomApply([transforms.RandomCrop(28, padding=3)], p=0.4)),
    (Erasing(space="pixels"), transforms.RandomErasing()),
    (
        Erasing(p=0.9, scale=(0.1, 0.9), ratio=(0.2, 2.0), value=0.5, space="pixels"),
        transforms.RandomErasing(0.9, (0.1, 0.9), (0.2, 2.0), 0.5),
    ),
    (Erasing(p=1.0, value="random", space="pixels"), transforms.RandomErasing(1.0, value="random")),
]


@pytest.mark.parametrize(("augmentation", "operation"), DISTRIBUTIONS)
def test_equal_in_distribution(augmentation: Augmentation, operation: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Mean and spread of every pixel, and their joint spread along rows, agree within five standard errors."""
    image, times = strokes(1)[0], 1000
    a, b = ours(augmentation, image, times, RAW), theirs(operation, image, times)
    statistics = (lambda x: x, lambda x: x**2, lambda x: x[:, :, :-3] * x[:, :, 3:], lambda x: x.flatten(1).max(1)[0])
    for statistic in statistics:
        first, second = statistic(a), statistic(b)
        error = ((first.var(0) + second.var(0)) / times).sqrt()
        assert ((first.mean(0) - second.mean(0)).abs() <= 5 * error + 2.5e-3).all()


def test_erasing_after_normalisation_means_its_value() -> None:
    normalization = Normalization()
    image = torch.full((28, 28), 200, dtype=torch.uint8)
    erased = pipeline([Erasing(p=1.0, value=0.0)], normalization)(
        repeated(image, 20).float(), torch.Generator().manual_seed(0)
    )
    values = normalize(erased, normalization).unique()
    assert len(values) == 2
    assert values.abs().min() < 1e-6


def test_augmentations_run_in_order() -> None:
    image = torch.full((28, 28), 100, dtype=torch.uint8)
    run = pipeline([Erasing(p=1.0, value=1.0, space="pixels"), Crop(padding=28, fill=7.0)], RAW)
    found = run(repeated(image, 50).float(), torch.Generator().manual_seed(0)).unique()
    assert sorted(round(value) for value in found.tolist()) == [7, 100, 255]


def test_normalize_is_torchvisions() -> None:
    images = strokes(4)
    expected = reference.normalize(images[:, None].float() / 255, [0.1307], [0.3081])[:, 0]
    assert torch.allclose(normalize(images.float(), Normalization()), expected, atol=1e-6)
    assert math.isclose(normalize(torch.zeros(1, 1, 1), Normalization()).item(), -0.1307 / 0.3081, rel_tol=1e-6)
