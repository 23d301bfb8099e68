"""From what was measured and trained to the report. Pure, without torch: it can be done in any process, and again."""

from grader.analysis.claims.verify import check_claims
from grader.checks.base import Context
from grader.checks.run import evaluate
from grader.model.claims import Claims
from grader.model.report import GradeReport
from grader.model.training import Training
from grader.pipeline.advise import with_advice
from grader.pipeline.assemble import (
    Clock,
    flags,
    model_section,
    provenance,
    rubric_reference,
    ungradable_report,
)
from grader.pipeline.prepare import Prepared, Refused
from grader.pipeline.request import Backends, Request
from grader.rubric.score import Scope, score


def conclude(request: Request, prepared: Prepared, training: Training, backends: Backends, clock: Clock) -> GradeReport:
    """The report of a submission that was measured and, where it was asked for, trained."""
    scope: Scope = "full" if request.options.train else "static"
    selected = prepared.discovery.selected
    context = Context(
        facts=prepared.facts,
        training=training,
        task=request.rubric.task,
        rubric=request.rubric,
        location=selected.location if selected else None,
        claims=Claims(checked=check_claims(prepared.stated, prepared.facts, training), notes=prepared.claim_notes),
    )
    outcomes = with_advice(evaluate(request.rubric, context, scope), prepared.advice)
    scored = score(request.rubric, outcomes, scope)
    return GradeReport(
        scope=scope,
        verdict=scored.verdict,
        summary=scored.summary,
        score=scored.score,
        rubric=rubric_reference(request),
        model=model_section(prepared.discovery, selected),
        facts=prepared.facts,
        training=training,
        claims=context.claims,
        outcomes=outcomes,
        flags=flags(request, backends, prepared.export, prepared.facts, training, context.location),
        provenance=provenance(request, backends, clock, prepared.graph_digest, training),
    )


def refuse(request: Request, refused: Refused, backends: Backends, clock: Clock) -> GradeReport:
    """The report of a submission that can't be graded."""
    return ungradable_report(request, backends, refused.discovery, refused.problem, clock)
