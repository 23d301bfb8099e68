"""What a claim means beside the others: a miss is held against the model only where that model is surely meant."""

import re
from collections.abc import Sequence

from grader.analysis.claims.wording import claimed, listing
from grader.model.claims import CheckedClaim, Claim, FeatureClaim

_OR = re.compile(r"\bor\b|/", re.IGNORECASE)


def of_another_model(missed: CheckedClaim, everything: Sequence[CheckedClaim]) -> CheckedClaim:
    """The claim as it is, or as ambiguous where nothing says that it is about the graded model.

    A claim that contradicts itself is wrong about any model.
    """
    if missed.verdict != "contradicted" or missed.claim.about != "unknown" or not missed.measured:
        return missed
    reason = _why_doubtful(missed.claim, everything)
    return missed.model_copy(update={"verdict": "ambiguous", "explanation": f"{missed.explanation} {reason}".strip()})


def one_or_the_other(missed: CheckedClaim, everything: Sequence[CheckedClaim]) -> CheckedClaim:
    """ "GAP or FC: yes" is true where either is there."""
    claim = missed.claim
    if missed.verdict != "contradicted" or not isinstance(claim.statement, FeatureClaim) or not _OR.search(claim.text):
        return missed
    for one in everything:
        same_words = one.claim.location == claim.location and one.claim.text == claim.text
        if same_words and one.verdict == "confirmed" and {_feature(one.claim), _feature(claim)} == {"gap", "fc"}:
            sentence = f"It says one or the other, and {claimed(one.claim.statement)} is there."
            return missed.model_copy(update={"verdict": "confirmed", "explanation": sentence})
    return missed


def _why_doubtful(claim: Claim, everything: Sequence[CheckedClaim]) -> str:
    others = [one for one in everything if _same_thing(one.claim, claim) and one.claim.subject != claim.subject]
    fitting = next((one for one in others if one.verdict == "confirmed"), None)
    if fitting is not None:
        return f"What {fitting.claim.location} says fits, so this may be about another model."
    said = {claimed(one.claim.statement) for one in others} - {claimed(claim.statement)}
    if said:
        return f"Elsewhere it says {listing(sorted(said), most=3)}: it may be about another model."
    return "It may be about another model: the text does not say which one it means."


def _same_thing(one: Claim, other: Claim) -> bool:
    """Whether two claims could only both be true of two models."""
    keys = ("kind", "scope", "layer", "subset", "of", "feature")
    return all(getattr(one.statement, key, None) == getattr(other.statement, key, None) for key in keys)


def _feature(claim: Claim) -> str:
    return claim.statement.feature if isinstance(claim.statement, FeatureClaim) else ""
