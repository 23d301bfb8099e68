"""Operators in expressions: arithmetic, comparisons, conditions, and what a command line's default decides."""

import ast
from collections.abc import Sequence

from grader.intake.trace.arithmetic import combine, compare, truth
from grader.intake.trace.library_values import CUDA, LibraryObject, Mixed, Option, Presumed, presume
from grader.intake.trace.machine import Machine
from grader.intake.trace.values import (
    UNKNOWN,
    Choice,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Layer,
    Value,
    choice,
    options,
)


class Operators(Machine):
    """Expressions that put values together."""

    def evaluate(self, node: ast.expr | None) -> Value:
        """What an expression stands for."""
        raise AssertionError("expressions belong to the evaluator")

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        return self.combined(node.op, left, right, node)

    def combined(self, how: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
        """`left how right`, kept in its parts where it is a library's object that something is done to."""
        result = combine(how, left, right)
        parts = [option for value in (left, right) for option in options(value)]
        if result is UNKNOWN and any(isinstance(part, LibraryObject | Mixed) for part in parts):
            return Mixed(how, (left, right), self.frame.cell, node)
        return result

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Not):
            if value is CUDA:
                self.record("cuda", value, node, (), {})
            if isinstance(value, Option | Presumed):
                return Presumed(not truth(presume(value)))
            known = truth(value)
            return UNKNOWN if known is None else Constant(not known)
        if isinstance(value, Constant) and isinstance(value.value, int | float):
            return Constant(-value.value) if isinstance(node.op, ast.USub) else value
        return UNKNOWN

    def _boolop(self, node: ast.BoolOp) -> Value:
        seen: list[Value] = []
        with_cuda = False
        for part in node.values:
            value = self.evaluate(part)
            known = truth(value)
            with_cuda = with_cuda or value is CUDA
            if known is None:
                seen.append(value)
            elif known is isinstance(node.op, ast.Or):
                return choice(*seen, value)
        if seen and all(isinstance(one, Option | Presumed) for one in seen):
            held = [bool(truth(presume(one))) for one in seen]
            return Presumed(any(held) if isinstance(node.op, ast.Or) else all(held))
        return choice(*seen) if seen else CUDA if with_cuda and truth(value) else value

    def _compare(self, node: ast.Compare) -> Value:
        left = self.evaluate(node.left)
        result = True
        for how, part in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(part)
            known = compare(how, left, right)
            if known is None:
                with_default = compare(how, presume(left), presume(right)) if len(node.ops) == 1 else None
                return UNKNOWN if with_default is None else Presumed(with_default)
            result = result and known
            left = right
        return Constant(result)

    def _ifexp(self, node: ast.IfExp) -> Value:
        test = self.evaluate(node.test)
        if test is CUDA:
            self.record("cuda", test, node, (), {})
        known = truth(test)
        if known is None:
            body, otherwise = self.evaluate(node.body), self.evaluate(node.orelse)
            usual = None if presume(test) is test else truth(presume(test))
            return self.prefer(None if usual is None else body if usual else otherwise, (body, otherwise))
        return self.evaluate(node.body if known else node.orelse)

    def prefer(self, usual: Value | None, all_of: Sequence[Value]) -> Value:
        """What an option chooses: what is usual, unless it is a model, which the default need not mean."""
        models = (ClassValue, FunctionValue, Instance, Layer, Choice)
        return choice(*all_of) if usual is None or isinstance(usual, models) else usual
