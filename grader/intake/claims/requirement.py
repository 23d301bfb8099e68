"""What is asked for, not claimed: "must have fewer than 20,000", "Target: 99.4 %", the text of an assignment."""

import re

from grader.intake.claims.document import Line
from grader.intake.claims.found import Found
from grader.model.claims import (
    AccuracyClaim,
    EpochsClaim,
    FieldTableClaim,
    ParameterClaim,
    ReceptiveFieldClaim,
    Statement,
)

WISH = re.compile(
    r"\b(?:must|should|needs? to|ha(?:s|ve) to|require(?:s|d|ment|ments)?|requiring|target(?:s"
    r"|ed|ing)?|goals?|objectives?|aim(?:s|ed|ing)?"
    r"|constraints?|criteri(?:a|on)|expect(?:s|ed)?|ensur\w+|verif(?:y|ies)|threshold"
    r"|limit(?:s|ed)?|budget|assert|want|wish|try(?:ing)? to"
    r"|intend\w*|plan(?:ned)?|in order to|such that|so that it|desired?|the task|your (?:new )?(?:target"
    r"|task|goal)|challenge|tested for|checks? (?:for|that|if)|to (?:achieve|reach|get"
    r"|have)|(?:was|were|is) to (?:make|build|create|design))\b",
    re.IGNORECASE,
)
MET = re.compile(
    r"\b(?:achiev(?:es|ed|ing)|reach(?:es|ed|ing)|me(?:e)?t|meets|meeting|exceed(?:s|ed"
    r"|ing)?|surpass\w*|hit|satisf\w+|success\w*|got|obtained|attained|well (?:under|within"
    r"|below)|current(?:ly)?|able to|our (?:model|result)s?)\b",
    re.IGNORECASE,
)
UNMET = re.compile(r"\bnot (?:yet |currently )?(?:me[et]t?|achiev\w*|reach\w*)\b", re.IGNORECASE)
AFTER = re.compile(
    r"\W{0,4}(?:[A-Za-z]+\s){0,2}(?:requirement|limit|target|constraint|goal|threshold|budget|criteria|required)\b",
    re.IGNORECASE,
)
HEADING = re.compile(
    r"\b(?:targets?|objectives?|requirements?|constraints?|goals?|problem|tasks?"
    r"|criteria|instructions?|to[- ]?do|future|next steps?|improvements?"
    r"|tests?(?: cases)?|testing)\b",
    re.IGNORECASE,
)
ABOUT_RESULTS = re.compile(
    r"\b(?:complian\w+|results?|achiev\w*|met|summary|analysis|verif\w+|check(?:s|ed)?"
    r"|(?:test|testing) (?:accuracy|results?|logs?|set)|performance)\b",
    re.IGNORECASE,
)
WISH_PARENT = re.compile(
    r"\b(?:targets?|objectives?|requirements?|constraints?|goals?|aims?|criteria|such that"
    r"|task|to (?:achieve|reach|get|have)|tested for|should|must|following operational"
    r"|strategy|next)\b",
    re.IGNORECASE,
)
TICKED = re.compile(r"[✅✓✔☑❌✗✘]|\[[xX]\]|\bPASS(?:ED)?\b|\bachieved\b|\bmet\b", re.IGNORECASE)
BOUND = r"(?:less|fewer|lesser|under|below|at most|up ?to|within|<=?|≤)[A-Za-z\s<≤=]{0,30}"
BARE = re.compile(
    rf"\W*(?:{BOUND}\d[\d,.]{{0,12}}\s?k?\s(?:number of |trainable |total )?(?:para?m\w*|epochs?)"
    r"|(?:[>≥=]{1,2}\s?)?9\d(?:\.\d{1,3})?\s?%\+?(?: or (?:above|more|higher))?(?:\s(?:validation"
    r"|test|val|accuracy|acc|training)[/\w]{0,12}){0,3})"
    r"\s?(?:\([^()]{0,120}\))?\W*",
    re.IGNORECASE,
)


