"""The static part: from a submission to its graph and what is measured on it. Student code runs in the sandbox only."""

import contextlib
import threading
import time
from dataclasses import dataclass, field
from importlib import import_module

from grader.errors import GraderError, SubmissionError
from grader.graph.digest import digest
from grader.intake.claims.read import read_claims
from grader.model.claims import Claim
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.submission import Candidate, Discovery
from grader.pipeline.advise import Advice, advise
from grader.pipeline.extract import Ungradable, extract, find, narrow
from grader.pipeline.recipes import Attempts, choose
from grader.pipeline.request import Backends, Request


@dataclass(frozen=True)
class Refused:
    """A submission that can't be graded, and how far it came."""

    problem: Ungradable
    discovery: Discovery | None = None


@dataclass(frozen=True)
class Probed:
    """A model that was found and brought out of the sandbox."""

    discovery: Discovery
    candidate: Candidate
    attempts: Attempts  # the recipes to train it with
    export: Export


@dataclass(frozen=True)
class Prepared:
    """Plain data: all that training and report need. The submission's files are not looked at again."""

    discovery: Discovery
    attempts: Attempts
    export: Export
    graph_digest: str
    facts: Facts
    stated: tuple[Claim, ...]  # what the submission says about itself
    claim_notes: tuple[str, ...]
    advice: Advice = field(default_factory=Advice)

    @property
    def stored(self) -> int:
        """Values that the graph holds outside its parameters."""
        return self.facts.parameters.counted - self.facts.parameters.total


def probe(request: Request, backends: Backends) -> Probed | Refused:
    """Find the class and bring its graph out.

    Raises UsageError for a --model that names nothing, SandboxError when the sandbox itself fails.
    """
    discovery: Discovery | None = None
    try:
        backends.on_stage("looking for the model")
        discovery = narrow(find(request), request, backends)
        candidate = _require_selected(discovery)
        threading.Thread(target=warm_up, daemon=True).start()
        backends.on_stage(f"building {candidate.name} in the {backends.sandbox.name} sandbox")
        attempts = choose(request, candidate)
        export = extract(request, candidate, attempts[0].recipe.batch_size, backends)
    except SubmissionError as problem:
        return Refused(Ungradable.of(problem), discovery)
    return Probed(discovery, candidate, attempts, export)


def analyse(request: Request, probed: Probed, backends: Backends) -> Prepared | Refused:
    """Measure the graph, and read what the submission says about it."""
    backends.on_stage("measuring the graph")
    candidate, export, submission = probed.candidate, probed.export, request.submission
    warm_up()  # is no part of the time that measuring takes
    began = time.monotonic()
    try:
        facts = _measure(export)
        _require_fitting_output(facts, candidate, request)
    except SubmissionError as problem:
        return Refused(Ungradable.of(problem), probed.discovery)
    seconds = time.monotonic() - began
    stated, notes = read_claims(submission.root, candidate, checkout=submission.checkout, readme=request.readme)
    return Prepared(
        discovery=probed.discovery,
        attempts=probed.attempts,
        export=export,
        graph_digest=digest(export),
        facts=facts,
        stated=tuple(stated),
        claim_notes=tuple(notes),
        advice=advise(request, candidate, export, facts, stated, probed.attempts, seconds),
    )


def warm_up() -> None:
    """Import torch, which takes seconds: beside the sandbox's process, which does the same on another core."""
    with contextlib.suppress(Exception):  # it is raised again where the import is needed
        import_module("grader.analysis.measure")
        import_module("torch._dynamo")  # torch imports it by itself to find the shape of a batch norm's output


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
