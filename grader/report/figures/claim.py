"""A claimed figure beside the measured one, on one small scale."""

import math

from markupsafe import Markup

from grader.model.claims import AccuracyClaim, CheckedClaim, FeatureClaim, FieldTableClaim
from grader.report.figures.svg import dot, line

_WIDTH, _HEIGHT, _EDGE = 120.0, 14.0, 6.0
_WORST, _LEAST = 0.1, 0.001  # errors at the ends of the scale of accuracies, which is logarithmic


def claim_mark(checked: CheckedClaim) -> Markup:
    """A ring where the claim is, a dot where the measurement is; nothing where one of them is no number.

    Counts and pixels are drawn from 0, accuracies by their error, from 90 % to 99.9 %.
    """
    statement, measured = checked.claim.statement, checked.measured_value
    if measured is None or isinstance(statement, FeatureClaim | FieldTableClaim):
        return Markup("")
    said = statement.figure.value
    if isinstance(statement, AccuracyClaim):
        ring, point = _by_error(said), _by_error(measured)
    else:
        largest = max(said, measured)
        if not 0 < largest < math.inf:
            return Markup("")
        ring, point = (_EDGE + max(value, 0) / largest * (_WIDTH - 2 * _EDGE) for value in (said, measured))
    middle = _HEIGHT / 2
    drawn = (
        line(0, middle, _WIDTH, middle, "claim-scale"),
        line(min(ring, point), middle, max(ring, point), middle, "claim-gap"),
        dot(point, middle, 4, "claim-measured"),
        dot(ring, middle, 5, "claim-said"),
    )
    return Markup('<svg class="spark claim-mark" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(
        int(_WIDTH), int(_HEIGHT), Markup("").join(drawn)
    )


def _by_error(accuracy: float) -> float:
    error = min(max(1 - accuracy, _LEAST), _WORST)
    share = math.log(_WORST / error) / math.log(_WORST / _LEAST)
    return _EDGE + share * (_WIDTH - 2 * _EDGE)
