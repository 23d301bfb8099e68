"""Expressions."""

import ast
from collections.abc import Callable, Mapping, Sequence

from grader.intake.trace import library
from grader.intake.trace.arithmetic import MOST_ITEMS, truth
from grader.intake.trace.library_values import LibraryObject, Option, Range, presume
from grader.intake.trace.machine import Frame
from grader.intake.trace.operators import Operators
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
    ModuleValue,
    Parameters,
    Scope,
    Super,
    Value,
    choice,
    options,
)

# Names that notebooks use although the cell that imports them may be broken or missing.
CUSTOMARY = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "optim": "torch.optim"}


class Evaluator(Operators):
    """Expressions to values."""

    def call(self, function: Value, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST) -> Value:
        """Call a value."""
        raise AssertionError("calls belong to the interpreter")

    def evaluate(self, node: ast.expr | None) -> Value:
        """What an expression stands for; UNKNOWN where that can't be told."""
        if node is None:
            return Constant(None)
        self.step()
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        return method(node) if method else UNKNOWN

    def _constant(self, node: ast.Constant) -> Value:
        return Constant(node.value) if not isinstance(node.value, type(...)) else UNKNOWN

    def _name(self, node: ast.Name) -> Value:
        found = self.frame.scope.lookup(node.id)
        if found is not None:
            return found
        for star in self.frame.module.scope.stars:
            if node.id[:1].isupper() or star == "torch.optim":
                return External(f"{star}.{node.id}")
        if node.id in CUSTOMARY:
            return External(CUSTOMARY[node.id])
        return External(f"builtins.{node.id}")

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.evaluate(node.value), node.attr)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        if isinstance(owner, Choice):
            return choice(*(self.attribute(option, name) for option in owner.options))
        if isinstance(owner, External):
            return External(f"{owner.path}.{name}")
        if isinstance(owner, ModuleValue):
            return self.module_attribute(owner, name)
        if isinstance(owner, Instance):
            if name in owner.attributes:
                return owner.attributes[name]
            return self._bound(owner.kind, owner, name) or Method(owner, name)
        if isinstance(owner, Super):
            return self._inherited(owner, name)
        if isinstance(owner, ClassValue):
            found = owner.find(name)
            return found[0] if found else Method(owner, name)
        if isinstance(owner, LibraryObject):
            return library.attribute(owner, name) or Method(owner, name)
        return Method(owner, name)

    def module_attribute(self, owner: ModuleValue, name: str) -> Value:
        """A name of a local module, a submodule included."""
        if name in owner.scope.names:
            return owner.scope.names[name]
        importer = owner.source.path if owner.source else ""
        child = self.resolver.absolute(importer, f"{owner.name}.{name}")
        return self.local_module(child) if child else UNKNOWN

    def _bound(self, kind: ClassValue, instance: Value, name: str) -> Value | None:
        found = kind.find(name)
        if found is None:
            return None
        value, owner = found
        if not isinstance(value, FunctionValue):
            return value
        decorators = {one.id for one in getattr(value.node, "decorator_list", ()) if isinstance(one, ast.Name)}
        if "staticmethod" in decorators:
            return value
        bound: Value = kind if "classmethod" in decorators else instance
        method = FunctionValue(
            value.node, value.cell, value.module, value.scope, value.defaults, value.keyword_defaults, bound, owner
        )
        return self.call(method, (), {}, value.node) if "property" in decorators else method

    def _inherited(self, owner: Super, name: str) -> Value:
        line = owner.instance.kind.ancestors() if isinstance(owner.instance, Instance) else owner.owner.ancestors()
        after = line[line.index(owner.owner) + 1 :] if owner.owner in line else line
        for kind in after:
            if name in kind.names:
                return self._bound(kind, owner.instance, name) or UNKNOWN
        return Method(owner, name)

    def _call(self, node: ast.Call) -> Value:
        function = self.evaluate(node.func)
        positional: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                value = self.evaluate(argument.value)
                positional += value.items if isinstance(value, Collection) else [UNKNOWN]
            else:
                positional.append(self.evaluate(argument))
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, Collection) and value.keys is not None:
                for key, item in zip(value.keys, value.items, strict=False):
                    if isinstance(key, Constant) and isinstance(key.value, str):
                        keywords[key.value] = item
        return self.call(function, positional, keywords, node)

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.evaluate(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._sliced(owner, node.slice)
        return choice(*(self._item(option, self.evaluate(node.slice)) for option in options(owner)))

    def _item(self, owner: Value, key: Value) -> Value:
        if isinstance(owner, Layer):
            owner = Collection(owner.children)
        if not isinstance(owner, Collection):
            return UNKNOWN
        if isinstance(key, Constant) and owner.keys is not None:
            found = [item for at, item in zip(owner.keys, owner.items, strict=False) if at == key]
            return found[-1] if found else UNKNOWN
        if isinstance(key, Constant) and isinstance(key.value, int) and owner.keys is None:
            inside = -len(owner.items) <= key.value < len(owner.items)
            return owner.items[key.value] if inside else UNKNOWN
        if isinstance(key, Option):
            known = [item for at, item in zip(owner.keys or [], owner.items, strict=False) if at == presume(key)]
            return self.prefer(known[-1] if known else None, owner.items)
        return choice(*owner.items) if owner.items else UNKNOWN

    def _sliced(self, owner: Value, bounds: ast.Slice) -> Value:
        ends = [self.evaluate(end) for end in (bounds.lower, bounds.upper, bounds.step)]
        if isinstance(owner, Range):
            return owner.sliced(ends)
        if not isinstance(owner, Collection) or owner.keys is not None:
            return UNKNOWN
        numbers = [end.value for end in ends if isinstance(end, Constant) and isinstance(end.value, int | None)]
        if len(numbers) != len(ends) or numbers[2] == 0:
            return UNKNOWN
        return Collection(owner.items[slice(*numbers)])

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        items: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                value = self.evaluate(element.value)
                items += value.items if isinstance(value, Collection) else [UNKNOWN]
            else:
                items.append(self.evaluate(element))
        return Collection(items)

    _tuple = _list
    _set = _list

    def _dict(self, node: ast.Dict) -> Value:
        keys: list[Value] = []
        items: list[Value] = []
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item)
            if key is not None:
                keys.append(self.evaluate(key))
                items.append(value)
            elif isinstance(value, Collection) and value.keys is not None:
                keys += value.keys
                items += value.items
        return Collection(items, keys)

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        items: list[Value] = []
        self._comprehend(node.generators, lambda: items.append(self.evaluate(node.elt)))
        return Collection(items)

    _generatorexp = _listcomp
    _setcomp = _listcomp

    def _dictcomp(self, node: ast.DictComp) -> Value:
        keys: list[Value] = []
        items: list[Value] = []

        def add() -> None:
            keys.append(self.evaluate(node.key))
            items.append(self.evaluate(node.value))

        self._comprehend(node.generators, add)
        return Collection(items, keys)

    def _comprehend(self, generators: list[ast.comprehension], then: Callable[[], None]) -> None:
        outer = self.frame
        self.frames.append(Frame(Scope(parent=outer.scope), outer.module, outer.cell, outer.function))
        try:
            self._generate(generators, then)
        finally:
            self.frames.pop()

    def _generate(self, generators: list[ast.comprehension], then: Callable[[], None]) -> None:
        if not generators:
            then()
            return
        first, *rest = generators
        for item in self.iterate(self.evaluate(first.iter)):
            self.bind(first.target, item)
            if all(truth(self.evaluate(test)) is not False for test in first.ifs):
                self._generate(rest, then)

    def iterate(self, value: Value) -> list[Value]:
        """The items that a loop sees; one unknown item where they can't be told."""
        if isinstance(value, Collection):
            return (value.items if value.keys is None else value.keys)[:MOST_ITEMS]
        if isinstance(value, Layer) and value.children:
            return value.children[:MOST_ITEMS]
        if isinstance(value, Parameters):
            return [value]
        if isinstance(value, Choice):
            return [item for option in value.options for item in self.iterate(option)][:MOST_ITEMS]
        return [UNKNOWN]

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, an attribute, an item, or several."""
        if isinstance(target, ast.Name):
            scope = self.frame.scope.outermost if target.id in self.frame.globals else self.frame.scope
            scope.names[target.id] = value
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)
        elif isinstance(target, ast.Tuple | ast.List):
            items = value.items if isinstance(value, Collection) and len(value.items) == len(target.elts) else None
            for position, element in enumerate(target.elts):
                self.bind(element, items[position] if items is not None else UNKNOWN)
        elif isinstance(target, ast.Attribute):
            for owner in options(self.evaluate(target.value)):
                self.set_attribute(owner, target.attr, value)
        elif isinstance(target, ast.Subscript):
            owner = self.evaluate(target.value)
            key = self.evaluate(target.slice)
            if isinstance(owner, Collection) and owner.keys is not None:
                owner.keys.append(key)
                owner.items.append(value)
            elif key == Constant("lr"):
                self.record("set_rate", value, target, (owner,), {})

    def set_attribute(self, owner: Value, name: str, value: Value) -> None:
        """`owner.name = value`."""
        if isinstance(owner, Instance):
            owner.attributes[name] = value
            if self.undecided:
                owner.certain = False
        elif isinstance(owner, ClassValue):
            owner.names[name] = value
        elif isinstance(owner, LibraryObject):
            before = library.attribute(owner, name) if self.undecided else None
            owner.attributes[name] = choice(before, value) if before is not None else value

    def _lambda(self, node: ast.Lambda) -> Value:
        frame = self.frame
        defaults = tuple(self.evaluate(default) for default in node.args.defaults)
        return FunctionValue(node, frame.cell, frame.module, frame.scope, defaults)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.bind(node.target, value)
        return value

    def _await(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        parts: list[str] = []
        for part in node.values:
            value = self.evaluate(part.value if isinstance(part, ast.FormattedValue) else part)
            if not isinstance(value, Constant) or getattr(part, "format_spec", None) is not None:
                return UNKNOWN
            parts.append(str(value.value))
        return Constant("".join(parts)[:1000])
