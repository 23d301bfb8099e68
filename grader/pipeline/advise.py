"""What a report says beside each finding: the lines it points at, and the changes that would mend it."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.intake.definitions import made_at
from grader.intake.lines import source_lines
from grader.intake.tree import SourceTree
from grader.model.claims import Claim
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.outcome import Change, Outcome, SourceLine, Status
from grader.model.submission import Candidate, Location
from grader.pipeline.recipes import Attempts
from grader.pipeline.request import Request

MOST_LINES = 12  # of one criterion
_LONGEST_MEASURING = 10.0  # seconds; a usual graph takes a tenth of one
_LONGEST_SEARCH = 30.0  # seconds; a usual one takes one or two


@dataclass(frozen=True)
class Advice:
    """Changes by the id of the criterion they mend, and lines of the submission."""

    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    lines: tuple[SourceLine, ...] = ()


def advise(
    request: Request,
    candidate: Candidate,
    export: Export,
    facts: Facts,
    stated: Sequence[Claim] = (),
    attempts: Attempts = (),
    seconds: float = 0.0,
) -> Advice:
    """Look for changes, and read the lines that the report may point at. Never raises: it is no part of the grade.

    `seconds`: how long it took to measure the graph. Each change is measured, too, so a graph that takes long gets
    none: no submission may come near its limit of time because of advice.
    """
    from grader.advice.propose import propose  # imports torch

    submission = request.submission
    changes: Mapping[str, tuple[Change, ...]] = {}
    lines: tuple[SourceLine, ...] = ()
    began = time.monotonic()
    if seconds <= _LONGEST_MEASURING:
        with contextlib.suppress(Exception):
            changes = propose(
                request.rubric,
                export,
                facts,
                lambda: _made_at(request, candidate, export),
                lambda: time.monotonic() - began <= _LONGEST_SEARCH,
            )
    with contextlib.suppress(Exception):
        places = [*_changed(changes), candidate.location, *_measured(facts)]
        places += [claim.location for claim in stated]
        places += [unread.location for attempt in attempts for unread in attempt.unread if unread.location]
        lines = source_lines(submission.root, submission.checkout, places)
    return Advice(changes, lines)


def with_advice(outcomes: Iterable[Outcome], advice: Advice) -> tuple[Outcome, ...]:
    """The outcomes, those that are not passed with the changes that mend them and the lines that they point at."""
    texts = {line.location: line for line in advice.lines}
    return tuple(
        outcome if outcome.status in (Status.PASSED, Status.ERROR) else _advised(outcome, advice, texts)
        for outcome in outcomes
    )


def advice_again(before: Iterable[Outcome], after: Iterable[Outcome]) -> Advice:
    """What of a report's advice holds under another rubric: its lines, and its changes where the same is asked for."""
    changes, lines = {}, dict[Location, SourceLine]()
    measured = {}
    for outcome in before:
        lines |= {line.location: line for line in outcome.lines}
        measured[outcome.check, outcome.expected] = tuple(one for one in outcome.changes if one.measured)
    for outcome in after:
        changes[outcome.id] = measured.get((outcome.check, outcome.expected), ())
    return Advice(changes, tuple(lines.values()))


def _advised(outcome: Outcome, advice: Advice, texts: Mapping[Location, SourceLine]) -> Outcome:
    changes = outcome.changes or (advice.changes.get(outcome.id, ()) if outcome.status is Status.FAILED else ())
    places = [*outcome.evidence, *(change.location for change in changes if change.location)]
    lines = tuple(texts[place] for place in dict.fromkeys(places) if place in texts)
    return outcome.model_copy(update={"changes": changes, "lines": lines[:MOST_LINES]})


def _made_at(request: Request, candidate: Candidate, export: Export) -> dict[str, Location]:
    graphs = export.graphs
    paths = [spec.path.rpartition(".")[0] for spec in graphs.parameters.values()]
    paths += [node.module for node in graphs.train.nodes if node.module]
    return made_at(SourceTree(request.submission.root, request.submission.checkout), candidate, paths)


def _changed(changes: Mapping[str, tuple[Change, ...]]) -> Iterator[Location]:
    yield from (change.location for several in changes.values() for change in several if change.location)


def _measured(facts: Facts) -> Iterator[Location]:
    """Every place that a check may name as evidence."""
    yield from facts.head.locations
    yield from facts.batch_norm.locations
    yield from facts.dropout.locations
    yield from (difference.location for difference in facts.mode_differences if difference.location)
    yield from (layer.location for layer in facts.layers if layer.location)
