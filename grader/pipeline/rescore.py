"""A report scored again with another rubric: nothing is fetched, run or trained; the measurements stand in the report.

What the other rubric would have measured in another way is not guessed: see `measured_alike`.
"""

from grader import __version__
from grader.analysis.claims.verify import check_claims
from grader.checks.base import Context
from grader.checks.run import evaluate, not_graded
from grader.model.claims import Claims
from grader.model.outcome import Finding, Status
from grader.model.report import Flag, GradeReport, RubricReference
from grader.model.submission import Location
from grader.pipeline.advise import advice_again, with_advice
from grader.pipeline.measured_alike import Marking, training_under
from grader.rubric.score import score


def rescore(report: GradeReport, before: Marking | None, after: Marking) -> GradeReport:
    """The report that a grading with `after` gives. `before` is what it was graded with, None where that is not known.

    Training runs that `after` would not have needed are left out; a flag says that it was scored again. Raises
    NotMeasured, with the reason, where `after` needs what the report does not hold.
    """
    training = training_under(report, before, after)
    rubric = after.rubric
    said = f"Scored again with the rubric {rubric.id} by grader {__version__}, from the measurements of"
    flag = Flag(kind="rescored", message=f"{said} {report.provenance.created_at}; nothing was run or trained for it.")
    kept = tuple(flag for flag in report.flags if flag.kind != "rescored")
    common = {
        "rubric": RubricReference(id=rubric.id, title=rubric.title, digest=rubric.digest),
        "training": training,
        "flags": (*kept, flag),
    }
    if report.facts is None:
        outcomes = not_graded(rubric, _finding(report), report.scope)
        zero = score(rubric, outcomes, report.scope).score
        return report.model_copy(update={**common, "outcomes": outcomes, "score": zero})
    stated = [one.claim for one in report.claims.checked]
    claims = Claims(checked=check_claims(stated, report.facts, training), notes=report.claims.notes)
    context = Context(
        facts=report.facts,
        training=training,
        task=rubric.task,
        rubric=rubric,
        location=_location(report),
        claims=claims,
    )
    outcomes = evaluate(rubric, context, report.scope)
    outcomes = with_advice(outcomes, advice_again(report.outcomes, outcomes))
    scored = score(rubric, outcomes, report.scope)
    return report.model_copy(
        update={
            **common,
            "claims": claims,
            "outcomes": outcomes,
            "verdict": scored.verdict,
            "score": scored.score,
            "summary": scored.summary,
        }
    )


def _finding(report: GradeReport) -> Finding:
    """Why it could not be graded, as each of its outcomes says."""
    for outcome in report.outcomes:
        return Finding.model_validate({name: getattr(outcome, name) for name in Finding.model_fields})
    status = Status.ERROR if report.verdict == "error" else Status.INCONCLUSIVE
    return Finding(status=status, expected="", observed="not measured", message=report.summary)


def _location(report: GradeReport) -> Location | None:
    model = report.model
    return None if model.file is None else Location(file=model.file, cell=model.cell, line=model.line)
