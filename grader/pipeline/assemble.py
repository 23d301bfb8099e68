"""Putting the report together: provenance, the model section, flags. Pure but for the versions it reads."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from grader import __version__
from grader.checks.run import not_graded
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.hopeless import chance_in_words
from grader.model.outcome import Finding, Status
from grader.model.report import Flag, GradeReport, ModelSection, Provenance, RubricReference
from grader.model.submission import Candidate, Discovery, Location
from grader.model.training import Training
from grader.pipeline.extract import Blame, Ungradable
from grader.pipeline.request import Backends, Request
from grader.rubric.score import Scope, score
from grader.training.evidence import weigh


@dataclass(frozen=True)
class Clock:
    """When the grading began and how long it took; given, so that a report can be built twice alike."""

    created_at: str  # ISO 8601, UTC
    seconds: float


def provenance(
    request: Request, backends: Backends, clock: Clock, digest: str | None, training: Training
) -> Provenance:
    """Where every figure came from."""
    submission = request.submission
    runs = training.runs or (training.second_try.runs if training.second_try else ())
    environment = runs[0].environment if runs else {}
    return Provenance(
        source=submission.source,
        path=submission.path,
        commit=submission.commit,
        dirty=submission.dirty,
        grader_version=__version__,
        python=platform.python_version(),
        torch=version("torch"),
        sandbox=backends.sandbox.name,
        sandbox_strength=backends.sandbox.strength,
        graph_digest=digest,
        data_digest=environment.get("data_digest"),
        device=environment.get("device"),
        created_at=clock.created_at,
        seconds=round(clock.seconds, 2),
        command=request.options.command,
    )


def model_section(discovery: Discovery | None, chosen: Candidate | None) -> ModelSection:
    """Which class was graded and why; None where nothing could be chosen."""
    candidates = discovery.candidates if discovery else ()
    return ModelSection(
        file=chosen.file if chosen else None,
        cell=chosen.cell if chosen else None,
        name=chosen.name if chosen else None,
        line=chosen.line if chosen else None,
        selected_by=discovery.selected_by if discovery else "nothing was selected",
        build=chosen.build if chosen else None,
        candidates=candidates,
        problems=discovery.problems if discovery else (),
    )


def flags(
    request: Request,
    backends: Backends,
    export: Export | None,
    facts: Facts | None,
    training: Training | None = None,
    location: Location | None = None,
) -> tuple[Flag, ...]:
    """What a person should look at; none of it costs points. `location` is the definition of the graded class."""
    found = []
    if backends.sandbox.strength != "isolated":
        message = f"The student's code ran in the '{backends.sandbox.name}' sandbox: limits only, no isolation."
        found.append(Flag(kind="sandbox", message=message))
    if request.submission.dirty:
        found.append(
            Flag(kind="uncommitted", message="The folder holds changes that are not in the commit named here.")
        )
    found += [Flag(kind="intake", message=note) for note in request.submission.notes]
    # Said inside the sandbox, where a submission may say anything: it must not read as if grader did.
    notes = export.notes if export else ()
    found += [Flag(kind="probe", message=f"Noted while the model was built: {note}") for note in notes]
    for difference in facts.mode_differences if facts else ():
        evidence = (difference.location,) if difference.location else ()
        found.append(Flag(kind="mode_difference", message=difference.message, evidence=evidence))
    if facts:
        found += [Flag(kind="caveat", message=caveat) for caveat in facts.caveats]
    found += _memory(training, (location,) if location else ())
    found += _hopeless(training)
    epochs, cap = request.options.epochs, request.rubric.task.epochs
    if epochs is not None and epochs != cap and request.options.train:
        found.append(Flag(kind="epochs", message=f"--epochs {epochs} replaced the rubric's cap of {cap} epochs."))
    return tuple(found)


def _memory(training: Training | None, evidence: tuple[Location, ...]) -> Iterator[Flag]:
    """What the probes found, once: all runs are of one graph."""
    runs = [*training.runs, *(training.second_try.runs if training.second_try else ())] if training else []
    found = [weighed for run in runs if (weighed := weigh(run.probes)) is not None]
    telling = next((weighed for weighed in found if weighed.decisive), next(iter(found), None))
    if telling:
        message = f"The accuracy may come from memory, not from training. {' '.join(telling.sentences)}"
        yield Flag(kind="memory", message=message, evidence=evidence)


def _hopeless(training: Training | None) -> Iterator[Flag]:
    """Runs that were given up: whoever reads the report must know that they were not trained to the end."""
    tries = [training, training.second_try] if training else []
    for tried in tries:
        stopped = [(run.seed, run.given_up) for run in tried.runs if run.given_up] if tried else []
        if tried and stopped:
            first = stopped[0][1]
            which = ", ".join(f"seed {seed} after {given_up.length}" for seed, given_up in stopped)
            message = (
                f"Runs with {tried.recipe_called} were stopped as hopeless, as --stop-hopeless asks: {which}. By"
                f" {first.runs} runs of reference models, such a run would still have reached"
                f" {first.target * 100:.2f} % with a chance of at most {first.at_most}"
                f" (asked for: below {chance_in_words(first.level)})."
            )
            yield Flag(kind="hopeless", message=message)


def rubric_reference(request: Request) -> RubricReference:
    """The rubric by name and digest."""
    rubric = request.rubric
    return RubricReference(id=rubric.id, title=rubric.title, digest=rubric.digest)


_STATUS: dict[Blame, Status] = {
    "submission": Status.SKIPPED,
    "nobody": Status.INCONCLUSIVE,
    "grader": Status.ERROR,
}


def ungradable_report(
    request: Request, backends: Backends, discovery: Discovery | None, problem: Ungradable, clock: Clock
) -> GradeReport:
    """A submission that can't be graded gets a report too: what is wrong, where, and how to mend it."""
    chosen = discovery.selected if discovery else None
    evidence = (problem.location,) if problem.location else ()
    scope: Scope = "full" if request.options.train else "static"
    training = Training(status="not_requested", reason="There is no model to train.")
    finding = Finding(
        status=_STATUS[problem.blame],
        expected="",
        observed="not measured",
        message=problem.message,
        fix=problem.mend,
        evidence=evidence,
    )
    outcomes = not_graded(request.rubric, finding, scope)
    not_graded_flag = Flag(kind="not_graded", message=problem.message, evidence=evidence)
    return GradeReport(
        scope=scope,
        verdict="error" if problem.blame == "grader" else "inconclusive",
        summary=str(problem),
        gradable=problem.blame != "submission",
        score=score(request.rubric, outcomes, scope).score,
        rubric=rubric_reference(request),
        model=model_section(discovery, chosen),
        training=training,
        outcomes=outcomes,
        flags=(*flags(request, backends, None, None), not_graded_flag),
        provenance=provenance(request, backends, clock, None, training),
    )
