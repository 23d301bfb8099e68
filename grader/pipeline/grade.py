"""The whole flow: discover, extract, measure, train, check, report."""

import contextlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from grader.checks.base import Context
from grader.checks.run import evaluate
from grader.errors import GraderError, SubmissionError
from grader.model.claims import Claims
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.report import GradeReport
from grader.model.submission import Candidate, Discovery
from grader.model.training import Training
from grader.pipeline.assemble import (
    Clock,
    flags,
    model_section,
    provenance,
    rubric_reference,
    ungradable_report,
)
from grader.pipeline.claims import claims_of
from grader.pipeline.extract import Ungradable, extract, find, narrow
from grader.pipeline.recipes import choose
from grader.pipeline.request import Backends, Request
from grader.pipeline.train import train
from grader.rubric.score import Scope, score


@dataclass(frozen=True)
class Measured:
    """What is known of a model that could be built."""

    export: Export
    facts: Facts
    training: Training
    claims: Claims


def grade(request: Request, backends: Backends) -> GradeReport:
    """Grade one submission against one rubric.

    Raises GraderError only for our or the machine's failures; what is wrong with the submission is in the report.
    """
    created_at, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    discovery: Discovery | None = None
    try:
        backends.on_stage("looking for the model")
        discovery = narrow(find(request), request, backends)
        candidate = _require_selected(discovery)
        threading.Thread(target=_warm_up, daemon=True).start()
        backends.on_stage(f"building {candidate.name} in the {backends.sandbox.name} sandbox")
        attempts = choose(request, candidate)
        export = extract(request, candidate, attempts[0].recipe.batch_size, backends)
        backends.on_stage("measuring the graph")
        facts = _measure(export)
        _require_fitting_output(facts, candidate, request)
    except SubmissionError as problem:
        clock = Clock(created_at, time.monotonic() - began)
        return ungradable_report(request, backends, discovery, Ungradable.of(problem), clock)
    stored = facts.parameters.counted - facts.parameters.total
    training = train(request, attempts, backends, export, stored)
    claims = claims_of(request, candidate, facts, training)
    clock = Clock(created_at, time.monotonic() - began)
    return _report(request, backends, discovery, Measured(export, facts, training, claims), clock)


def _warm_up() -> None:
    """Import torch, which takes seconds, while the sandbox's process does the same on another core."""
    with contextlib.suppress(Exception):  # it is raised again where the import is needed
        import_module("grader.analysis.measure")
        import_module("torch._dynamo")  # torch imports it by itself to find the shape of a batch norm's output


def refusal(request: Request, problem: SubmissionError, backends: Backends) -> GradeReport:
    """The report of a submission that could not even be looked at: unreachable, empty, a bad `.grader.yml`."""
    clock = Clock(datetime.now(UTC).isoformat(timespec="seconds"), 0.0)
    return ungradable_report(request, backends, None, Ungradable.of(problem), clock)


def _require_selected(discovery: Discovery) -> Candidate:
    if discovery.selected is not None:
        return discovery.selected
    if not discovery.candidates:
        raise Ungradable(
            "No model was found: no class derives from torch.nn.Module and no function builds one.",
            mend="Commit the .py file or notebook that defines your model, or point --path at the folder that holds it."
            + "".join(f" {problem}" for problem in discovery.problems[:3]),
        )
    contenders = discovery.contenders or discovery.candidates
    names = ", ".join(contender.spec for contender in contenders[:8])
    raise Ungradable(
        f"{len(contenders)} classes could be the submission and nothing decides between them: {names}.",
        mend=f"Name one: add a .grader.yml with `model: {contenders[0].spec}`, or use --model.",
    )


def _measure(export: Export) -> Facts:
    from grader.analysis.measure import measure
    from grader.graph.ops import UnsupportedOperation

    try:
        return measure(export)
    except UnsupportedOperation as problem:
        message, mend = problem.message, problem.mend
        raise Ungradable(message, mend=mend, location=problem.location, blame="nobody") from problem
    except GraderError:
        raise
    except Exception as problem:  # a graph that no model of torch's makes: a mistake of ours must not end a batch
        message = f"grader could not measure the graph: {type(problem).__name__}."
        raise Ungradable(message, mend="This is a fault of grader; please report it.", blame="grader") from problem


def _require_fitting_output(facts: Facts, candidate: Candidate, request: Request) -> None:
    classes = request.rubric.task.classes
    if facts.output_shape != (classes,):
        shape = "×".join(map(str, facts.output_shape)) or "one number"
        raise Ungradable(
            f"{candidate.name} gives {shape} outputs per image; the task has {classes} classes.",
            mend=f"Let the last layer give exactly {classes} values per image.",
            location=facts.layers[-1].location if facts.layers else candidate.location,
        )


def _report(
    request: Request, backends: Backends, discovery: Discovery, measured: Measured, clock: Clock
) -> GradeReport:
    from grader.graph.digest import digest

    scope: Scope = "full" if request.options.train else "static"
    context = Context(
        facts=measured.facts,
        training=measured.training,
        task=request.rubric.task,
        rubric=request.rubric,
        location=discovery.selected.location if discovery.selected else None,
        claims=measured.claims,
    )
    outcomes = evaluate(request.rubric, context, scope)
    scored = score(request.rubric, outcomes, scope)
    return GradeReport(
        scope=scope,
        verdict=scored.verdict,
        summary=scored.summary,
        score=scored.score,
        rubric=rubric_reference(request),
        model=model_section(discovery, discovery.selected),
        facts=measured.facts,
        training=measured.training,
        claims=measured.claims,
        outcomes=outcomes,
        flags=flags(request, backends, measured.export, measured.facts, measured.training, context.location),
        provenance=provenance(request, backends, clock, digest(measured.export), measured.training),
    )
