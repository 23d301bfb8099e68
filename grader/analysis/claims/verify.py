"""Every claim beside what was measured."""

from collections.abc import Sequence

from grader.analysis.claims import accuracy, epochs, features, field_table, parameters, receptive_field
from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.context import of_another_model, one_or_the_other
from grader.model.claims import (
    AccuracyClaim,
    CheckedClaim,
    Claim,
    EpochsClaim,
    FeatureClaim,
    FieldTableClaim,
    ParameterClaim,
    ReceptiveFieldClaim,
)
from grader.model.facts import Facts
from grader.model.training import Training

_MOST_TABLES = 20  # a hostile README may hold a thousand


def check_claims(claims: Sequence[Claim], facts: Facts, training: Training) -> tuple[CheckedClaim, ...]:
    """A verdict for each claim, in their order. What is merely asked for is no claim and is left out."""
    made = [claim for claim in claims if not claim.requirement]
    tables = [claim for claim in made if isinstance(claim.statement, FieldTableClaim)]
    checked = [_checked(claim, facts, training, tables[:_MOST_TABLES]) for claim in made]
    return tuple(of_another_model(one_or_the_other(one, checked), checked) for one in checked)


def _checked(claim: Claim, facts: Facts, training: Training, tables: Sequence[Claim]) -> CheckedClaim:
    if isinstance(claim.statement, FieldTableClaim) and not any(claim is table for table in tables):
        answer = not_checkable(f"Only the first {_MOST_TABLES} tables were looked at.")
    else:
        answer = _answer(claim, facts, training)
    return CheckedClaim(
        claim=claim,
        measured=answer.measured,
        measured_value=answer.value,
        verdict=answer.verdict,
        explanation=answer.explanation,
    )


def _answer(claim: Claim, facts: Facts, training: Training) -> Answer:
    if claim.about == "other":
        name = f", {claim.subject}" if claim.subject else ""
        return not_checkable(f"It speaks of another model{name}.")
    match claim.statement:
        case ParameterClaim() as statement:
            return parameters.check(statement, facts)
        case AccuracyClaim() as statement:
            return accuracy.check(statement, training)
        case EpochsClaim() as statement:
            return epochs.check(statement, training)
        case ReceptiveFieldClaim() as statement:
            return receptive_field.check(statement, facts, beside_code=claim.source == "comment")
        case FieldTableClaim() as statement:
            return field_table.check(statement, facts)
        case FeatureClaim() as statement:
            return features.check(statement, facts)
