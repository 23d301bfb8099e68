"""The builtins and container methods that code around models uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grader.intake.trace import command_line, library
from grader.intake.trace.library_values import CUDA, Batches, LibraryObject, Option, Range
from grader.intake.trace.values import (
    UNKNOWN,
    Choice,
    ClassValue,
    Collection,
    Constant,
    External,
    Instance,
    Layer,
    ModuleValue,
    Parameters,
    Value,
    choice,
)

if TYPE_CHECKING:
    from grader.intake.trace.evaluate import Evaluator

MOST_RANGE = 64
_BASES = frozenset({
    "LRScheduler", "_LRScheduler", "Optimizer", "Dataset", "Module", "object", "DataLoader", "_Loss", "VisionDataset",
})  # fmt: skip


def call(machine: Evaluator, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """A call of a builtin; UNKNOWN for those that say nothing about models."""
    first = positional[0] if positional else UNKNOWN
    if name == "range":
        return _range(machine, positional)
    if name in ("list", "tuple", "set", "sorted", "iter", "reversed", "filter"):
        value = positional[1] if name == "filter" and len(positional) > 1 else first
        return _listed(machine, name, value, bool(positional))
    if name == "dict":
        return _dict(first, keywords)
    if name == "zip":
        rows = [machine.iterate(value) for value in positional]
        pairs = [Collection(list(row)) for row in zip(*rows, strict=False)]
        return Collection(list(pairs), over=over(*positional)) if rows else UNKNOWN
    if name == "enumerate":
        numbered = enumerate(machine.iterate(first))
        return Collection([Collection([Constant(at), value]) for at, value in numbered], over=over(first))
    if name == "len":
        return library.length(first)
    if name == "isinstance" and len(positional) == 2:
        return _is_instance(first, positional[1])
    if first is CUDA or (isinstance(first, Batches) and name in ("int", "round", "float")):
        return first if name in ("bool", "int", "round", "float") else UNKNOWN
    if name in ("int", "float", "str", "bool", "round", "abs", "min", "max", "sum"):
        return _number(name, positional)
    if name == "getattr" and len(positional) >= 2:
        key = positional[1]
        if isinstance(key, Constant) and isinstance(key.value, str):
            return machine.attribute(first, key.value)
        if isinstance(first, External) and isinstance(key, Option):
            return External(f"{first.path}.{key.default}")
        return External(f"{first.path}.?") if isinstance(first, External) else _any_class(first)
    if name == "setattr" and len(positional) == 3:
        if isinstance(positional[1], Constant):
            machine.set_attribute(first, str(positional[1].value), positional[2])
        elif isinstance(first, Instance):
            first.certain = False
    if name == "vars" and isinstance(first, LibraryObject):
        return command_line.as_dict(first)
    if name in ("globals", "locals", "vars"):
        return _namespace(machine)
    return UNKNOWN


def method(machine: Evaluator, owner: Value, name: str, positional: Sequence[Value]) -> Value:
    """A method of a list, a dict, a string or of `model.parameters()`."""
    if isinstance(owner, Constant | Option):
        return _changed(owner, name)
    if not isinstance(owner, Collection):
        return owner if isinstance(owner, Parameters) else UNKNOWN
    first = positional[0] if positional else UNKNOWN
    if name == "append":
        owner.items.append(first)
    elif name == "insert" and len(positional) == 2:
        owner.items.insert(0, positional[1])
    elif name == "extend":
        owner.items += machine.iterate(first)
    elif name == "update" and isinstance(first, Collection) and owner.keys is not None and first.keys is not None:
        owner.keys += first.keys
        owner.items += first.items
    elif name == "items" and owner.keys is not None:
        return Collection([Collection([key, item]) for key, item in zip(owner.keys, owner.items, strict=False)])
    elif name == "values" and owner.keys is not None:
        return Collection(list(owner.items))
    elif name == "keys" and owner.keys is not None:
        return Collection(list(owner.keys))
    elif name == "get" and owner.keys is not None:
        found = [item for key, item in zip(owner.keys, owner.items, strict=False) if key == first]
        if not found and isinstance(first, Constant) and all(isinstance(key, Constant) for key in owner.keys):
            return positional[1] if len(positional) > 1 else Constant(None)
        return found[-1] if found else choice(*owner.items, *positional[1:2])
    elif name == "pop" and owner.items:
        return owner.items[-1]
    elif name == "copy":
        return Collection(list(owner.items), None if owner.keys is None else list(owner.keys))
    return UNKNOWN


def over(*values: Value) -> Value:
    """What a loop over these goes through: the loader or the range among them."""
    for value in values:
        inner = value.over if isinstance(value, Collection) else value
        if isinstance(inner, LibraryObject | Range | Choice):
            return inner
    return UNKNOWN


def _changed(owner: Constant | Option, name: str) -> Value:
    """`word.lower()` and the like."""
    word = owner.value if isinstance(owner, Constant) else owner.default
    if not isinstance(word, str) or name not in ("lower", "upper", "strip", "title", "capitalize"):
        return UNKNOWN
    changed: str = getattr(word, name)()
    return Constant(changed) if isinstance(owner, Constant) else Option(changed)


def _is_instance(value: Value, kind: Value) -> Value:
    """Whether a library's object is of that very class; a base class, or one of our own, can't be told."""
    kinds = kind.items if isinstance(kind, Collection) else [kind]
    names = [one.path.rsplit(".", 1)[-1] for one in kinds if isinstance(one, External)]
    if not isinstance(value, LibraryObject) or len(names) != len(kinds) or value.path.startswith("argparse."):
        return UNKNOWN
    if value.name in names:
        return Constant(True)
    return UNKNOWN if any(name in _BASES for name in names) else Constant(False)


def _range(machine: Evaluator, positional: Sequence[Value]) -> Value:
    if not machine.constructing:  # a training loop: one pass shows it all
        return machine.counted(positional)
    numbers = [value.value for value in positional if isinstance(value, Constant) and isinstance(value.value, int)]
    if not numbers or len(numbers) != len(positional) or len(numbers) > 3 or (len(numbers) == 3 and numbers[2] == 0):
        return UNKNOWN
    values = range(*numbers)
    return Collection([Constant(value) for value in values[:MOST_RANGE]]) if len(values) <= MOST_RANGE else UNKNOWN


def _listed(machine: Evaluator, name: str, value: Value, given: bool) -> Value:
    if isinstance(value, Parameters | Range | LibraryObject):
        return value
    if not given:
        return Collection([])
    if not isinstance(value, Collection | Choice | Layer):
        return UNKNOWN
    items = machine.iterate(value)
    return Collection(items[::-1] if name == "reversed" else list(items))


def _dict(first: Value, keywords: Mapping[str, Value]) -> Value:
    keys: list[Value] = []
    items: list[Value] = []
    if isinstance(first, Collection):
        if first.keys is not None:
            keys, items = list(first.keys), list(first.items)
        else:
            pairs = [item.items for item in first.items if isinstance(item, Collection) and len(item.items) == 2]
            keys, items = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Collection([*items, *keywords.values()], [*keys, *(Constant(key) for key in keywords)])


def _number(name: str, positional: Sequence[Value]) -> Value:
    if name in ("min", "max", "sum") and len(positional) == 1 and isinstance(positional[0], Collection):
        positional = positional[0].items
        values = [value.value for value in positional if isinstance(value, Constant)]
        return _apply(name, [values]) if values and len(values) == len(positional) else UNKNOWN
    values = [value.value for value in positional if isinstance(value, Constant)]
    return _apply(name, values) if values and len(values) == len(positional) else UNKNOWN


def _apply(name: str, arguments: Sequence[object]) -> Value:
    functions = {"int": int, "float": float, "str": str, "bool": bool, "round": round, "abs": abs, "min": min,
                 "max": max, "sum": sum}  # fmt: skip
    try:
        result = functions[name](*arguments)  # type: ignore[operator]
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
    return Constant(result) if isinstance(result, int | float | str | bool) else UNKNOWN


def _any_class(owner: Value) -> Value:
    """`getattr(module, name)` with a name that isn't known: one of the module's classes."""
    if not isinstance(owner, ModuleValue):
        return UNKNOWN
    classes = [value for value in owner.scope.names.values() if isinstance(value, ClassValue)]
    return choice(*classes) if classes else UNKNOWN


def _namespace(machine: Evaluator) -> Value:
    names = machine.frame.module.scope.names
    return Collection(list(names.values()), [Constant(name) for name in names])
