"""Whose a statement is: the graded model's, another's, or nobody can tell.

The words nearest to the statement decide: its line or table row, the list items above it, then the headings outwards,
each with the files and classes that the text right under it names.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.claims.document import Document, Line, Section
from grader.intake.claims.drafts import Draft
from grader.intake.claims.identity import Identity, ordinals_in
from grader.intake.claims.markup import plain
from grader.model.claims import ParameterClaim

About = Literal["graded", "other", "unknown"]

STEP = (
    "model|step|iteration|version|ver|v|attempt|code|experiment|exp|try|run|variant|stage|trial|network|net|solution"
    "|phase|approach|architecture"
)
SERIES = re.compile(
    rf"(?<![A-Za-z])({STEP})s?[\s_#:.-]{{0,3}}(\d{{1,2}})(?![\d.,%]|\s*(?:epochs?|layers?|param))", re.IGNORECASE
)
PLACES = re.compile(
    r"(?<![A-Za-z])(session|assignment|week|lesson|part|s|a|assn)[\s_#:-]{0,3}(\d{1,2})(?![\d.,%])", re.IGNORECASE
)
NOUN = (
    r"(?:models?|nets?|networks?|cnns?|architectures?|versions?|iterations?|experiments?|notebooks?|attempts?|variants?"
    r"|solutions?|code|submission)"
)
FINAL = re.compile(
    rf"(?<![A-Za-z])(?:final|finally|best|submitted|chosen|selected|champion)[\s_-]*{NOUN}?(?![A-Za-z])", re.IGNORECASE
)
LONE_FINAL = re.compile(rf"\W*(?:final|best|submitted)(?:[\s_-]{{0,3}}{NOUN})?\W*", re.IGNORECASE)
FINAL_MODEL = re.compile(
    rf"(?<![A-Za-z])(?:final|best|submitted|chosen|selected|champion)[\s_-]+(?:\w+[\s_-])?{NOUN}(?![A-Za-z])"
    rf"|{NOUN}[\s_:-]+\(?(?:final|best)(?![A-Za-z])|\((?:final|best|submitted|chosen)\b[^()]{{0,30}}\)",
    re.IGNORECASE,
)
EARLY = re.compile(
    rf"\b(?:first|initial(?:ly)?|baseline|basic|original|old|earlier|previous|skeleton"
    rf"|starting|provided|given|vanilla|start(?:ed|ing) with)[\s_-]+(?:\w+[\s_-]){{0,3}}?(?:{NOUN}"
    rf"|notebook)\b|\b(?:we|i) started with\b",
    re.IGNORECASE,
)
LABEL = re.compile(
    rf"^[\W\d_]*((?!the |our |this |my |a |an |each |your |of )[A-Za-z][\w\s+/&-]{{1,40}}?[\s_-]{NOUN})\b\s*(?:[:(|–—-]"
    rf"|$)",
    re.IGNORECASE,
)
NOT_LABELS = re.compile(
    r"^(?:model|network|cnn|net) |\b(?:of|the|for|with|and|deep learning|neural|convolutional"
    r"|comparison|train\w*|test\w*|is|are|to|about)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Opinion:
    """What one text says of whose the statement is."""

    about: About
    subject: str = ""


@dataclass
class Survey:
    """What a document describes: how many models, and in which series."""

    identity: Identity
    own_folder: bool  # the document stands in the graded folder itself
    last_of: dict[str, int] = field(default_factory=dict)  # the highest number of each series of headings and labels
    members: dict[str, set[int]] = field(default_factory=dict)
    others: bool = False
    labels: set[str] = field(default_factory=set)
    finals: bool = False  # some heading or label calls a model final


def survey(document: Document, drafts: Sequence[Draft], identity: Identity, own_folder: bool) -> Survey:
    """Look at all headings, list heads and row labels of a document once."""
    found = Survey(identity, own_folder)
    titles = {id(line.section): line.section for line in document.lines}
    texts = [section.raw for section in titles.values() if section.level]
    texts += [draft.label for draft in drafts if draft.label]
    texts += [parent.raw for draft in drafts for parent in draft.line.parents]
    for text in texts:
        for word, number in SERIES.findall(plain(text)[:200]):
            found.members.setdefault(word.lower(), set()).add(int(number))
        label = _label(plain(text))
        if label:
            found.labels.add(label)
    found.last_of = {word: max(numbers) for word, numbers in found.members.items() if len(numbers) >= 2}
    found.finals = any(_is_final(plain(text)[:300]) for text in set(texts))
    opinions = (opinion for text in set(texts) for opinion in [_opinion(text, found, names_only=False)] if opinion)
    found.others = any(opinion.about == "other" for opinion in opinions) or len(found.labels) >= 2
    return found


def attribute(draft: Draft, found: Survey) -> Opinion:
    """Whose the draft's statement is, by the nearest text that says so; "unknown" where none does."""
    place = ""
    for text, is_line in _levels(draft):
        opinion = _opinion(text, found, names_only=is_line)
        if opinion is not None:
            return opinion
        place = place or ("" if is_line else _label(plain(text)) or "")
    for section in draft.line.section.path():
        opinion = _opinion("\n".join(section.body), found, names_only=True) if section.level else None
        if opinion is not None:
            return Opinion(opinion.about, section.title[:120] if not opinion.subject else opinion.subject)
    return Opinion("unknown", (draft.label or place or draft.line.section.title)[:120])


