"""Calls: of local functions and classes, of torch's layers and optimizers, of the builtins that models use."""

import ast
import builtins
import re
from collections.abc import Mapping, Sequence

from grader.intake.trace import builtin, library
from grader.intake.trace.arithmetic import MOST_ITEMS
from grader.intake.trace.evaluate import Evaluator
from grader.intake.trace.express import express_call
from grader.intake.trace.layers import TENSOR_MAKERS, make_layer, tensor
from grader.intake.trace.library_values import LibraryObject, Option
from grader.intake.trace.machine import MOST_CALLS, Frame, is_module_class, is_module_path, models_in
from grader.intake.trace.values import (
    UNKNOWN,
    Choice,
    ClassValue,
    Collection,
    Constant,
    External,
    FunctionValue,
    Instance,
    Layer,
    Method,
    Origin,
    Parameters,
    Scope,
    Super,
    Value,
    choice,
    options,
)

# Methods that return the model itself.
SAME_MODEL = frozenset({
    "to", "cuda", "cpu", "train", "eval", "float", "half", "double", "bfloat16", "apply", "requires_grad_", "type",
    "share_memory", "to_empty", "xpu", "compile",
})  # fmt: skip
# Functions that wrap a model.
WRAPPERS = re.compile(r"(compile|parallel|deepcopy|script|prepare|wrap|initialize|to_device)", re.IGNORECASE)
OPTIMIZERS = re.compile(
    r"(^|\.)(optim\.(?!lr_scheduler|swa_utils)[\w.?]+|\w*(SGD|Adam\w*|RMSprop|Adagrad|LBFGS|Lion|Ranger|Lamb|NovoGrad"
    r"|Adafactor|optimizer|Optimizer))$"
)
PARAMETER_METHODS = frozenset({"parameters", "named_parameters", "trainable_parameters"})
FITTING_METHODS = frozenset({"fit", "fit_one_cycle", "fine_tune"})


