"""Whose a statement is: the graded model's, another's, or nobody can tell.

The words nearest to the statement decide: its line or table row, the list items above it, then the headings outwards,
each with the files and classes that the text right under it names.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.claims.document import ITEM, Document, Section
from grader.intake.claims.drafts import Draft
from grader.intake.claims.identity import Identity, ordinals_in
from grader.intake.claims.markup import plain
from grader.model.claims import ParameterClaim

Role = Literal["title", "line", "row"]  # a heading or label · running text · a table's row, where only names count
About = Literal["graded", "other", "unknown"]

STEP = (
    "model|step|iteration|version|ver|v|attempt|code|experiment|exp|try|run|variant|stage|trial|network|net|solution"
    "|phase|approach|architecture"
)
SERIES = re.compile(
    rf"(?<![A-Za-z])({STEP})s?[\s_#:.-]{{0,3}}(\d{{1,2}})(?![\d.,%]|\s*(?:epochs?|layers?|param))", re.IGNORECASE
)
ALIASES = {"exp": "experiment", "v": "version", "ver": "version", "net": "network"}
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
    rf"|{NOUN}[\s_:-]+\(?(?:final|best)(?![A-Za-z]|\s(?:\w+\s)?(?:acc|test|train|val|result|epoch|loss))|\((?:final|best|submitted|chosen)\b[^()]{{0,30}}\)",
    re.IGNORECASE,
)
EARLY = re.compile(
    rf"\b(?:first|initial(?:ly)?|baseline|basic|original|old|earlier|previous|skeleton"
    rf"|starting|provided|vanilla|start(?:ed|ing) with)[\s_-]+(?:\w+[\s_-]){{0,3}}?(?:{NOUN}"
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
    r"|comparison|mnist|train\w*|test\w*|is|are|to|about)\b",
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
    own_of: dict[str, int] = field(
        default_factory=dict
    )  # the member of a series that the text names the graded model in
    others: bool = False
    labels: set[str] = field(default_factory=set)
    finals: bool = False  # some heading or label calls a model final
    known: dict[tuple[str, str], Opinion | None] = field(default_factory=dict)  # opinions of texts, which recur


def survey(document: Document, drafts: Sequence[Draft], identity: Identity, own_folder: bool) -> Survey:
    """Look at all headings, list heads and row labels of a document once."""
    found = Survey(identity, own_folder)
    titles = {id(line.section): line.section for line in document.lines}
    firsts = sum(section.level == 1 for section in titles.values())
    sections = [section for section in titles.values() if section.level > (1 if firsts == 1 else 0)]  # no lone title
    texts = [section.raw for section in sections]
    texts += [draft.label for draft in drafts if draft.label]
    texts += [parent.raw for draft in drafts for parent in draft.line.parents]
    for text in texts:
        for word, number in _numbered(plain(text)[:200]):
            found.members.setdefault(word, set()).add(number)
        label = _label(plain(text))
        if label:
            found.labels.add(label)
    found.own_of = dict(_own_members(sections, drafts, identity))
    found.last_of = {word: max(numbers) for word, numbers in found.members.items() if len(numbers) >= 2}
    found.finals = any(_is_final(plain(text)[:300]) for text in set(texts))
    opinions = (opinion for text in set(texts) for opinion in [_opinion(text, found, "title")] if opinion)
    found.others = any(opinion.about == "other" for opinion in opinions) or len(found.labels) >= 2
    return found


def attribute(draft: Draft, found: Survey) -> Opinion:
    """Whose the draft's statement is, by the nearest text that says so; "unknown" where none does."""
    place = ""
    for text, role in _levels(draft):
        if (text, role) not in found.known:
            found.known[text, role] = _opinion(text, found, role)
        opinion = found.known[text, role]
        if opinion is not None:
            return opinion
        seen = ITEM.sub("", plain(text)).strip(" #*-:") if role != "row" and not place else ""
        if role == "line":  # "- Slim model: 14,116 parameters"
            seen = seen.partition(":")[0] if ":" in seen else ""
        place = seen.split(":")[0] if _label(seen) else place
    for section in draft.line.section.path():
        key = (str(id(section)), "body")
        if key not in found.known:
            found.known[key] = _named_once("\n".join(section.body), found.identity) if section.level else None
        opinion = found.known[key]
        if opinion is not None:
            return opinion
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


def _named_once(text: str, identity: Identity) -> Opinion | None:
    """Whose a section is by the names in it, where they are all of one model."""
    own = identity.own_pattern.search(text)
    others = {match.group(0).strip("`") for match in identity.other_pattern.finditer(text[:20_000])}
    if own:
        return None if others else Opinion("graded", identity.name)
    return Opinion("other", others.pop()[:120]) if len(others) == 1 else None


