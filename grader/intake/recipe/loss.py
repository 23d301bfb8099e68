"""The loss, gradient clipping, and what ends the training early."""

import ast
import re

from grader.intake.recipe.plain import Unclear, header_of, number, plain, text_of, what_is
from grader.intake.recipe.reading import Argument, Reading, arguments_of, is_given
from grader.intake.recipe.training import CodeTraining
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import LibraryObject, Mixed
from grader.intake.trace.values import UNKNOWN, Choice, Constant, Instance, Value

# A loss of torch -> (a recipe's name, the arguments in torch's order).
_CLASS = ("weight", "size_average", "ignore_index", "reduce", "reduction", "label_smoothing")
LOSSES = {
    "CrossEntropyLoss": ("cross_entropy", _CLASS),
    "cross_entropy": ("cross_entropy", ("input", "target", *_CLASS)),
    "NLLLoss": ("nll", _CLASS[:-1]),
    "nll_loss": ("nll", ("input", "target", *_CLASS[:-1])),
}
_ACCURACY = re.compile(r"acc|correct", re.IGNORECASE)
_TRAIN = re.compile(r"train", re.IGNORECASE)


def read_loss(reading: Reading, training: CodeTraining) -> None:
    """Read the loss whose gradients the optimizer steps with."""
    acts = [act for act in training.journal.of("backward") if training.in_batches(act) or training.in_epochs(act)]
    if not acts:
        reading.miss(
            "loss", "no loss is in sight whose gradients the optimizer steps with", training.optimizer.location
        )
        return
    act = acts[-1]
    values = [one for act in acts for one in (act.value.options if isinstance(act.value, Choice) else (act.value,))]
    losses = {id(value): value for value in values}
    kinds = {what_is(value) for value in losses.values()}
    value = next(iter(losses.values()))
    if len(kinds) > 1:
        reading.miss(
            "loss", f"a branch that can't be decided chooses between {' and '.join(sorted(kinds))}", act.location
        )
    elif isinstance(value, Mixed):
        reading.miss("loss", f"a recipe has no loss {text_of(value.node)}", value.cell.at(value.node))
    elif not isinstance(value, LibraryObject) or value.name not in LOSSES:
        shown = (
            what_is(value) if isinstance(value, LibraryObject | Instance) else f"that {text_of(act.node)} stands for"
        )
        reading.miss("loss", f"a recipe has no loss {shown}", act.location)
    else:
        _read_known(reading, value)


def _read_known(reading: Reading, made: LibraryObject) -> None:
    name, order = LOSSES[made.name]
    given, text, place = arguments_of(made, order), text_of(made.node), made.cell.at(made.node)
    reduction = given.get("reduction")
    if is_given(given.get("weight")):
        reading.miss("loss", f"a recipe's loss has no weights: {text}", place)
    elif reduction is not None and reduction.value != Constant("mean"):
        reading.miss("loss", f"a recipe's loss is the mean over a batch: {text}", place)
    else:
        reading.take("loss.name", name, place, text)
        if "label_smoothing" in given:
            reading.take_argument("loss.label_smoothing", given["label_smoothing"], text, number)


def read_clip(reading: Reading, training: CodeTraining) -> None:
    """Read gradient clipping; None where the training does without."""
    acts = {id(act.node): act for act in training.journal.of("clip") if training.in_batches(act)}
    if not training.batch_loops:
        reading.miss("clip", "no loop that trains is in sight", training.optimizer.location)
        return
    if not acts:
        step = training.steps[0]
        reading.take("clip", None, step.location, text_of(step.node))
        return
    for act in acts.values():
        _read_one_clip(reading, act, training)


def _read_one_clip(reading: Reading, act: Act, training: CodeTraining) -> None:
    by_value = act.value in (Constant("clip_grad_value_"), Constant("clip_grad_value"))
    given = act.argument(1, "clip_value" if by_value else "max_norm") or UNKNOWN
    kind = act.argument(2, "norm_type")
    text = text_of(act.node)
    loops = [loop for loop in act.loops if loop in training.batch_loops]
    if loops and act.is_open_within(loops[-1]):
        reading.miss(
            "clip", f"gradients are clipped only under a condition: {header_of(act.conditions[-1].node)}", act.location
        )
    elif not by_value and kind is not None and kind not in (Constant(2), Constant(2.0)):
        reading.miss("clip", f"a recipe clips the 2-norm: {text}", act.location)
    else:
        argument = Argument(given, act.location, text)
        reading.take_argument("clip.value" if by_value else "clip.norm", argument, text, number)


def read_stop(reading: Reading, training: CodeTraining) -> None:
    """Read the accuracy that ends the training; None where nothing does."""
    acts = {
        id(act.node): act for act in training.journal.of("stop")
        if act.loops and act.loops[-1] in training.epoch_loops and not training.in_batches(act)
    }  # fmt: skip
    cut = [act for act in training.journal.of("stop") if act.loops and act.loops[-1] in training.batch_loops]
    for act in cut[:1]:
        reading.note(f"The loop over batches may end early, at {act.location}: {header_of(act.node)}.")
    if not training.epoch_loops:
        return
    if not acts:
        loop = training.epoch_loops[0]
        reading.take("stop_at", None, loop.cell.at(loop.node), header_of(loop.node))
    for act in list(acts.values())[:1]:
        try:
            reading.take("stop_at", _accuracy(act), act.location, header_of(act.node))
        except Unclear as problem:
            reading.miss("stop_at", f"{problem}: {header_of(act.node)}", act.location)


def _accuracy(act: Act) -> float:
    """The accuracy of `if accuracy >= 99.4: break`, as a share of 1."""
    test = act.node.test if isinstance(act.node, ast.If) else None
    if not isinstance(test, ast.Compare) or len(act.positional) != 2:
        raise Unclear("a recipe ends at an accuracy, not under such a condition")
    left, right, how = act.positional[0], act.positional[1], test.ops[0]
    watched, bar = (test.left, right) if _is_number(right) else (test.comparators[0], left)
    rises = isinstance(how, ast.Gt | ast.GtE) if _is_number(right) else isinstance(how, ast.Lt | ast.LtE)
    name = text_of(watched)
    if not _is_number(bar) or not rises or not _ACCURACY.search(name):
        raise Unclear("a recipe ends at an accuracy, not under such a condition")
    if _TRAIN.search(name):
        raise Unclear("a recipe ends at the accuracy on images that are not trained on")
    value = float(plain(bar))
    share = round(value / 100, 10) if value > 1 else value
    if not 0 < share <= 1:
        raise Unclear("it is no accuracy")
    return share


def _is_number(value: Value) -> bool:
    return isinstance(value, Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool)
