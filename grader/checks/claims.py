"""What the submission says about itself is true. Claims that can't be checked cost nothing."""

from typing import Annotated, Literal

from pydantic import Field

from grader.analysis.claims.wording import claimed
from grader.checks.base import Check, Context
from grader.checks.wording import count, listing
from grader.model.base import Frozen
from grader.model.claims import CheckedClaim, FeatureClaim, FieldTableClaim
from grader.model.outcome import Change, Finding, Status

Kind = Literal["parameters", "accuracy", "epochs", "receptive_field", "receptive_field_table", "feature"]
EVERY_KIND: tuple[Kind, ...] = (
    "parameters", "accuracy", "epochs", "receptive_field", "receptive_field_table", "feature",
)  # fmt: skip
_SHOWN = 5


class GradedClaims(Frozen):
    """Which kinds of claims are graded, and how many of them may be wrong."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = EVERY_KIND
    allow_contradicted: Annotated[int, Field(strict=True, ge=0)] = 0


def run(context: Context, parameters: GradedClaims) -> Finding:
    """Count the contradicted claims of the graded kinds; inconclusive where none could be decided."""
    graded = [one for one in context.claims.checked if one.claim.statement.kind in parameters.kinds]
    wrong = [one for one in graded if one.verdict == "contradicted"]
    right = [one for one in graded if one.verdict == "confirmed"]
    expected = "no claim that is contradicted by what was measured"
    if parameters.allow_contradicted:
        expected = f"at most {count(parameters.allow_contradicted, 'claim')} contradicted by what was measured"
    if not right and not wrong:
        return _undecided(context, graded, expected)
    decided = f"{count(len(right), 'claim')} confirmed, {len(wrong)} contradicted"
    if len(wrong) <= parameters.allow_contradicted:
        return Finding(
            status=Status.PASSED,
            expected=expected,
            observed=decided,
            message=f"Of {count(len(graded), 'claim')}, {len(right)} "
            f"{'is' if len(right) == 1 else 'are'} confirmed{_tolerated(wrong)}.",
            evidence=tuple(one.claim.location for one in wrong),
        )
    return Finding(
        status=Status.FAILED,
        expected=_measured(wrong) or expected,
        observed=f"{decided}: {_more([_said(one) for one in wrong], '; ')}",
        message=_more([f"{one.claim.location}: {one.explanation or 'this is contradicted.'}" for one in wrong], " "),
        fix=_more([_fix(one) for one in wrong], " "),
        evidence=tuple(dict.fromkeys(one.claim.location for one in wrong)),
        changes=tuple(_change(one) for one in wrong[:_SHOWN]),
    )


def _undecided(context: Context, graded: list[CheckedClaim], expected: str) -> Finding:
    notes = " ".join(context.claims.notes[:_SHOWN])
    if not graded:
        message = f"The submission claims nothing of the kind that is graded here. {notes}".strip()
    else:
        reasons = list(dict.fromkeys(one.explanation for one in graded if one.explanation))
        message = f"Nothing that it claims could be decided. {' '.join(reasons[:2])}".strip()
    return Finding(
        status=Status.INCONCLUSIVE,
        expected=expected,
        observed=f"{count(len(graded), 'claim')}, none of them decided" if graded else "no claims",
        message=message,
        fix="State in the README what your model comes to: parameters, accuracy and on which images, receptive field.",
        evidence=tuple(dict.fromkeys(one.claim.location for one in graded))[:_SHOWN],
    )


def _tolerated(wrong: list[CheckedClaim]) -> str:
    if not wrong:
        return ""
    places = listing([str(one.claim.location) for one in wrong[:_SHOWN]])
    return f"; {len(wrong)} contradicted, which is within what is allowed ({places})"


def _measured(wrong: list[CheckedClaim]) -> str:
    """What would have been right, claim by claim; empty where no measurement says so in short."""
    found = [f"{one.measured} ({one.claim.location})" for one in wrong if one.measured]
    return _more(found, "; ")


def _said(one: CheckedClaim) -> str:
    return f"{claimed(one.claim.statement)} ({one.claim.location})"


def _fix(one: CheckedClaim) -> str:
    place = one.claim.location
    match one.claim.statement:
        case FieldTableClaim():
            return f"Correct the table at {place}; the layer table of the report shows the right values."
        case FeatureClaim():
            return f"Correct {place}, or change the model so that it is true."
        case statement if one.measured_value is None:
            return f"Correct {place}: it says {claimed(statement)}."
        case statement:
            return f"Write {one.measured} instead of {claimed(statement)} in {place}."


def _change(one: CheckedClaim) -> Change:
    """What to write, where, and what it was held against. The measurement is the one that the claim was judged by."""
    said = f"It says {claimed(one.claim.statement)}"
    return Change(
        what=_fix(one),
        effect=f"{said}; measured: {one.measured}." if one.measured else f"{said}.",
        location=one.claim.location,
    )


def _more(parts: list[str], separator: str) -> str:
    """The first few, and how many more there are."""
    hidden = len(parts) - _SHOWN
    tail = [f"{hidden} more in the report's list of claims."] if hidden > 0 else []
    return separator.join([*parts[:_SHOWN], *tail])


CHECK = Check(
    "claims",
    run,
    GradedClaims,
    why="Whoever reads your README decides by its figures and can't measure them again: a figure has to be what was"
    " measured, of the model that is there.",
)
