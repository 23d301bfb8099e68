"""A submission may describe several models: a miss is held against the graded one only where it is surely meant."""

from collections.abc import Sequence

from grader.analysis.claims.wording import claimed, listing
from grader.model.claims import CheckedClaim, Claim


def of_another_model(missed: CheckedClaim, everything: Sequence[CheckedClaim]) -> CheckedClaim:
    """The claim as it is, or as ambiguous where it may speak of another model.

    That is so for a contradicted claim that does not say which model it means, when a claim of the same kind under
    another heading is confirmed, or when several headings state different things of that kind.
    """
    if missed.verdict != "contradicted" or missed.claim.about != "unknown":
        return missed
    others = [
        one for one in everything if _same_thing(one.claim, missed.claim) and one.claim.subject != missed.claim.subject
    ]
    fitting = next((one for one in others if one.verdict == "confirmed"), None)
    if fitting is not None:
        return _ambiguous(missed, f"What {fitting.claim.location} says fits, so this may be about another model.")
    said = {claimed(one.claim.statement) for one in others if one.claim.about == "unknown"}
    said.discard(claimed(missed.claim.statement))
    if said:
        return _ambiguous(missed, f"Elsewhere it says {listing(sorted(said), most=3)}: it may be about another model.")
    return missed


def _same_thing(one: Claim, other: Claim) -> bool:
    """Whether two claims could only both be true of two models."""
    keys = ("kind", "scope", "layer", "subset", "of", "feature")
    return all(getattr(one.statement, key, None) == getattr(other.statement, key, None) for key in keys)


def _ambiguous(missed: CheckedClaim, reason: str) -> CheckedClaim:
    return missed.model_copy(update={"verdict": "ambiguous", "explanation": f"{missed.explanation} {reason}".strip()})
