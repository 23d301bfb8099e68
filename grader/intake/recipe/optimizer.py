"""The optimizer: which one, and its arguments by the names that a recipe uses."""

from collections.abc import Sequence

from grader.intake.recipe.plain import Unclear, plain, text_of, what_is
from grader.intake.recipe.reading import Argument, Reading, arguments_of, is_given
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import LibraryObject
from grader.intake.trace.values import Collection, Constant, Value

# torch's name -> (a recipe's name, the arguments in torch's order); torch 2.11 to 2.15.
OPTIMIZERS = {
    "SGD": ("sgd", ("params", "lr", "momentum", "dampening", "weight_decay", "nesterov")),
    "Adam": ("adam", ("params", "lr", "betas", "eps", "weight_decay", "amsgrad")),
    "AdamW": ("adamw", ("params", "lr", "betas", "eps", "weight_decay", "amsgrad")),
    "RMSprop": ("rmsprop", ("params", "lr", "alpha", "eps", "weight_decay", "momentum", "centered")),
}
RATES = {"SGD": 1e-3, "Adam": 1e-3, "AdamW": 1e-3, "RMSprop": 1e-2}  # torch's own, where the code names none
HARMLESS = frozenset({"foreach", "fused", "capturable", "differentiable"})  # how it is computed, not what


def read_optimizer(reading: Reading, act: Act, rivals: Sequence[Act] = ()) -> None:
    """Read the optimizer that an act builds; `rivals` are others that may step, or do, in its place."""
    made, text = act.value, text_of(act.node)
    if rivals:
        built = sorted({f"{text_of(getattr(one.node, 'func', one.node))} at {one.location}" for one in (act, *rivals)})
        verb = "a branch that can't be decided chooses between" if act.conditions else "several optimizers step:"
        reading.miss("optimizer", f"{verb} {' and '.join(built[:4])}", act.location)
        return
    known = OPTIMIZERS.get(made.name) if isinstance(made, LibraryObject) else None
    if known is None or not isinstance(made, LibraryObject):
        reading.miss("optimizer", f"a recipe has no optimizer {what_is(made)}: {text}", act.location)
        return
    name, order = known
    arguments = arguments_of(made, order)
    reading.take("optimizer.name", name, act.location, text)
    for field, argument in _with_groups(reading, arguments, act).items():
        if field in order:
            reading.take_argument(f"optimizer.{field}", argument, text, _clean)
        elif field not in HARMLESS and is_given(argument):
            reading.miss(f"optimizer.{field}", f"a recipe has no such argument: {field}={argument.text}", act.location)
    if "lr" not in arguments and not reading.knows("optimizer.lr"):
        reading.take("optimizer.lr", RATES[made.name], act.location, text)
        reading.note(f"{act.location} names no rate; it is torch's own, {RATES[made.name]}.")


def _clean(value: Value) -> object:
    found = plain(value)
    if isinstance(found, str):
        raise Unclear("it is no number")
    return bool(found) if isinstance(found, bool) else found


def _with_groups(reading: Reading, arguments: dict[str, Argument], act: Act) -> dict[str, Argument]:
    """The arguments, with what the groups of `[{"params": …, "lr": …}]` say in their place."""
    rest = {name: argument for name, argument in arguments.items() if name != "params"}
    given = arguments.get("params")
    groups = given.value.items if given and isinstance(given.value, Collection) and given.value.keys is None else []
    tables = [_table(group) for group in groups if isinstance(group, Collection) and group.keys is not None]
    if given is None or not tables or len(tables) != len(groups):
        return rest
    for key in sorted({key for table in tables for key in table} - {"params"}):
        found = [table.get(key, rest[key].value if key in rest else None) for table in tables]
        first = found[0]
        if first is not None and all(isinstance(one, Constant) and one == first for one in found):
            rest[key] = Argument(first, given.location, given.text)
        else:
            rest.pop(key, None)
            reading.miss(f"optimizer.{key}", f"it differs between groups of parameters: {given.text}", act.location)
    return rest


def _table(group: Collection) -> dict[str, Value]:
    pairs = zip(group.keys or [], group.items, strict=False)
    return {str(key.value): item for key, item in pairs if isinstance(key, Constant)}