def is_requirement(line: Line, found: Found, bare_list: bool) -> bool:
    """Whether the statement says what should be; `bare_list`: the line is one of several bare bounds in a row."""
    text = line.plain
    if UNMET.search(text):
        return True
    if isinstance(found.statement, FieldTableClaim) or _in_full(found.statement):
        return (
            _wished(text, found) and not isinstance(found.statement, FieldTableClaim) and _asked_outright(text, found)
        )
    if TICKED.search(text) and not re.search(r"\bmust|should\b", text, re.IGNORECASE):
        return False
    if _wished(text, found):
        return True
    if bare_list:
        return True
    if any(TICKED.search(parent.raw) for parent in line.parents):
        return False
    if any(WISH_PARENT.search(parent.plain) and not MET.search(parent.plain) for parent in line.parents[-3:]):
        return not MET.search(text)
    return _under_wish(line) and not MET.search(text)


def is_bare_bound(line: Line) -> bool:
    """ "Less than 20k Parameters": a bound and nothing else, as assignments list them."""
    return (
        len(line.plain) <= 200
        and "|" not in line.plain
        and bool(BARE.fullmatch(line.plain))
        and not TICKED.search(line.raw)
    )


def _wished(text: str, found: Found) -> bool:
    """A word of wishing before the figure in its sentence, with no word of having met it between; or right after it."""
    sentence = re.split(r"[.;!?]\s", text[: found.start])[-1]
    wishes = list(WISH.finditer(sentence))
    if wishes:
        near = sentence[max(0, wishes[-1].start() - 30) :]
        return not MET.search(near) and (wishes[-1].start() > _last_figure(sentence) or _is_open(found.statement))
    after = AFTER.match(text, found.end)
    return after is not None and not MET.search(sentence) and not MET.search(after.group(0))


def _asked_outright(text: str, found: Found) -> bool:
    before = re.split(r"[.;!?]\s", text[: found.start])[-1]
    return (
        re.search(r"\b(?:must|should|target\w*|goal|required|expected|aim\w*)\b[^0-9]*$", before, re.IGNORECASE)
        is not None
    )


def _last_figure(sentence: str) -> int:
    """Where the last number of the sentence stands: a wish before it belongs to that number."""
    numbers = list(re.finditer(r"\d[\d,.]*", sentence))
    return numbers[-1].start() if numbers else -1


def _is_open(statement: Statement) -> bool:
    """A bound or round figure, which goes on wishing: "targeting 99.4 % with less than 20k parameters"."""
    figure = getattr(statement, "figure", None)
    if isinstance(statement, EpochsClaim):
        return True
    return figure is not None and (
        figure.relation != "exactly" or (isinstance(statement, ParameterClaim) and not _in_full(statement))
    )


def _in_full(statement: Statement) -> bool:
    """A figure too particular to be asked for: 17,682 parameters, 99.44 % at epoch 19, 9,944 of 10,000."""
    if isinstance(statement, ParameterClaim):
        figure = statement.figure
        return figure.relation == "exactly" and figure.tolerance == 0 and figure.value % 500 != 0
    if isinstance(statement, AccuracyClaim):
        exact = statement.figure.relation == "exactly" and round(statement.figure.value * 10_000) % 10 != 0
        return statement.correct is not None or exact
    return isinstance(statement, ReceptiveFieldClaim) and statement.layer != ""


def _under_wish(line: Line) -> bool:
    """Whether the nearest heading that says anything of the kind asks rather than reports."""
    for section in line.section.path():
        if ABOUT_RESULTS.search(section.title):
            return False
        if HEADING.search(section.title) and section.level > 0:
            return not (section.level == 1 and _is_title(section.title))
    return False


def _is_title(title: str) -> bool:
    """ "# MNIST classifier: Session 5 assignment" names the work; it doesn't make all of it an assignment text."""
    return (
        len(title.split()) >= 3
        and re.search(r"\bassignment|problem|task|challenge\b", title, re.IGNORECASE) is not None
    )
