"""Statements: programs are followed from their first cell to their last, both ways at a branch that is undecided."""

import ast

from grader.intake.trace.arithmetic import combine, truth
from grader.intake.trace.builtin import over
from grader.intake.trace.calls import Caller
from grader.intake.trace.journal import Condition, Loop
from grader.intake.trace.library_values import CUDA, Range, presume
from grader.intake.trace.machine import Frame
from grader.intake.trace.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Constant,
    External,
    FunctionValue,
    Layer,
    ModuleValue,
    Origin,
    Scope,
    Value,
)


def _calls(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


class Interpreter(Caller):
    """Follows modules, functions and classes."""

    def execute(self, body: list[ast.stmt]) -> bool:
        """Follow statements; True when they surely leave the function."""
        return any(self._statement(statement) for statement in body)

    def _statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Expr():
                self.evaluate(node.value)
            case ast.Assign():
                self._assign(node)
            case ast.AnnAssign():
                if node.value is not None:
                    self.bind(node.target, self.evaluate(node.value))
            case ast.AugAssign():
                self._augment(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.frame.scope.names[node.name] = self._function(node)
            case ast.ClassDef():
                self.frame.scope.names[node.name] = self._class(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Return():
                self.frame.returned.append(self.evaluate(node.value))
                return True
            case ast.Raise():
                return True
            case ast.If():
                return self._if(node)
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While():
                self._while(node)
            case ast.With() | ast.AsyncWith():
                return self._with(node)
            case ast.Try() | ast.TryStar():
                return self._try(node)
            case ast.Match():
                self._undecided([case.body for case in node.cases])
            case ast.Global():
                self.frame.globals.update(node.names)
            case _:
                pass
        return False

    def _assign(self, node: ast.Assign) -> None:
        value = self.evaluate(node.value)
        target = node.targets[0]
        if (
            isinstance(value, Layer)
            and value.origin is None
            and value.children
            and self.frame.function is None
            and isinstance(target, ast.Name)
        ):
            value.origin = Origin(target.id, node, self.frame.cell, target.id)
            self.origins[node] = value.origin
            self.record_building(node, value, self.site(node), complete=True)
        for one in node.targets:
            self.bind(one, value)

    def _augment(self, node: ast.AugAssign) -> None:
        current = self.evaluate(node.target)
        added = self.evaluate(node.value)
        if isinstance(current, Collection) and isinstance(node.op, ast.Add) and current.keys is None:
            current.items += self.iterate(added)
        else:
            self.bind(node.target, self.combined(node.op, current, added, node))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> FunctionValue:
        frame = self.frame
        defaults = tuple(self.evaluate(default) for default in node.args.defaults)
        keyword_defaults = tuple(
            None if default is None else self.evaluate(default) for default in node.args.kw_defaults
        )
        return FunctionValue(node, frame.cell, frame.module, frame.scope, defaults, keyword_defaults)

    def _class(self, node: ast.ClassDef) -> ClassValue:
        frame = self.frame
        bases = tuple(self.evaluate(base) for base in node.bases)
        body = Scope(parent=frame.scope)
        self.frames.append(Frame(body, frame.module, frame.cell, frame.function))
        self.execute(node.body)
        self.frames.pop()
        for value in body.names.values():
            if isinstance(value, FunctionValue) and value.scope is body:
                value.scope = frame.scope  # methods don't see the class body
        value = ClassValue(node, frame.cell, frame.module, frame.scope, bases, body.names, frame.function)
        self.classes[node] = value
        return value

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = self.frame.scope.names
        importer = self.frame.module.source.path if self.frame.module.source else ""
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = self.resolver.absolute(importer, alias.name)
                if local is None:
                    names[alias.asname or alias.name.split(".")[0]] = External(
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
                elif alias.asname:
                    names[alias.asname] = self.local_module(local)
                else:
                    self.local_module(local)
                    top = self.resolver.absolute(importer, alias.name.split(".")[0])
                    names[alias.name.split(".")[0]] = self.local_module(top) if top else UNKNOWN
            return
        self._import_from(node, importer)

    def _import_from(self, node: ast.ImportFrom, importer: str) -> None:
        names = self.frame.scope.names
        if node.level:
            local = self.resolver.relative(importer, self.frame.module.name, node.level, node.module)
        else:
            local = self.resolver.absolute(importer, node.module or "")
        module = self.local_module(local) if local else None
        for alias in node.names:
            if alias.name == "*":
                self._import_star(module, node.module or "")
            elif module is not None:
                names[alias.asname or alias.name] = self.module_attribute(module, alias.name)
            else:
                names[alias.asname or alias.name] = External(f"{node.module or ''}.{alias.name}")

    def _import_star(self, module: ModuleValue | None, name: str) -> None:
        scope = self.frame.scope
        if module is None:
            scope.outermost.stars.append(name)
            return
        public = {key: value for key, value in module.scope.names.items() if not key.startswith("_")}
        scope.names.update(public)
        scope.outermost.stars += module.scope.stars

    def _if(self, node: ast.If) -> bool:
        test = self.evaluate(node.test)
        if test is CUDA:
            self.record("cuda", test, node, (), {})
        known = truth(test)
        if known is None:
            self._note_stop(node)
            usual = presume(test)
            default = None if usual is test else int(not truth(usual))
            return self._undecided([node.body, node.orelse], node, default)
        return self.execute(node.body if known else node.orelse)

    def _note_stop(self, node: ast.If) -> None:
        """An `if …: break` (or `return`) that ends a loop of this function."""
        loop = self.loops[-1] if self.loops and self.loops[-1].frame is self.frame else None
        if loop is None or not any(isinstance(one, ast.Break | ast.Return) for one in node.body):
            return
        sides: tuple[Value, ...] = ()
        if isinstance(node.test, ast.Compare) and len(node.test.ops) == 1 and not _calls(node.test):
            sides = (self.evaluate(node.test.left), self.evaluate(node.test.comparators[0]))
        self.record("stop", UNKNOWN, node, sides, {})

    def _undecided(
        self, bodies: list[list[ast.stmt]], node: ast.stmt | None = None, default: int | None = None
    ) -> bool:
        """Follow each body from the same state, then join the names; a single body may also not run."""
        scope = self.frame.scope
        before = dict(scope.names)
        if len(bodies) == 1:
            bodies = [*bodies, []]
        outcomes: list[dict[str, Value]] = []
        usual: dict[str, Value] = {}
        self.undecided += 1
        for side, body in enumerate(bodies):
            scope.names = dict(before)
            if node is not None:
                self.conditions.append(Condition(node, side, default))
            if not self.execute(body):
                outcomes.append(scope.names)
                usual = scope.names if side == default else usual
            if node is not None:
                self.conditions.pop()
        self.undecided -= 1
        joined: dict[str, Value] = {}
        for name in {name for outcome in outcomes for name in outcome}:
            values = [outcome[name] for outcome in outcomes if name in outcome]
            same = all(value is values[0] for value in values)
            joined[name] = values[0] if same else self.prefer(usual.get(name), values)
        scope.names = joined if outcomes else before
        return not outcomes

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        value = self.evaluate(node.iter)
        self._enter(node, over(value))
        for item in self.iterate(value):
            self.bind(node.target, item)
            if self.execute(node.body):
                break
        self.loops.pop()
        self.execute(node.orelse)

    def _while(self, node: ast.While) -> None:
        """Followed once; `while epoch < 20` counts as a range from the variable's value."""
        counted: Value = UNKNOWN
        match node.test:
            case ast.Compare(left=ast.Name() as left, ops=[ast.Lt() | ast.LtE() as how], comparators=[stop]):
                start, end = self.evaluate(left), self.evaluate(stop)
                if isinstance(start, Constant):
                    end = combine(ast.Add(), end, Constant(1)) if isinstance(how, ast.LtE) else end
                    counted = Range(start, end, Constant(1))
            case _:
                self.evaluate(node.test)
        self._enter(node, counted)
        self._undecided([node.body])
        self.loops.pop()

    def _enter(self, node: ast.stmt, value: Value) -> None:
        self.loops.append(Loop(node, self.frame.cell, value, len(self.conditions), self.frame))

    def _with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        return self.execute(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> bool:
        """The body is taken to succeed; handlers only add the names that it doesn't give."""
        left = self.execute(node.body)
        scope = self.frame.scope
        after = dict(scope.names)
        returned = len(self.frame.returned)
        self.undecided += 1
        for handler in node.handlers:
            self.execute(handler.body)
        self.undecided -= 1
        if left:
            del self.frame.returned[returned:]
        scope.names = {**scope.names, **{name: value for name, value in after.items() if value is not UNKNOWN}}
        if not left:
            left = self.execute(node.orelse)
        return self.execute(node.finalbody) or left
