"""The recipe of the training code that trains one class. Static: nothing of the submission is imported or run."""

import ast
import posixpath
from dataclasses import replace
from itertools import islice
from pathlib import Path

from grader.intake.recipe.choose import find_training
from grader.intake.recipe.length import Length, read_epochs
from grader.intake.recipe.loading import read_data
from grader.intake.recipe.loss import read_clip, read_loss, read_stop
from grader.intake.recipe.optimizer import read_optimizer
from grader.intake.recipe.plain import text_of
from grader.intake.recipe.reading import Reading
from grader.intake.recipe.schedule import read_schedule
from grader.intake.recipe.training import CodeTraining
from grader.intake.source import Source
from grader.intake.trace.follow import follow
from grader.intake.trace.journal import Act
from grader.intake.trace.values import Constant
from grader.intake.tree import SourceTree
from grader.model.code_recipe import CodeRecipe
from grader.model.submission import Candidate

MOST_FOLDERS_UP = 3  # from the graded folder, to look for code that trains its class
_ABOUT_TRAINING = ("batch_size", "lr", "epoch", "shuffle")


def read_code_recipe(root: Path, candidate: Candidate, *, checkout: Path | None) -> CodeRecipe:
    """Read the recipe of the training of `candidate` in the code under `root`, or else in the checkout around it.

    Without any training code the recipe is empty and `loop` is None. Never raises for what the submission holds.
    """
    try:
        found = _read(root, candidate, checkout)
        if found.loop is not None or checkout is None or checkout.resolve() == root.resolve():
            return found
        return _read_around(root, candidate, checkout) or found
    except RecursionError:
        return CodeRecipe(notes=("The training code is too deeply nested to be read.",))


def _read(root: Path, candidate: Candidate, checkout: Path | None) -> CodeRecipe:
    training, others = find_training(follow(SourceTree(root, checkout)), candidate)
    return CodeRecipe() if training is None else _read_training(training, others)


def _read_around(root: Path, candidate: Candidate, checkout: Path) -> CodeRecipe | None:
    """Training code outside of the graded folder that trains its very class, from the nearest folder up."""
    root, checkout = root.resolve(), checkout.resolve()
    words = (candidate.name, Path(candidate.file).stem)

    def speaks_of_it(source: Source) -> bool:
        return any(word in cell.source for cell in source.cells for word in words)

    for folder in list(root.parents)[:MOST_FOLDERS_UP]:
        if not folder.is_relative_to(checkout):
            break
        tree = SourceTree(folder, checkout)
        _name_from(tree, root.relative_to(folder).as_posix())
        training, others = find_training(follow(tree, speaks_of_it), candidate, guess=False)
        if training is not None:
            return _read_training(training, others)
    return None


def _name_from(tree: SourceTree, prefix: str) -> None:
    """Let places be told as seen from the graded folder, which is `prefix` in the tree's root."""
    for path, source in tree.sources.items():
        cells = tuple(replace(cell, file=posixpath.relpath(cell.file, prefix)) for cell in source.cells)
        tree.sources[path] = replace(source, cells=cells)


def _read_training(training: CodeTraining, others: list[CodeTraining]) -> CodeRecipe:
    reading = Reading()
    epochs = read_epochs(reading, training)
    batches = read_data(reading, training)
    read_optimizer(reading, training.optimizer, training.rivals)
    read_schedule(reading, training, Length(epochs, batches))
    read_loss(reading, training)
    read_clip(reading, training)
    read_stop(reading, training)
    _note_choice(reading, training, others)
    _note_cuda(reading, training)
    seed = _seed(training)
    return CodeRecipe(
        values=tuple(reading.values),
        unread=tuple(reading.unread),
        notes=tuple(reading.notes),
        seed=seed.value.value if seed and isinstance(seed.value, Constant) and type(seed.value.value) is int else None,
        seed_location=seed.location if seed else None,
        loop=training.optimizer.location,
    )


def _note_choice(reading: Reading, training: CodeTraining, others: list[CodeTraining]) -> None:
    """Say where which training is read is no matter of course."""
    act = training.optimizer
    names = " or ".join(sorted({str(getattr(node, "name", "another")) for node in training.models})[:4])
    if training.owner == "unknown":
        reading.miss("training", f"which model the optimizer trains can't be told: {text_of(act.node)}", act.location)
    elif training.owner == "other":
        reading.miss("training", f"no code trains the graded class; this trains {names}", act.location)
    elif training.owner == "twin":
        reading.note(f"The code at {act.location} trains {names}, which is the same model.")
    elif len(training.models) > 1:
        reading.note(f"A branch that can't be decided chooses which model {act.location} trains: {names}.")
    if not act.reached:
        reading.note(f"Nothing in the folder calls the code that builds the optimizer at {act.location}.")
    places = sorted({str(other.optimizer.location) for other in others if other.optimizer not in training.rivals})
    if places:
        shown = ", ".join(places[:4]) + (", …" if len(places) > 4 else "")
        reading.note(f"The model is trained in several places; {act.location} is read, not {shown}.")


def _note_cuda(reading: Reading, training: CodeTraining) -> None:
    """Say where values depend on CUDA: the side of a machine that has it is read."""
    for act in training.journal.of("cuda"):
        branch = act.node
        words = [word for one in islice(ast.walk(branch), 500) for word in _words(one)]
        if any(about in word for about in _ABOUT_TRAINING for word in words):
            reading.note(f"{act.location} asks for CUDA; what it chooses with CUDA is read.")


def _words(node: ast.AST) -> list[str]:
    """The names and keys in a node itself."""
    found = [getattr(node, name, None) for name in ("id", "arg", "attr", "value")]
    return [one.lower() for one in found if isinstance(one, str)]


def _seed(training: CodeTraining) -> Act | None:
    """The last torch.manual_seed with a plain number before the optimizer is built, else the first after it."""
    acts = [
        act for act in training.journal.of("seed") if isinstance(act.value, Constant) and type(act.value.value) is int
    ]
    before = [act for act in acts if act.order < training.optimizer.order]
    return before[-1] if before else next(iter(acts), None)
