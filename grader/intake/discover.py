"""Which class is the submission: the one that is named, else the one that the evidence points to."""

import ast
import difflib
from pathlib import Path

from grader.errors import SubmissionError, UsageError
from grader.intake.evidence import Weighed, weigh
from grader.intake.model_spec import ModelSpec, parse_model_spec
from grader.intake.prospects import Prospect, prospect_for, prospects
from grader.intake.readme import Readme
from grader.intake.source import Cell
from grader.intake.trace.follow import Trace, follow
from grader.intake.tree import SourceTree
from grader.model.submission import Candidate, Discovery

MARGIN = 3.0  # points by which the best must lead another model to be chosen
MOST_CANDIDATES = 200


def discover(
    root: Path, *, model: str | None = None, readme: str | None = None, checkout: Path | None = None
) -> Discovery:
    """Find the candidates under `root` and choose one; nothing of the submission is imported or run.

    `model` is FILE[:CELL]:CLASS[@LINE]; `readme` a README's path relative to `root`; `checkout` the repository around
    `root`, whose modules may be imported by the code under `root`. Raises UsageError when `model` names nothing, and
    SubmissionError where the code is nested too deeply.
    """
    try:
        return _discover(SourceTree(root, checkout), model, readme)
    except RecursionError:
        raise SubmissionError("The code in the folder is nested too deeply to be read.") from None


def _discover(tree: SourceTree, model: str | None, readme: str | None) -> Discovery:
    trace = follow(tree)
    found = prospects(trace)
    rows = weigh(found, Readme(tree.readmes(readme)))
    problems = tuple(dict.fromkeys([*tree.problems, *trace.problems]))
    if model is not None:
        return _named(parse_model_spec(model), model, tree, trace, rows, problems)
    candidates = _candidates(rows)
    if not rows:
        return Discovery(candidates=(), selected=None, selected_by="no model was found", problems=problems)
    return _chosen(rows, candidates, problems)


def _candidates(rows: list[Weighed]) -> tuple[Candidate, ...]:
    return tuple(row.prospect.candidate(row.score, tuple(row.evidence)) for row in rows[:MOST_CANDIDATES])


def _chosen(rows: list[Weighed], candidates: tuple[Candidate, ...], problems: tuple[str, ...]) -> Discovery:
    """The best by evidence; where different models are level, none."""
    best = rows[0]
    level = [
        candidate
        for row, candidate in zip(rows, candidates, strict=False)
        if best.score - row.score < MARGIN and row.prospect.fingerprint != best.prospect.fingerprint
    ]
    if level:
        contenders = (candidates[0], *level)
        reason = f"the evidence does not decide between {len(contenders)} models"
        return Discovery(
            candidates=candidates, selected=None, selected_by=reason, contenders=contenders, problems=problems
        )
    reason = "the only model in the folder" if len(rows) == 1 else next(iter(best.evidence), "the evidence")
    return Discovery(candidates=candidates, selected=candidates[0], selected_by=reason, problems=problems)


def _named(
    spec: ModelSpec, text: str, tree: SourceTree, trace: Trace, rows: list[Weighed], problems: tuple[str, ...]
) -> Discovery:
    """The definition that --model names; among several, the one with the most evidence."""
    known = {id(row.prospect.node): row for row in rows}
    matching: list[Weighed] = []
    for node, cell in _definitions(tree, spec):
        row = known.get(id(node))
        if row is None:
            row = Weighed(prospect_for(trace, node, cell, spec.name))
            row.score, row.evidence = -1000.0, ["named by --model"]
        matching.append(row)
    if not matching:
        raise _nothing_named(spec, text, tree, rows)
    matching.sort(key=lambda row: (-row.score, -_trained_at(row.prospect), -row.prospect.line))
    chosen = matching[0].prospect.candidate(matching[0].score, tuple(matching[0].evidence))
    reason = f"--model {text}"
    if len(matching) > 1:
        reason += f": of {len(matching)} definitions, {next(iter(matching[0].evidence), 'the last one')}"
    others = tuple(candidate for candidate in _candidates(rows) if candidate.spec != chosen.spec)
    return Discovery(candidates=(chosen, *others), selected=chosen, selected_by=reason, problems=problems)


def _trained_at(prospect: Prospect) -> int:
    orders = [event.order for event in prospect.trained] + [event.order for event in prospect.built]
    return max(orders, default=-1)


def _definitions(tree: SourceTree, spec: ModelSpec) -> list[tuple[ast.stmt, Cell]]:
    """The classes, functions and variables of that name, in that file, cell and line."""
    source = tree.sources.get(spec.file)
    found: list[tuple[ast.stmt, Cell]] = []
    for cell in source.cells if source else ():
        if spec.cell is not None and cell.index != spec.cell:
            continue
        for node in ast.walk(cell.tree):
            defines = isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == spec.name
            if (defines or _assigns(node, spec.name)) and isinstance(node, ast.stmt):
                found.append((node, cell))
    first_lines = {
        id(node): {node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))} for node, _ in found
    }
    if spec.line is not None:
        found = [(node, cell) for node, cell in found if spec.line in first_lines[id(node)]]
    classes = [pair for pair in found if isinstance(pair[0], ast.ClassDef)]
    functions = [pair for pair in found if isinstance(pair[0], ast.FunctionDef)]
    return classes or functions or found


def _assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == name for target in node.targets
    )


def _nothing_named(spec: ModelSpec, text: str, tree: SourceTree, rows: list[Weighed]) -> UsageError:
    specs = [row.prospect.candidate().spec for row in rows]
    there = [one for one in specs if one.startswith(f"{spec.file}:")]
    if spec.file not in tree.sources:
        near = difflib.get_close_matches(spec.file, tree.sources, n=1)
        message = f"--model {text}: there is no readable file {spec.file}."
        mend = f"Did you mean {near[0]}?" if near else "The path is relative to the graded folder."
        return UsageError(message, mend=mend)
    place = f"{spec.file}{f', cell {spec.cell}' if spec.cell is not None else ''}"
    line = f" at line {spec.line}" if spec.line is not None else ""
    mend = f"It defines {', '.join(there[:8])}." if there else "It defines no model."
    return UsageError(f"--model {text}: {place} defines no {spec.name}{line}.", mend=mend)
