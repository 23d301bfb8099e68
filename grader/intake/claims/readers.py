"""All that one line states."""

from grader.intake.claims.accuracy import read_accuracies
from grader.intake.claims.epochs import read_epochs
from grader.intake.claims.features import read_features
from grader.intake.claims.found import Found
from grader.intake.claims.parameters import read_parameters
from grader.intake.claims.receptive_field import read_fields

LONGEST_CONTEXT = 120


def read_text_line(text: str, *, context: str = "", item: bool = False, heading: bool = False) -> list[Found]:
    """The statements of a line without markup; `context` is the item or title that leads it."""
    context = context if len(context) <= LONGEST_CONTEXT else ""
    return [
        *read_parameters(text),
        *read_accuracies(text, context=context),
        *read_epochs(text),
        *read_fields(text),
        *read_features(text, item=item, heading=heading),
    ]
