"""Augmentations of a recipe; names, order and meaning of the arguments are torchvision's.

They act on pixels from 0 to 255 before normalisation, as on PIL images; `fill` is such a pixel value. `p` applies the
augmentation to that share of the images, as `RandomApply` does.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from grader.model.base import Frozen
from grader.model.numbers import Count, Finite, Nonnegative, Positive, Probability, Whole

Range = tuple[Finite, Finite]
Degrees = Nonnegative | Range  # a number means (-number, number)
Pixel = Annotated[float, Field(strict=True, ge=0, le=255)]
Interpolation = Literal["nearest", "bilinear"]


def _ordered(value: tuple[float, float] | None) -> tuple[float, float] | None:
    if value is not None and value[0] > value[1]:
        raise ValueError(f"a range goes from low to high, not from {value[0]:g} to {value[1]:g}")
    return value


def _degrees(value: float | tuple[float, float]) -> float | tuple[float, float]:
    if isinstance(value, tuple):
        _ordered(value)
    return value


class Rotation(Frozen):
    """`RandomRotation`, about the centre."""

    name: Literal["rotation"] = "rotation"
    degrees: Degrees
    interpolation: Interpolation = "nearest"
    fill: Pixel = 0.0
    p: Probability = 1.0

    _check_degrees = field_validator("degrees")(_degrees)


class Affine(Frozen):
    """`RandomAffine`: rotation, shift by whole pixels, scale and shear, each drawn by itself."""

    name: Literal["affine"] = "affine"
    degrees: Degrees = 0.0
    translate: tuple[Probability, Probability] | None = None  # shares of width and height
    scale: tuple[Positive, Positive] | None = None
    shear: Degrees | None = None  # of the x axis, in degrees
    interpolation: Interpolation = "nearest"
    fill: Pixel = 0.0
    p: Probability = 1.0

    _check_degrees = field_validator("degrees")(_degrees)
    _check_scale = field_validator("scale")(_ordered)

    @field_validator("shear")
    @classmethod
    def _check_shear(cls, value: float | tuple[float, float] | None) -> float | tuple[float, float] | None:
        return value if value is None else _degrees(value)


class Crop(Frozen):
    """`RandomCrop` of an image padded on all sides. `size` None: the size of the image."""

    name: Literal["crop"] = "crop"
    padding: Whole
    size: Count | tuple[Count, Count] | None = None
    fill: Pixel = 0.0
    p: Probability = 1.0


class Erasing(Frozen):
    """`RandomErasing`. `value` is in the units of `space`: pixels 0 to 1 before, or numbers after normalisation."""

    name: Literal["erasing"] = "erasing"
    p: Probability = 0.5
    scale: tuple[Probability, Probability] = (0.02, 0.33)
    ratio: tuple[Positive, Positive] = (0.3, 3.3)
    value: Finite | Literal["random"] = 0.0  # "random": standard normal numbers
    space: Literal["pixels", "normalized"] = "normalized"

    _check_scale = field_validator("scale")(_ordered)
    _check_ratio = field_validator("ratio")(_ordered)


Augmentation = Annotated[Rotation | Affine | Crop | Erasing, Field(discriminator="name")]