def _levels(draft: Draft) -> Iterator[tuple[str, Role]]:
    """The texts around a statement, nearest first, and what each is."""
    line = draft.line
    if draft.label:
        yield line.raw[:1000], "row"
        yield draft.label, "title"
    else:
        yield draft.text or line.raw[:1000], "line"
    for parent in reversed(line.parents):
        yield parent.raw, "title"
    for section in line.section.path():
        if section.level:
            yield section.raw, "title"
            names = _named_in(section)
            if names:
                yield names, "row"


def _named_in(section: Section) -> str:
    """The lines right under a heading that link to files."""
    return "\n".join(line for line in section.body if re.search(r"\.(?:ipynb|py)\b", line))[:4000]


def _opinion(text: str, found: Survey, role: Role) -> Opinion | None:
    """What a text says: names decide, then the number in a series, then words such as "final" and "first"."""
    identity = found.identity
    own, other = identity.own_pattern.search(text), identity.other_pattern.search(text)
    if own and not other:
        return Opinion("graded", identity.name)
    if other and not own:
        return Opinion("other", other.group(0).strip("`")[:120])
    if own and other:
        return None
    if role == "row":
        return None
    seen = plain(text)[:300]
    ordinal = _by_ordinal(seen, found)
    if ordinal is not None:
        return ordinal
    if role == "line":
        return _by_words_of_line(seen, found)
    return _by_words(seen, found)


def _by_ordinal(seen: str, found: Survey) -> Opinion | None:
    """ "Model 3" against model3.py; in the graded folder's text, for a model without a number, the last one counts."""
    identity = found.identity
    place = PLACES.search(seen[:80])
    if place and _contradicts_folder(place.group(1).lower(), int(place.group(2)), identity):
        return Opinion("other", seen.strip()[:120])
    numbers = _numbered(seen) | {
        (ALIASES.get(step, step), number) for step, number in ordinals_in(seen[:60]) if step in STEP.split("|")
    }
    if len(numbers) != 1:
        return None
    word, number = next(iter(numbers))
    subject = seen.strip(" #*-:")[:120]
    if word in found.own_of:
        return Opinion("graded" if number == found.own_of[word] else "other", subject)
    own = {
        value
        for own_word, value in identity.ordinals
        if ALIASES.get(own_word, own_word) == word or (len(own_word) == 1 and word.startswith(own_word))
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


def _numbered(seen: str) -> set[tuple[str, int]]:
    """The numbered steps that a text names: ("experiment", 3) of "Exp 3"."""
    return {(ALIASES.get(word.lower(), word.lower()), int(number)) for word, number in SERIES.findall(seen)}


def _own_members(sections: Iterable[Section], drafts: Sequence[Draft], identity: Identity) -> Iterator[tuple[str, int]]:
    """The steps under whose headings, or in whose table rows, the graded class or file is named and no other is."""
    texts = [(section.title, section.raw + "\n" + _named_in(section)) for section in sections]
    texts += [(draft.label, draft.line.raw[:1000]) for draft in drafts if draft.label]
    for title, text in texts:
        numbers = _numbered(plain(title)[:200])
        if len(numbers) == 1 and identity.own_pattern.search(text) and not identity.other_pattern.search(text):
            yield next(iter(numbers))


def _contradicts_folder(word: str, number: int, identity: Identity) -> bool:
    """ "Session 4" in a text above the folder Session-5."""
    own = {
        value for folder in identity.folders for folder_word, value in ordinals_in(folder) if folder_word[0] == word[0]
    }
    return bool(own) and number not in own


def _by_words(seen: str, found: Survey) -> Opinion | None:
    text = seen.strip(" #*-:|`_")
    if _is_final(text):
        if _another_file_is_final(found.identity):
            return Opinion("other", text[:120])
        return None if _another_is_final(found.identity) else Opinion("graded", text[:120])
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


def _another_file_is_final(identity: Identity) -> bool:
    own = " ".join((identity.name, *identity.files)).lower()
    return "final" not in own and any("final" in file.lower() for file in identity.other_files)


def _label(seen: str) -> str:
    """ "Regularized model" of "### Regularized Model (19,204 parameters)": a text that names a model by a property."""
    match = LABEL.match(seen.strip()[:120])
    if match is None or NOT_LABELS.search(match.group(1)):
        return ""
    return re.sub(r"\s+", " ", match.group(1)).strip().lower()
