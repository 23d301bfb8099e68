"""Values back to source text, for the expression that builds a model."""

import ast
import math
from collections.abc import Mapping, Sequence

from grader.intake.trace.values import (
    Choice,
    ClassValue,
    Collection,
    Constant,
    External,
    FunctionValue,
    Instance,
    Value,
)

MOST_TEXT = 500


def express(value: Value) -> str | None:
    """Source text of a value: literals, torch's names, module-level names and what is built from them."""
    if isinstance(value, Constant):
        if isinstance(value.value, float) and not math.isfinite(value.value):
            return None
        return repr(value.value)
    if isinstance(value, Collection):
        return _collection(value)
    if isinstance(value, External) and value.path.startswith(("torch.", "builtins.")):
        return value.path.removeprefix("builtins.")
    if isinstance(value, ClassValue):
        return value.node.name if value.module.scope.names.get(value.node.name) is value else None
    if isinstance(value, FunctionValue) and isinstance(value.node, ast.FunctionDef) and value.bound is None:
        return value.node.name if value.module.scope.names.get(value.node.name) is value else None
    if isinstance(value, Instance):
        return value.build if value.kind.module.scope.names.get(value.kind.node.name) is value.kind else None
    return None


def express_call(
    name: str, function: FunctionValue | None, positional: Sequence[Value], keywords: Mapping[str, Value]
) -> tuple[str | None, bool]:
    """`name(arguments)` and whether it is complete: an argument that can't be told is left to its default.

    The text is None where an argument without a default can't be told.
    """
    complete = True
    parts: list[str] = []
    required = required_parameters(function)
    names = parameter_names(function)
    given: dict[str, str] = {}
    in_order = True
    for position, value in enumerate(positional):
        text = express(value)
        name_of = names[position] if position < len(names) else None
        if text is None or len(text) > MOST_TEXT or isinstance(value, Choice):
            complete = in_order = False
            if name_of is None or name_of in required:
                return None, False
        elif in_order:
            parts.append(text)
            given[name_of or ""] = text
        elif name_of is None:
            return None, False
        else:
            parts.append(f"{name_of}={text}")
            given[name_of] = text
    for key, value in keywords.items():
        text = express(value)
        if text is None or len(text) > MOST_TEXT:
            complete = False
            if key in required:
                return None, False
            continue
        parts.append(f"{key}={text}")
        given[key] = text
    if any(name not in given for name in required):
        return None, False
    return f"{name}({', '.join(parts)})", complete


def parameter_names(function: FunctionValue | None) -> list[str]:
    """The positional parameters, without `self` of a bound method."""
    if function is None:
        return []
    arguments = function.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return names[1:] if function.bound is not None else names


def required_parameters(function: FunctionValue | None) -> set[str]:
    """The parameters that have no default."""
    if function is None:
        return set()
    names = parameter_names(function)
    optional = len(function.node.args.defaults)
    required = set(names[: len(names) - optional] if optional else names)
    pairs = zip(function.node.args.kwonlyargs, function.node.args.kw_defaults, strict=False)
    return required | {argument.arg for argument, default in pairs if default is None}


def _collection(value: Collection) -> str | None:
    items = [express(item) for item in value.items]
    if any(item is None for item in items) or len(items) > 64:
        return None
    if value.keys is None:
        return f"[{', '.join(str(item) for item in items)}]"
    keys = [express(key) for key in value.keys]
    if any(key is None for key in keys):
        return None
    return "{" + ", ".join(f"{key}: {item}" for key, item in zip(keys, items, strict=True)) + "}"
