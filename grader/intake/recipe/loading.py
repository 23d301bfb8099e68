"""Batch size, what becomes of the last batch, and the split."""

from grader.intake.recipe.data import (
    Source,
    data_location,
    indices_of,
    kept_images,
    other_loads,
    source_of,
    training_loader,
)
from grader.intake.recipe.plain import Unclear, header_of, text_of, whole
from grader.intake.recipe.reading import Argument, Reading, arguments_of, is_given
from grader.intake.recipe.training import CodeTraining
from grader.intake.recipe.transforms import is_random, read_transforms
from grader.intake.trace.datasets import split_sizes
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import LibraryObject, Range
from grader.intake.trace.values import Constant

LOADER = ("dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory",
          "drop_last")  # fmt: skip


def read_data(reading: Reading, training: CodeTraining) -> int | None:
    """Read what the loader of the training says; the number of batches in an epoch, None where it can't be told."""
    place = training.optimizer.location
    try:
        loader = training_loader(training)
    except Unclear as problem:
        if not _read_manual_batches(reading, training):
            reading.miss("batch_size", str(problem), place)
        for field in ("augmentation", "normalization", "split"):
            reading.miss(field, str(problem), place)
        return None
    arguments = arguments_of(loader, LOADER)
    size = _read_batches(reading, training, loader, arguments)
    try:
        source = source_of(loader)
    except Unclear as problem:
        for field in ("augmentation", "normalization", "split"):
            reading.miss(field, str(problem), data_location(loader))
        return None
    read_transforms(reading, source.leaves, loader)
    if is_given(arguments.get("collate_fn")):
        text = arguments["collate_fn"].text
        reading.miss("augmentation", f"collate_fn={text} may change images", arguments["collate_fn"].location)
    _read_split(reading, training, source, loader)
    images = kept_images(source, loader)
    if size is None or images is None or size < 1:
        return None
    drops = any(value.field == "drop_last" and value.value for value in reading.values)
    return images // size if drops else -(-images // size)


def _read_batches(
    reading: Reading, training: CodeTraining, loader: LibraryObject, arguments: dict[str, Argument]
) -> int | None:
    text, place = text_of(loader.node), data_location(loader)
    if is_given(arguments.get("batch_sampler")):
        reading.miss("batch_size", f"a sampler makes the batches: {arguments['batch_sampler'].text}", place)
        return None
    accumulating = [step for step in training.steps if _is_conditional(step, training)]
    if accumulating and len(accumulating) == len(training.steps) and not _both_sides(training):
        reason = f"the optimizer does not step after every batch: {text_of(accumulating[0].node)} is under a condition"
        reading.miss("batch_size", reason, accumulating[0].location)
        return None
    size = None
    if "batch_size" in arguments:
        size = reading.take_argument("batch_size", arguments["batch_size"], text, whole)
    else:
        size = 1
        reading.take("batch_size", 1, place, text)
        reading.note(f"The loader at {place} names no batch size; it is torch's own, 1.")
    if "drop_last" in arguments:
        reading.take_argument("drop_last", arguments["drop_last"], text)
    else:
        reading.take("drop_last", False, place, text)
    if not is_given(arguments.get("shuffle")) and not is_given(arguments.get("sampler")):
        reading.note(f"The loader at {place} does not shuffle; grader does.")
    return size


def _is_conditional(step: Act, training: CodeTraining) -> bool:
    loops = [loop for loop in step.loops if loop in training.batch_loops]
    return bool(loops) and step.is_open_within(loops[-1])


def _both_sides(training: CodeTraining) -> bool:
    """Whether a branch decides only how the optimizer steps, e.g. with mixed precision."""
    sides = {(id(step.conditions[-1].node), step.conditions[-1].side) for step in training.steps if step.conditions}
    return any((node, 1 - side) in sides for node, side in sides)


def _read_manual_batches(reading: Reading, training: CodeTraining) -> bool:
    """`for start in range(0, len(images), 128)`: the step of the range is the batch size."""
    for loop in training.batch_loops:
        step = loop.over.step if isinstance(loop.over, Range) else None
        if isinstance(step, Constant) and isinstance(step.value, int) and step.value > 1:
            reading.take("batch_size", step.value, loop.cell.at(loop.node), header_of(loop.node))
            return True
    return False


def _read_split(reading: Reading, training: CodeTraining, source: Source, loader: LibraryObject) -> None:
    """What is held out of the training set: by random_split, by a subset, or by a sampler."""
    place, text = data_location(loader), text_of(loader.node)
    cut = source.cuts[0] if source.cuts else None
    if cut is not None:
        place, text = cut.cell.at(cut.node), text_of(cut.node)
    sampler = loader.argument(3, "sampler")
    if any(leaf.data is None for leaf in source.leaves):
        reading.miss("split", f"the training data is a class of the submission's own: {text}", place)
        return
    if cut is None and not (isinstance(sampler, LibraryObject) and sampler.name == "SubsetRandomSampler"):
        reading.take("split", None, place, text)
        return
    kept, size = kept_images(source, loader), source.size
    if kept is None or size is None or len(source.cuts) > 1:
        reading.miss("split", f"how many images are held out can't be told: {text}", place)
        return
    if kept >= size:
        reading.take("split", None, place, text)
        return
    if cut is not None and cut.part is not None:
        sizes = split_sizes(cut) or []
        if sum(sizes) != size:
            reading.note(f"The parts at {place} do not add up to the {size} images of the training set.")
    reading.take("split.validation", size - kept, place, text)
    indices = indices_of(source, loader)
    first_ones = indices is not None and not indices.shuffled and indices.start == Constant(0)
    reading.take("split.by", "last" if first_ones else "random", place, text)
    _read_split_seed(reading, cut)
    if other_loads(training, source, loader):
        augmented = any(is_random(leaf.transform) for leaf in source.leaves)
        reading.take("split.augmented", augmented, place, text)
    if len(source.leaves) > 1:
        reading.take("split.after_copies", True, place, text)


def _read_split_seed(reading: Reading, cut: LibraryObject | None) -> None:
    generator = cut.argument(2, "generator") if cut is not None and cut.part is not None else None
    if not isinstance(generator, LibraryObject):
        return
    seed = generator.attributes.get("seed")
    if isinstance(seed, Constant) and isinstance(seed.value, int):
        reading.take("split.seed", seed.value, generator.cell.at(generator.node), text_of(generator.node))
