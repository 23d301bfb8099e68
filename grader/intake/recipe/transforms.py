"""Transforms: the augmentation in its order, and the normalisation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from grader.intake.recipe.augmentation import SIDE, Stage, augmentation, one_number
from grader.intake.recipe.data import Leaf, data_location
from grader.intake.recipe.plain import Unclear, plain, text_of, what_is
from grader.intake.recipe.reading import Argument, Reading, arguments_of
from grader.intake.trace.library_values import LibraryObject
from grader.intake.trace.values import Choice, Collection, Constant, External, Value
from grader.model.submission import Location

# Transforms that leave the images of MNIST as they are, or make tensors of them.
TENSOR_MAKERS = frozenset({"ToTensor", "ToDtype", "ConvertImageDtype"})
NEUTRAL = frozenset({"PILToTensor", "ToPILImage", "ToImage", "Grayscale", "Identity", "ToPureTensor"})
MOST_TRANSFORMS = 64
SIZED = frozenset({"Resize", "CenterCrop"})


@dataclass(frozen=True)
class Item:
    """One transform of a list, with the share of images that it is applied to."""

    made: Value
    share: Argument | None = None


def read_transforms(reading: Reading, leaves: Sequence[Leaf], loader: LibraryObject) -> None:
    """Read the transform of the training images; among several data sets, copies that are rotated by fixed angles."""
    moving, angles = _part_copies(leaves)
    first = moving[0].transform if moving else None
    if any(leaf.transform is not first for leaf in moving) and len(moving) > 1:
        for field in ("augmentation", "normalization"):
            reading.miss(field, "the parts of the training data have transforms of their own", data_location(loader))
        return
    if angles:
        place = (moving[0].data if moving else None) or loader
        reading.take("rotated_copies", angles, place.cell.at(place.node), text_of(place.node))
    _read_one(reading, first, loader)


def is_random(transform: Value | None) -> bool:
    """Whether a transform draws anything."""
    found = islice(_flat(transform), MOST_TRANSFORMS) if transform is not None else ()
    return any(_name(item.made).startswith("Random") for item in found)


def _part_copies(leaves: Sequence[Leaf]) -> tuple[list[Leaf], list[float]]:
    """The data sets that are no rotated copies, and the angles of those that are."""
    moving: list[Leaf] = []
    angles: list[float] = []
    for leaf in leaves:
        angle = _fixed_angle(leaf.transform) if len(leaves) > 1 else None
        if angle is None:
            moving.append(leaf)
        else:
            angles.append(angle)
    return moving, angles


def _fixed_angle(transform: Value | None) -> float | None:
    """The angle of `RandomRotation((a, a))` where it is all that a transform does to images."""
    found = islice(_flat(transform), MOST_TRANSFORMS) if transform else ()
    items = [item for item in found if _name(item.made) not in (*NEUTRAL, *TENSOR_MAKERS, "Normalize")]
    if len(items) != 1 or not isinstance(items[0].made, LibraryObject) or items[0].made.name != "RandomRotation":
        return None
    try:
        degrees = plain(items[0].made.argument(0, "degrees") or items[0].made)
    except Unclear:
        return None
    fixed = isinstance(degrees, list) and len(degrees) == 2 and degrees[0] == degrees[1]
    return float(degrees[0]) if fixed and isinstance(degrees[0], int | float) else None


def _read_one(reading: Reading, transform: Value | None, loader: LibraryObject) -> None:
    place = transform if isinstance(transform, LibraryObject) else loader
    location, text = place.cell.at(place.node), text_of(place.node)
    if transform is None or not _is_readable(transform):
        what = "none is given" if transform is None else f"it is {_called(transform)}"
        for field in ("augmentation", "normalization"):
            reading.miss(field, f"the training images' transform can't be read: {what}", location)
        return
    count, stage = 0, Stage()
    for item in islice(_flat(transform), MOST_TRANSFORMS):
        name = _name(item.made)
        if name == "Normalize" and isinstance(item.made, LibraryObject):
            if stage.kind == "normalized":
                reading.miss("normalization", f"images are normalised twice: {text}", location)
            stage = _read_normalization(reading, item.made)
        elif name in TENSOR_MAKERS:
            stage = Stage("tensor") if stage.kind == "image" else stage
        elif name not in NEUTRAL and not _keeps_size(item.made):
            count += _read_item(reading, item, count, stage, location)
    if count == 0:
        reading.take("augmentation", [], location, text)
    if stage.kind == "tensor":
        reading.take("normalization.mean", 0.0, location, text)
        reading.take("normalization.std", 1.0, location, text)
    elif stage.kind == "image":
        reading.miss("normalization", f"where images become tensors is not in sight: {text}", location)


def _is_readable(transform: Value) -> bool:
    if isinstance(transform, Choice):
        return False
    return isinstance(transform, LibraryObject | Collection) and not _name(transform).startswith("albumentations")


def _called(transform: Value) -> str:
    if isinstance(transform, Choice):
        return "chosen by a branch that can't be decided"
    return f"{transform.path}" if isinstance(transform, LibraryObject) else what_is(transform)


def _name(value: Value) -> str:
    if isinstance(value, LibraryObject):
        return value.path if value.path.startswith("albumentations") else value.name
    return value.path.rsplit(".", 1)[-1] if isinstance(value, External) else ""


def _flat(value: Value, share: Argument | None = None, depth: int = 6) -> Iterator[Item]:
    """The transforms of nested Compose, and of RandomApply with one in it, in order."""
    inner: Value | None = value if isinstance(value, Collection) else None
    if isinstance(value, LibraryObject) and value.name in ("Compose", "RandomApply", "Sequential"):
        arguments = arguments_of(value, ("transforms", "p"))
        inner = arguments["transforms"].value if "transforms" in arguments else None
        if value.name == "RandomApply":
            one = isinstance(inner, Collection) and len(inner.items) == 1 and share is None
            inner = inner if one else None
            share = arguments.get("p") or Argument(Constant(0.5), value.cell.at(value.node), "p=0.5")
    if isinstance(inner, Collection) and depth:
        for item in inner.items:
            yield from _flat(item, share, depth - 1)
    else:
        yield Item(value, share)


def _keeps_size(value: Value) -> bool:
    """Whether `Resize` and `CenterCrop` give what MNIST's images have anyway."""
    if not isinstance(value, LibraryObject) or value.name not in SIZED:
        return False
    try:
        size = plain(value.argument(0, "size") or value)
    except Unclear:
        return False
    return size in (SIDE, [SIDE], [SIDE, SIDE])


def _read_normalization(reading: Reading, made: LibraryObject) -> Stage:
    """Read Normalize; what images are after it."""
    arguments, text = arguments_of(made, ("mean", "std")), text_of(made.node)
    found: dict[str, float | None] = {}
    for name in ("mean", "std"):
        argument = arguments.get(name)
        if argument is None:
            reading.miss(f"normalization.{name}", f"it is not given: {text}", made.cell.at(made.node))
        else:
            found[name] = reading.take_argument(f"normalization.{name}", argument, text, one_number)
    return Stage("normalized", found.get("mean"), found.get("std"))


def _read_item(reading: Reading, item: Item, count: int, stage: Stage, location: Location) -> int:
    """Read one augmentation as the recipe's number `count`; 1 where that could be done."""
    made = item.made
    place = made.cell.at(made.node) if isinstance(made, LibraryObject) else location
    text = text_of(made.node) if isinstance(made, LibraryObject) else ""
    try:
        fields = augmentation(made, item.share, stage)
    except Unclear as problem:
        reading.miss("augmentation", f"{problem}: {text}" if text else str(problem), place)
        return 0
    for name, value in fields.items():
        reading.take(f"augmentation.{count}.{name}", value, place, text)
    return 1
