"""Which training is the graded model's."""

import ast
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from grader.intake.prospects import prospects
from grader.intake.recipe.training import CodeTraining, Owner, trainings
from grader.intake.trace.follow import Trace
from grader.model.submission import Candidate

_FINAL = re.compile(r"(?<![a-z])(final|best|submission|submit|submitted)(?![a-z])")
_TRAINS = re.compile(r"(?<![a-z])(train|training|main|run)(?![a-z])")
_TESTS = re.compile(r"(^|/)(tests?/|test_[^/]*$|tests?\.py$|[^/]*_tests?\.py$)")


def find_training(
    trace: Trace, candidate: Candidate, *, guess: bool = True
) -> tuple[CodeTraining | None, list[CodeTraining]]:
    """The training that the candidate's recipe is, and the others of the same model; None where there is none.

    The trainings of the graded definition come first, then those of the same code under another name or in another
    file. `guess`: then one of a model that can't be told, and at last the only training of another model, in code that
    names the graded class or stands beside it.
    """
    found = _all(trace)
    node = definition(trace, candidate)
    own = any(node in training.models for training in found)
    twins = frozenset() if own or node is None else _twins(trace, node)
    tiers: list[tuple[Owner, Callable[[CodeTraining], bool]]] = [
        ("own", lambda one: node in one.models),
        ("twin", lambda one: bool(one.models & twins)),
    ]
    if guess:
        tiers += [
            ("unknown", lambda one: not one.models and _is_near(one, trace, candidate)),
            ("other", lambda one: bool(one.models) and _is_near(one, trace, candidate)),
        ]
    for owner, belongs in tiers:
        mine = [training for training in found if belongs(training)]
        places = {str(training.optimizer.location) for training in mine}
        if mine and (owner != "other" or len(places) == 1):
            chosen = max(mine, key=lambda training: _rank(training, candidate))
            chosen.owner = owner
            others = [one for one in mine if _is_another(one, chosen)]
            chosen.rivals = [one.optimizer for one in others if set(one.batch_loops) & set(chosen.batch_loops)]
            return chosen, others
    return None, []


def _is_another(training: CodeTraining, chosen: CodeTraining) -> bool:
    return training.optimizer.location != chosen.optimizer.location and not training.optimizer.is_contrary


def _all(trace: Trace) -> list[CodeTraining]:
    return [training for journal in trace.journals for training in trainings(journal)]


def definition(trace: Trace, candidate: Candidate) -> ast.stmt | None:
    """The class, function or assignment that defines the candidate."""
    for node, value in trace.classes.items():
        if value.cell.at(node) == candidate.location and node.name == candidate.name:
            return node
    for statement, origin in trace.origins.items():
        if origin.cell.at(statement) == candidate.location and origin.name == candidate.name:
            return statement
    return None


def _twins(trace: Trace, node: ast.stmt) -> frozenset[ast.stmt]:
    """The definitions whose code is the same but for the name."""
    found = prospects(trace)
    prints = {prospect.fingerprint for prospect in found if prospect.node is node}
    return frozenset(prospect.node for prospect in found if prospect.fingerprint in prints)


def _is_near(training: CodeTraining, trace: Trace, candidate: Candidate) -> bool:
    """Whether a program names the graded class, or trains a class that is defined in the same file."""
    source = training.journal.source
    word = re.compile(rf"\b{re.escape(candidate.name)}\b")
    if source is not None and any(word.search(cell.source) for cell in source.cells):
        return True
    return any(
        trace.classes[node].cell.file == candidate.file
        for node in training.models
        if isinstance(node, ast.ClassDef) and node in trace.classes
    )


def _rank(training: CodeTraining, candidate: Candidate) -> tuple[object, ...]:
    """What the student most likely means by the training of this model, the greatest wins.

    Code that runs and steps comes first; then no test, a file that is called final, one that is called train, the
    place that discovery found, the last file and the last training in it.
    """
    act, entry = training.optimizer, training.journal.entry
    name = PurePosixPath(entry).stem.lower().replace("_", " ").replace("-", " ")
    named = any(f"at {act.location}" in sentence for sentence in candidate.evidence)
    return (
        not act.is_contrary,
        act.reached and len(training.models) == 1,
        act.reached,
        bool(training.steps or training.handed),
        _TESTS.search(entry.lower()) is None,
        _FINAL.search(name) is not None,
        _TRAINS.search(name) is not None,
        named,
        [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.findall(r"\d{1,9}|\D+", entry)],
        act.order,
    )
