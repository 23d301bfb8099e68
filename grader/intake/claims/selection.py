"""From drafts to claims: printed totals settle what the text left open, repetition goes, the rest is bounded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.intake.claims.attribution import About, stated_total
from grader.intake.claims.drafts import Draft
from grader.intake.claims.training_log import skeleton
from grader.model.claims import Claim, EpochsClaim, FeatureClaim, ParameterClaim

MOST_CLAIMS = 400
ORDER = {"graded": 0, "unknown": 1, "other": 2}
TEXT_KEPT, SUBJECT_KEPT = 300, 120


@dataclass(frozen=True)
class Attributed:
    """A draft and whose it is."""

    draft: Draft
    about: About
    subject: str = ""


def vote(found: Sequence[Attributed]) -> list[Attributed]:
    """Totals that the graded class's own cells printed settle whose the text's figures are.

    An open claim of exactly such a total is the graded model's, and so is all that stands under a subject with no other
    total; what stands under a subject with other totals alone is another's, where some subject has the printed one.
    """
    printed = {
        stated_total(one.draft) for one in found if one.draft.document.source == "output" and one.about == "graded"
    } - {None}
    if not printed:
        return list(found)
    totals: dict[str, set[float]] = {}
    for one in found:
        total = stated_total(one.draft)
        if total is not None and one.about == "unknown" and _key(one):
            totals.setdefault(_key(one), set()).add(total)
    own = {key for key, values in totals.items() if values <= printed}
    others = {key for key, values in totals.items() if not values & printed} if own else set()
    return [_settled(one, printed, own, others) for one in found]


def _settled(one: Attributed, printed: set[float | None], own: set[str], others: set[str]) -> Attributed:
    if one.about != "unknown":
        return one
    total = stated_total(one.draft)
    if total is not None:
        return (
            replace(one, about="graded")
            if total in printed
            else one
            if _key(one) not in others
            else replace(one, about="other")
        )
    if _key(one) in own:
        return replace(one, about="graded")
    return replace(one, about="other") if _key(one) in others else one


def _key(one: Attributed) -> str:
    """The subject without figures, so that "Regularized Model (19,204 parameters)" and "Regularized model" are one."""
    text = one.subject.split("(")[0].split(":")[0]
    return " ".join("".join(character if character.isalnum() else " " for character in text.lower()).split())


def select(found: Sequence[Attributed]) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """The claims without repetition, in their order; of more than 400 those about the graded model come first."""
    kept = _without_repeats(_last_printed(found))
    notes: tuple[str, ...] = ()
    if len(kept) > MOST_CLAIMS:
        notes = (f"The submission makes {len(kept)} statements about itself; {MOST_CLAIMS} of them were kept.",)
        best = sorted(range(len(kept)), key=lambda at: (ORDER[kept[at].about], kept[at].draft.requirement, at))[
            :MOST_CLAIMS
        ]
        kept = [kept[at] for at in sorted(best)]
    return tuple(_claim(one) for one in kept), notes


def _last_printed(found: Sequence[Attributed]) -> list[Attributed]:
    """Of the same total that several cells printed for one model, the last."""
    last: dict[object, int] = {}
    for at, one in enumerate(found):
        if one.draft.document.source == "output" and isinstance(one.draft.statement, ParameterClaim):
            last[(one.draft.statement, one.about, one.subject)] = at
    return [
        one
        for at, one in enumerate(found)
        if last.get((one.draft.statement, one.about, one.subject), at) == at or one.draft.document.source != "output"
    ]


def _without_repeats(found: Sequence[Attributed]) -> list[Attributed]:
    """Each statement once per text and subject; a feature without count or rate not beside one that has them."""
    detailed = {_feature_key(one) for one in found if _is_detailed(one)}
    seen: set[object] = set()
    kept: list[Attributed] = []
    for one in found:
        feature = isinstance(one.draft.statement, FeatureClaim)
        if feature and not _is_detailed(one) and _feature_key(one) in detailed:
            continue
        key = _repeat_key(one)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def _repeat_key(one: Attributed) -> object:
    draft = one.draft
    place = (draft.document.source, draft.document.name, one.about, draft.requirement)
    subject = "" if one.about == "graded" else one.subject
    if isinstance(draft.statement, EpochsClaim) and draft.statement.of == "target":
        return (*place, subject, "target", skeleton(draft.line))
    return (*place, subject, draft.statement)


def _feature_key(one: Attributed) -> object:
    claim = one.draft.statement
    if not isinstance(claim, FeatureClaim):
        return None
    subject = "" if one.about == "graded" else one.subject
    return one.draft.document.source, one.about, one.draft.requirement, subject, claim.feature, claim.present


def _is_detailed(one: Attributed) -> bool:
    claim = one.draft.statement
    return isinstance(claim, FeatureClaim) and (claim.count is not None or bool(claim.rates))


def _claim(one: Attributed) -> Claim:
    draft = one.draft
    shown = draft.text or draft.line.plain
    return Claim(
        statement=draft.statement,
        text=_clip(" ".join(shown.split()), TEXT_KEPT),
        location=draft.line.location,
        source=draft.document.source,
        subject=_clip(" ".join(one.subject.split()), SUBJECT_KEPT),
        about=one.about,
        requirement=draft.requirement,
    )


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
