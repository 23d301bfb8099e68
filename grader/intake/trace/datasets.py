"""How many images a data set that code builds has, as far as its arguments tell."""

from collections.abc import Mapping, Sequence

from grader.intake.trace.library_values import LibraryObject, Range
from grader.intake.trace.values import Collection, Constant, Value

# torchvision's data sets of 28x28 digits and their kin: (training images, test images).
_SIZES = {"MNIST": (60_000, 10_000), "FashionMNIST": (60_000, 10_000), "KMNIST": (60_000, 10_000),
          "CIFAR10": (50_000, 10_000), "CIFAR100": (50_000, 10_000)}  # fmt: skip


def is_training_set(data: LibraryObject) -> bool | None:
    """The `train` argument of a torchvision data set; None for another object or an unknown value."""
    if data.name not in _SIZES:
        return None
    train = data.argument(1, "train")
    if train is None:
        return True
    return bool(train.value) if isinstance(train, Constant) else None


def size_of(value: Value | None) -> int | None:
    """The number of samples; None where it can't be told."""
    return _size(value, {}, 8)


def _size(value: Value | None, known: dict[int, int | None], depth: int) -> int | None:
    """`known`: what was found on the way, by identity, so that each data set is looked at once."""
    if isinstance(value, Range):
        return value.count()
    if isinstance(value, Collection) and value.keys is None:
        return len(value.items)
    if not isinstance(value, LibraryObject) or depth == 0:
        return None
    if id(value) not in known:
        known[id(value)] = None
        known[id(value)] = _library_size(value, known, depth)
    return known[id(value)]


def _library_size(value: LibraryObject, known: dict[int, int | None], depth: int) -> int | None:
    if value.name in _SIZES:
        train = is_training_set(value)
        return None if train is None else _SIZES[value.name][0 if train else 1]
    if value.part is not None:
        sizes = _split_sizes(value, known, depth - 1)
        return sizes[value.part] if sizes and value.part < len(sizes) else None
    if value.name == "Subset":
        return _size(value.argument(1, "indices"), known, depth - 1)
    joined = value.argument(0, "datasets") if value.name == "ConcatDataset" else None
    if not isinstance(joined, Collection):
        return None
    sizes_of_all = [_size(one, known, depth - 1) for one in joined.items]
    told = [size for size in sizes_of_all if size is not None]
    return sum(told) if len(told) == len(sizes_of_all) else None


def split_sizes(part: LibraryObject) -> list[int] | None:
    """The sizes of the parts that `random_split` gives; shares of 1 are turned into numbers as torch does."""
    return _split_sizes(part, {}, 8)


def _split_sizes(part: LibraryObject, known: dict[int, int | None], depth: int) -> list[int] | None:
    lengths = part.argument(1, "lengths")
    if not isinstance(lengths, Collection):
        return None
    numbers = [one.value for one in lengths.items if isinstance(one, Constant) and isinstance(one.value, int | float)]
    if len(numbers) != len(lengths.items) or not numbers:
        return None
    if all(isinstance(number, int) for number in numbers):
        return [int(number) for number in numbers]
    whole = _size(part.argument(0, "dataset"), known, depth)
    if whole is None or not 0.999 < sum(numbers) < 1.001:
        return None
    sizes = [int(whole * number) for number in numbers]
    for index in range(whole - sum(sizes)):
        sizes[index % len(sizes)] += 1
    return sizes


def part_count(positional: Sequence[Value], keywords: Mapping[str, Value]) -> int:
    """How many parts a call of `random_split` gives; two where that can't be told."""
    lengths = keywords.get("lengths", positional[1] if len(positional) > 1 else None)
    return min(len(lengths.items), 16) if isinstance(lengths, Collection) else 2
