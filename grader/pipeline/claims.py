"""What the submission says about itself, held against what was measured."""

from grader.analysis.claims.verify import check_claims
from grader.intake.claims.read import read_claims
from grader.model.claims import Claims
from grader.model.facts import Facts
from grader.model.submission import Candidate
from grader.model.training import Training
from grader.pipeline.request import Request


def claims_of(request: Request, candidate: Candidate, facts: Facts, training: Training) -> Claims:
    """The claims section of the report."""
    submission = request.submission
    stated, notes = read_claims(submission.root, candidate, checkout=submission.checkout, readme=request.readme)
    return Claims(checked=check_claims(stated, facts, training), notes=notes)