class Caller(Evaluator):
    """Calls to values."""

    def call(self, function: Value, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST) -> Value:
        """What the call gives."""
        if isinstance(function, Choice):
            return choice(*(self.call(option, positional, keywords, node) for option in function.options))
        if isinstance(function, FunctionValue):
            return self.call_function(function, positional, keywords, node)
        if isinstance(function, ClassValue):
            return self.construct(function, positional, keywords, node)
        if isinstance(function, External):
            return self._call_external(function.path, positional, keywords, node)
        if isinstance(function, Method):
            return self._call_method(function, positional, keywords, node)
        if isinstance(function, LibraryObject) and library.LOSSES.search(function.path):
            return function  # the loss that it computes
        return self._call_unknown(positional, keywords, node, "")

    def call_function(
        self, function: FunctionValue, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> Value:
        """Follow a local function's body with these arguments."""
        again = sum(frame.function is not None and frame.function.node is function.node for frame in self.frames)
        if again or len(self.frames) > MOST_CALLS:
            return UNKNOWN
        self.called.add(function.node)
        if getattr(function.node, "name", "") == "step" and isinstance(function.bound, Instance):
            self.record("step", function.bound, node, positional, keywords)
        scope = Scope(parent=function.scope)
        self._bind_parameters(scope, function, positional, keywords)
        self.frames.append(Frame(scope, function.module, function.cell, function))
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body)
            self.execute(function.node.body)
            result = choice(*self.frame.returned) if self.frame.returned else Constant(None)
        finally:
            self.frames.pop()
        self._note_factory(function, positional, keywords, result)
        return result

    def _bind_parameters(
        self, scope: Scope, function: FunctionValue, positional: Sequence[Value], keywords: Mapping[str, Value]
    ) -> None:
        arguments = function.node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        if function.bound is not None:
            positional = (function.bound, *positional)
        scope.names.update(dict.fromkeys(names, UNKNOWN))
        for name, default in zip(reversed(names), reversed(function.defaults), strict=False):
            scope.names[name] = default
        for argument, default_value in zip(arguments.kwonlyargs, function.keyword_defaults, strict=False):
            scope.names[argument.arg] = default_value if default_value is not None else UNKNOWN
        scope.names.update(zip(names, positional, strict=False))
        if arguments.vararg:
            scope.names[arguments.vararg.arg] = Collection(list(positional[len(names) :]))
        taken = {*names, *(argument.arg for argument in arguments.kwonlyargs)}
        rest = {key: value for key, value in keywords.items() if key not in taken}
        scope.names.update({key: value for key, value in keywords.items() if key in taken})
        if arguments.kwarg:
            keys: list[Value] = [Constant(key) for key in rest]
            scope.names[arguments.kwarg.arg] = Collection(list(rest.values()), keys)

    def _note_factory(
        self, function: FunctionValue, positional: Sequence[Value], keywords: Mapping[str, Value], result: Value
    ) -> None:
        """A function that returns a model of torch's own classes is where that model comes from.

        Where it returns a class of its own, or an object of one, its call is how to name it from outside.
        """
        node = function.node
        if isinstance(node, ast.Lambda) or function.bound is not None:
            return
        if self.constructing:
            self._note_parts(function, result)
            return
        if function.scope.parent is not None:  # a function inside a function can't be named from outside
            return
        build, complete = express_call(node.name, function, positional, keywords)
        for value in options(result):
            if isinstance(value, ClassValue) and value.function is not None:
                value.maker = value.maker or build
            elif isinstance(value, Instance) and value.kind.function is not None and value.kind.maker is None:
                value.build, value.complete = build, complete
            elif isinstance(value, Layer) and value.origin is None and value.children:
                value.origin = Origin(node.name, node, function.cell, build)
                self.origins[node] = value.origin
                self.record_building(node, value, function.cell.at(node), complete)

    def _note_parts(self, function: FunctionValue, result: Value) -> None:
        """A function whose layers go into another model builds a part of it."""
        if isinstance(result, Layer) and not isinstance(function.node, ast.Lambda):
            self.record_building(function.node, result, function.cell.at(function.node), complete=True)

    def construct(
        self, kind: ClassValue, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> Value:
        """Build an object of a local class, its constructor followed."""
        instance = Instance(kind, site=self.site(node))
        initializer = self._bound(kind, instance, "__init__")
        function = initializer if isinstance(initializer, FunctionValue) else None
        name = kind.maker or kind.node.name
        instance.build, instance.complete = express_call(name, function, positional, keywords)
        if kind.function is not None and kind.maker is None:
            instance.build = None
        is_model = is_module_class(kind)
        if is_model:
            self.record_building(kind.node, instance, self.site(node), instance.complete)
            self.constructing.append(kind.node)
        undecided, self.undecided = self.undecided, 0
        try:
            if function is not None:
                self.call_function(function, positional, keywords, node)
            elif is_model:
                self._construct_inherited(instance, positional, keywords)
            else:
                self._fill_fields(instance, positional, keywords)
        finally:
            self.undecided = undecided
            if is_model:
                self.constructing.pop()
        self._record_own(instance, positional, keywords, node)
        return instance

    def _record_own(
        self, instance: Instance, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> None:
        """Note an optimizer or a scheduler of a class of the submission's own."""
        base, name = instance.kind.external_base or "", instance.kind.node.name
        arguments = (*positional, *keywords.values())
        if OPTIMIZERS.search(base) and any(models_in(value) for value in arguments):
            instance.attributes["<optimizer>"] = Constant(True)
            self.record("optimize", instance, node, positional, keywords)
        elif any(library.is_optimizer(value) for value in arguments) and (
            ".lr_scheduler." in base or library.SCHEDULERS.search(name)
        ):
            self.record("schedule", instance, node, positional, keywords)

    def _construct_inherited(
        self, instance: Instance, positional: Sequence[Value], keywords: Mapping[str, Value]
    ) -> None:
        """The constructor of a torch layer that a local class extends."""
        path = instance.kind.external_base
        if is_module_path(path) and path is not None and path.rsplit(".", 1)[-1] not in ("Module", "LightningModule"):
            instance.attributes["<base>"] = make_layer(path, positional, keywords)

    def _fill_fields(self, instance: Instance, positional: Sequence[Value], keywords: Mapping[str, Value]) -> None:
        """The generated constructor of a dataclass: its fields in order."""
        fields = [
            statement.target.id for statement in instance.kind.node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        ]  # fmt: skip
        instance.attributes.update(zip(fields, positional, strict=False))
        instance.attributes.update({name: value for name, value in keywords.items() if name in fields})

    def _call_external(
        self, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> Value:
        name = path.rsplit(".", 1)[-1]
        if path.startswith("builtins."):
            if name == "super":
                return self._super(positional)
            unbound = path.removeprefix("builtins.")
            if not hasattr(builtins, unbound.partition(".")[0]):  # a name whose import is missing
                known = library.call(self, unbound, positional, keywords, node)
                if known is not None:
                    return known
            return builtin.call(self, name, positional, keywords)
        if OPTIMIZERS.search(path):
            return self._optimize(path, positional, keywords, node)
        known = library.call(self, path, positional, keywords, node)
        if known is not None:
            return known
        if path in ("collections.OrderedDict", "OrderedDict"):
            return builtin.call(self, "dict", positional, keywords)
        if path.startswith("torch.nn.") and "functional" not in path and name[:1].isupper():
            if WRAPPERS.search(name) and positional:
                return positional[0]
            layer = make_layer(path, positional, keywords)
            layer.cell, layer.line = self.frame.cell, getattr(node, "lineno", None)
            return layer
        if path.startswith("torch.") and name in TENSOR_MAKERS:
            return tensor(name, positional) or UNKNOWN
        if WRAPPERS.search(name):
            models = [value for value in positional if isinstance(value, Instance | Layer | Choice)]
            several = name in ("prepare", "initialize") and len(positional) > 1
            return Collection(list(positional)) if several else (*models, UNKNOWN)[0]
        return self._call_unknown(positional, keywords, node, path)

    def _optimize(self, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST) -> Value:
        for value in (*positional, *keywords.values()):
            for model in models_in(value):
                self.record_training(model, node, path.removeprefix("torch."))
        optimizer = self.library_object(path, positional, keywords, node)
        optimizer.attributes["<optimizer>"] = Constant(True)
        self.record("optimize", optimizer, node, positional, keywords)
        return optimizer

    def _call_unknown(
        self, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST, path: str
    ) -> Value:
        """A call that we can't follow: unknown, and perhaps a whole model that we can't see into."""
        for value in (*positional, *keywords.values()):
            for option in options(value):
                if library.is_optimizer(option):
                    self.record("hand", option, node, positional, keywords)
        name = path.rsplit(".", 1)[-1]
        if self.constructing and (name[:1].isupper() or ".models." in path):
            return Layer(path, None)
        return UNKNOWN

    def _call_method(
        self, method: Method, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
    ) -> Value:
        owner, name = method.owner, method.name
        if isinstance(owner, Super):
            return self._call_super(owner, name, positional, keywords)
        known = library.method(self, owner, name, positional, keywords, node)
        if known is not None:
            return known
        if isinstance(owner, Instance | Layer):
            return self._call_model(owner, name, positional, keywords)
        if isinstance(owner, Collection | Parameters | Constant | Option):
            return builtin.method(self, owner, name, positional)
        if name in FITTING_METHODS:
            for value in (*positional[:1], *keywords.values()):
                for model in value.options if isinstance(value, Choice) else (value,):
                    if isinstance(model, Instance | Layer):
                        self.record_training(model, node, name)
        return self._call_unknown(positional, keywords, node, "")

    def _call_model(
        self, owner: Instance | Layer, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]
    ) -> Value:
        if name in SAME_MODEL:
            return owner
        if name in PARAMETER_METHODS:
            return Parameters(owner)
        if name in ("add_module", "register_module", "register_parameter") and len(positional) == 2:
            self._register(owner, positional[0], positional[1])
        elif isinstance(owner, Layer) and name in ("append", "insert", "extend", "update"):
            for value in positional[-1:]:
                items = value.items if name in ("extend", "update") and isinstance(value, Collection) else [value]
                owner.children += items[:MOST_ITEMS]
        return UNKNOWN

    def _register(self, owner: Instance | Layer, name: Value, child: Value) -> None:
        if isinstance(owner, Layer):
            owner.children.append(child)
        elif isinstance(name, Constant) and isinstance(name.value, str):
            self.set_attribute(owner, name.value, child)
        else:
            owner.certain = False

    def _super(self, positional: Sequence[Value]) -> Value:
        """`super()` or `super(Class, self)`."""
        functions = [frame.function for frame in reversed(self.frames) if frame.function is not None]
        for function in functions:
            if function.owner is not None and function.bound is not None:
                owner = positional[0] if positional and isinstance(positional[0], ClassValue) else function.owner
                return Super(function.bound, owner)
        return UNKNOWN

    def _call_super(self, owner: Super, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
        if isinstance(owner.instance, Instance):
            if name == "__init__":
                self._construct_inherited(owner.instance, positional, keywords)
                return Constant(None)
            return self._call_model(owner.instance, name, positional, keywords)
        return UNKNOWN
