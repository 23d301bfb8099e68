"""Whether a number, as it was written, fits what was measured."""

from grader.model.claims import Figure

ABOUT = 0.1  # "about 15,000" fits what lies within 10 % of it
_LAST_DIGITS = 1e-9  # figures are doubles: forgives only what writing them as decimals loses


def fits(figure: Figure, measured: float) -> bool:
    """Whether the number holds.

    A number written in few digits ("17.6K") fits what it may have been rounded from, 17,550 to 17,650, and what it may
    have been cut from, 17,600 to 17,700. A bound holds as it is written: 20,300 is not under 20K.
    """
    value = figure.value
    match figure.relation:
        case "exactly":
            if figure.tolerance == 0:
                return abs(measured - value) <= _LAST_DIGITS
            return value - figure.tolerance - _LAST_DIGITS <= measured < value + 2 * figure.tolerance - _LAST_DIGITS
        case "about":
            return abs(measured - value) <= max(ABOUT * abs(value), figure.tolerance) + _LAST_DIGITS
        case "less_than":
            return measured < value
        case "at_most":
            return measured <= value + _LAST_DIGITS
        case "more_than":
            return measured > value
        case "at_least":
            return measured >= value - _LAST_DIGITS
