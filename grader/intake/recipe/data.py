"""The training data: its loader, what the loader draws from, and what is held out."""

from dataclasses import dataclass, field

from grader.intake.recipe.plain import Unclear, what_is
from grader.intake.recipe.training import CodeTraining
from grader.intake.trace.datasets import is_training_set, size_of
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import LibraryObject, Mixed, Range
from grader.intake.trace.values import UNKNOWN, Choice, Collection, Constant, Instance, Value, options
from grader.model.submission import Location

MOST_WRAPPERS = 8
MOST_VISITS = 300  # data sets within data sets


@dataclass(eq=False)
class Leaf:
    """A data set of the library, or None for one of the submission's own, and its images' transform."""

    data: LibraryObject | None
    transform: Value | None


@dataclass(eq=False)
class Source:
    """What a loader draws from."""

    leaves: list[Leaf] = field(default_factory=list)
    cuts: list[LibraryObject] = field(default_factory=list)  # parts and subsets on the way, the loader's side first
    visits: int = 0

    @property
    def size(self) -> int | None:
        """How many images before anything is held out."""
        sizes = [size_of(leaf.data) for leaf in self.leaves]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) and known else None


def training_loader(training: CodeTraining) -> LibraryObject:
    """The loader that the training goes through; without a loop in sight the only one of training data.

    Raises Unclear.
    """
    over = [option for loop in training.batch_loops for option in options(loop.over)]
    over += [value for hand in training.handed for value in (*hand.positional, *hand.keywords.values())]
    loaders = _distinct([one for one in over if isinstance(one, LibraryObject) and one.name == "DataLoader"])
    usual = [act.value for act in training.journal.of("load")]
    loaders = [loader for loader in loaders if loader in usual] or loaders
    if not loaders:
        acts = training.journal.of("load")
        loaded = _distinct([act.value for act in acts if isinstance(act.value, LibraryObject)])
        training_ones = [loader for loader in loaded if _holds_training_data(loader)]
        loaders = training_ones if len(training_ones) == 1 else [one for one in training_ones if _shuffles(one)]
    if not loaders:
        raise Unclear("no loader of the training data is in sight")
    if len({id(loader.node) for loader in loaders}) > 1:
        raise Unclear("several loaders may be the training's")
    return loaders[-1]


def source_of(loader: LibraryObject) -> Source:
    """What a loader draws from. Raises Unclear."""
    source = Source()
    _unwrap(loader.argument(0, "dataset") or UNKNOWN, None, source, MOST_WRAPPERS)
    return source


def data_location(loader: LibraryObject) -> Location:
    """Where a loader is built."""
    return loader.cell.at(loader.node)


def other_loads(training: CodeTraining, source: Source, loader: LibraryObject) -> list[Act]:
    """The loaders of other parts of the very same data set object."""
    mine = {id(leaf.data) for leaf in source.leaves if leaf.data is not None}
    found: list[Act] = []
    for act in training.journal.of("load"):
        other = act.value
        if other is loader or not isinstance(other, LibraryObject):
            continue
        try:
            theirs = source_of(other)
        except Unclear:
            continue
        if mine & {id(leaf.data) for leaf in theirs.leaves}:
            found.append(act)
    return found


def _distinct(loaders: list[LibraryObject]) -> list[LibraryObject]:
    return list({id(loader): loader for loader in loaders}.values())


def _holds_training_data(loader: LibraryObject) -> bool:
    try:
        source = source_of(loader)
    except Unclear:
        return False
    held_out = any(cut.part not in (None, 0) for cut in source.cuts)
    return not held_out and any(leaf.data is not None and is_training_set(leaf.data) for leaf in source.leaves)


def _shuffles(loader: LibraryObject) -> bool:
    return any(
        value is not None and not (isinstance(value, Constant) and not value.value)
        for value in (loader.argument(2, "shuffle"), loader.argument(3, "sampler"))
    )


def _unwrap(value: Value, transform: Value | None, source: Source, depth: int) -> None:
    """Go down from a loader's data set to the library's."""
    source.visits += 1
    if depth == 0 or source.visits > MOST_VISITS:
        raise Unclear("the data set is wrapped too often")
    match value:
        case Choice(options=found) if len({id(one) for one in found}) > 1:
            raise Unclear("a branch that can't be decided chooses the training data")
        case LibraryObject() if value.part is not None or value.name == "Subset":
            source.cuts.append(value)
            _unwrap(value.argument(0, "dataset") or UNKNOWN, transform, source, depth - 1)
        case LibraryObject(name="ConcatDataset"):
            joined = value.argument(0, "datasets")
            for one in joined.items if isinstance(joined, Collection) else [UNKNOWN]:
                _unwrap(one, transform, source, depth - 1)
        case Mixed(parts=parts):
            for one in parts:
                _unwrap(one, transform, source, depth - 1)
        case LibraryObject() if value.path.startswith("torchvision.datasets."):
            source.leaves.append(Leaf(value, transform if transform is not None else _transform_of(value)))
        case Instance():
            _unwrap_own(value, transform, source, depth)
        case _:
            raise Unclear(f"the training data is {what_is(value)}")


def _transform_of(data: LibraryObject) -> Value | None:
    given = data.attributes.get("transform", data.argument(2, "transform"))
    return None if given == Constant(None) else given


def _unwrap_own(value: Instance, transform: Value | None, source: Source, depth: int) -> None:
    """A data set class of the submission's own that holds another data set, and perhaps a transform."""
    held = [one for one in value.attributes.values() if _is_data(one, 2)]
    mine = [one for name, one in value.attributes.items() if "transform" in name and one != Constant(None)]
    if not held and len(mine) == 1:
        source.leaves.append(Leaf(None, transform if transform is not None else mine[0]))
        return
    if len(held) != 1 or len(mine) > 1:
        raise Unclear(f"the training data is {what_is(value)}")
    _unwrap(held[0], transform if transform is not None else (mine[0] if mine else None), source, depth - 1)


def _is_data(value: Value, depth: int = MOST_WRAPPERS) -> bool:
    is_library = isinstance(value, LibraryObject) and (
        value.part is not None
        or value.name in ("Subset", "ConcatDataset")
        or value.path.startswith("torchvision.datasets.")
    )
    if is_library or not isinstance(value, Instance) or depth == 0:
        return is_library
    return any(_is_data(one, depth - 1) for one in list(value.attributes.values())[:32])


def kept_images(source: Source, loader: LibraryObject) -> int | None:
    """How many images a loader draws from its data set; None where that can't be told."""
    sampler = loader.argument(3, "sampler")
    if isinstance(sampler, LibraryObject) and sampler.name == "SubsetRandomSampler":
        return size_of(sampler.argument(0, "indices"))
    return size_of(source.cuts[0]) if source.cuts else source.size


def indices_of(source: Source, loader: LibraryObject) -> Range | None:
    """The indices that a subset or a sampler keeps, where they are a range."""
    sampler = loader.argument(3, "sampler")
    holder = sampler if isinstance(sampler, LibraryObject) else None
    at = holder.argument(0, "indices") if holder else source.cuts[0].argument(1, "indices") if source.cuts else None
    return at if isinstance(at, Range) else None