def is_single(found: Survey, drafts: Sequence[Draft]) -> bool:
    """Whether the document speaks of one model only: no other is named and no two totals are given in full."""
    totals = {total for total in map(stated_total, drafts) if total is not None}
    return not found.others and len(totals) <= 1


def stated_total(draft: Draft) -> float | None:
    """The total that a draft claims in full; None for round figures, bounds, parts and requirements."""
    claim = draft.statement
    if not isinstance(claim, ParameterClaim) or claim.scope not in ("total", "trainable") or draft.requirement:
        return None
    exact = claim.figure.relation == "exactly" and claim.figure.tolerance == 0
    return claim.figure.value if exact else None


def _levels(draft: Draft) -> Iterator[tuple[str, bool]]:
    """The texts around a statement, nearest first, and whether it is the line itself."""
    line = draft.line
    if draft.label:
        yield draft.label, False
    yield _sentence(line, draft), True
    for parent in reversed(line.parents):
        yield parent.raw, False
    for section in line.section.path():
        if section.level:
            yield section.raw, False
            names = _named_in(section)
            if names:
                yield names, False


def _named_in(section: Section) -> str:
    """The lines right under a heading that link to files."""
    return "\n".join(line for line in section.body if re.search(r"\.(?:ipynb|py)\b", line))[:4000]


def _sentence(line: Line, draft: Draft) -> str:
    return draft.text or line.raw[:1000]


def _opinion(text: str, found: Survey, names_only: bool) -> Opinion | None:
    """What a text says: names decide, then the number in a series, then words such as "final" and "first"."""
    identity = found.identity
    own, other = identity.own_pattern.search(text), identity.other_pattern.search(text)
    if own and not other:
        return Opinion("graded", identity.name)
    if other and not own:
        return Opinion("other", other.group(0).strip("`")[:120])
    if own and other:
        return None
    seen = plain(text)[:300]
    ordinal = _by_ordinal(seen, found)
    if ordinal is not None:
        return ordinal
    if names_only:
        return _by_words_of_line(seen, found)
    return _by_words(seen, found)


def _by_ordinal(seen: str, found: Survey) -> Opinion | None:
    """ "Model 3" against model3.py; in the graded folder's text, for a model without a number, the last one counts."""
    identity = found.identity
    place = PLACES.search(seen)
    if place and _contradicts_folder(place.group(1).lower(), int(place.group(2)), identity):
        return Opinion("other", seen.strip()[:120])
    numbers = {(word.lower(), int(number)) for word, number in SERIES.findall(seen)} | {
        (word, number) for word, number in ordinals_in(seen[:60]) if word in STEP.split("|")
    }
    if len(numbers) != 1:
        return None
    word, number = next(iter(numbers))
    subject = seen.strip(" #*-:")[:120]
    own = {
        value
        for own_word, value in identity.ordinals
        if own_word == word or (len(own_word) == 1 and word.startswith(own_word))
    }
    if not own and word in found.last_of:
        own = {value for value in identity.numbers[-1:] if value in found.members[word]}
    if own:
        return Opinion("graded" if number in own else "other", subject)
    if word not in found.last_of or not found.own_folder:
        return None
    if found.finals:
        final = _is_final(seen) and not _another_is_final(identity)
        return Opinion("graded" if final else "other", subject)
    return Opinion("graded" if number == found.last_of[word] else "other", subject)


def _contradicts_folder(word: str, number: int, identity: Identity) -> bool:
    """ "Session 4" in a text above the folder Session-5."""
    own = {
        value for folder in identity.folders for folder_word, value in ordinals_in(folder) if folder_word[0] == word[0]
    }
    return bool(own) and number not in own


def _by_words(seen: str, found: Survey) -> Opinion | None:
    text = seen.strip(" #*-:|`_")
    if _is_final(text):
        return Opinion("other" if _another_is_final(found.identity) else "graded", text[:120])
    early = EARLY.search(text)
    if (
        early
        and len(text) <= 80
        and not _own_words(found.identity) & set(re.findall(r"[a-z]+", early.group(0).lower()))
    ):
        return Opinion("other", text[:120])
    return None


def _is_final(seen: str) -> bool:
    """A heading or label that calls a model final: "Final", "Final model", "Iteration 8 - Final_Model"."""
    return LONE_FINAL.fullmatch(seen) is not None or FINAL_MODEL.search(seen) is not None


def _by_words_of_line(seen: str, found: Survey) -> Opinion | None:
    """In running text only clear words count: "the provided notebook had 6,379,786", "our final model has"."""
    if EARLY.search(seen) and not FINAL.search(seen):
        return Opinion("other", "")
    final = FINAL_MODEL.search(seen)
    return Opinion("graded", "") if final and not EARLY.search(seen) and not _another_is_final(found.identity) else None


def _own_words(identity: Identity) -> set[str]:
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", " ".join((identity.name, *identity.files)))
    return set(re.findall(r"[a-z]+", text.lower().replace("_", " ")))


def _another_is_final(identity: Identity) -> bool:
    """Whether a class or file other than the graded one carries the word, and the graded one does not."""
    others = " ".join((*identity.other_names, *identity.other_files)).lower()
    return "final" in others and "final" not in " ".join((identity.name, *identity.files)).lower()


def _label(seen: str) -> str:
    """ "Regularized model" of "### Regularized Model (19,204 parameters)": a text that names a model by a property."""
    match = LABEL.match(seen.strip()[:120])
    if match is None or NOT_LABELS.search(match.group(1)):
        return ""
    return re.sub(r"\s+", " ", match.group(1)).strip().lower()
