"""Which assignments are plain enough to be carried into the sandbox."""

import ast
from collections.abc import Mapping

from grader.intake.slicing.names import BUILTINS

LOCAL = "<local>"  # what a name was imported from, where that is a module of the submission

# What a model's constants are made with. Everything else (data sets, loaders, arguments of the command line,
# downloads) belongs to the training.
PURE_MODULES = frozenset({
    "torch", "math", "numpy", "functools", "collections", "typing", "typing_extensions", "dataclasses", "enum", "types",
    "itertools", "operator", "copy", "random", "abc", "string", "re", "os", "sys", "logging", "pathlib", "warnings",
    "fractions", "decimal", "einops", "timm", "builtins", "statistics", "datetime", "time",
    "easydict", "omegaconf", "ml_collections",
})  # fmt: skip
FORBIDDEN_PATHS = (
    "torch.load", "torch.hub", "torch.utils.data", "torch.optim", "torch.save", "torch.distributed", "os.system",
    "os.popen", "os.exec", "os.remove", "os.makedirs", "os.mkdir", "os.listdir", "os.walk", "sys.exit", "time.sleep",
)  # fmt: skip
FORBIDDEN_METHODS = frozenset({
    "parse_args", "parse_known_args", "fit", "backward", "load_state_dict", "download", "read_text", "read_bytes",
    "open",
    "mkdir", "unlink", "read", "mount", "upload",
})  # fmt: skip
FORBIDDEN_BUILTINS = frozenset({"input", "open", "exit", "quit", "print", "exec", "eval"})


def is_liftable(expression: ast.expr | None, imported: Mapping[str, str], local: frozenset[str]) -> bool:
    """Whether evaluating the expression is cheap and free of side effects, as far as its calls tell.

    `imported` maps a name to the dotted path it was imported from; `local` holds the module's own functions and
    classes that neither train nor read files.
    """
    if expression is None:
        return True
    for node in ast.walk(expression):
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(node, ast.Call) and not _may_call(node.func, imported, local):
            return False
    return True


def trains_or_reads(node: ast.AST, imported: Mapping[str, str]) -> bool:
    """Whether a function's body runs a backward pass, builds an optimizer, or touches files."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            path = _path(one.func, imported)
            if path is not None and path.startswith(FORBIDDEN_PATHS):
                return True
            if isinstance(one.func, ast.Attribute) and one.func.attr in FORBIDDEN_METHODS:
                return True
    return False


def _may_call(function: ast.expr, imported: Mapping[str, str], local: frozenset[str]) -> bool:
    if isinstance(function, ast.Attribute) and function.attr in FORBIDDEN_METHODS:
        return False
    name = _root(function)
    if name is None:  # a method of a value: "a b".split(), Net().to(device)
        return True
    if name not in imported:
        is_method = isinstance(function, ast.Attribute)  # of a variable: cfg.get("x")
        return is_method or name in local or (name in BUILTINS and name not in FORBIDDEN_BUILTINS)
    path = _path(function, imported) or ""
    if path.startswith(FORBIDDEN_PATHS):
        return False
    return path.split(".")[0] in PURE_MODULES or path == "argparse.Namespace" or path.startswith(LOCAL)


def _root(function: ast.expr) -> str | None:
    while isinstance(function, ast.Attribute):
        function = function.value
    return function.id if isinstance(function, ast.Name) else None


def _path(function: ast.expr, imported: Mapping[str, str]) -> str | None:
    """The dotted path of a callee, with its first name replaced by what was imported under it."""
    chain: list[str] = []
    while isinstance(function, ast.Attribute):
        chain.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return None
    return ".".join([imported.get(function.id, function.id), *reversed(chain)])
