"""Training logs: which epoch a line belongs to, and what is kept of a log's many lines."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.intake.claims.document import Document, Line, Section
from grader.intake.claims.drafts import Draft
from grader.model.claims import AccuracyClaim, EpochsClaim, Figure, Subset

HEAD = re.compile(
    r"^[\W_]{0,40}(?:(?:training|train|testing|test|starting|start|running|current|end of"
    r"|validation|val)\W{1,4})?epoch\s{0,4}(?:no\.?|number)?\s{0,4}[:=#\-\[(]{0,3}\s{0,4}(\d{1,4})\b"
    r"(?!\s*(?:epochs|%|\.\d))",
    re.IGNORECASE,
)
FARTHEST = 15  # lines from an epoch's heading to its figures
FEWEST_ALIKE = 3
LOG_LINE = re.compile(r"\bset\b|\bloss\b|\bacc\w*\s*[:=]|\b(?:train|test|val)\w*\s*[:=]", re.IGNORECASE)
DIGITS = re.compile(r"\d[\d,.]*")


Place = tuple[int, int | None, int]  # document, cell, section


@dataclass
class EpochCounter:
    """The epoch that the lines of a log have come to."""

    from_zero: bool
    epoch: int | None = None
    age: int = 0
    section: Section | None = None

    def see(self, line: Line) -> int | None:
        """The 1-based epoch that this line's figures belong to, if it is a line of a log."""
        self.age += 1
        if line.section is not self.section:
            self.section, self.epoch = line.section, None
        head = HEAD.match(line.plain[:200])
        if head:
            self.epoch, self.age = int(head.group(1)) + self.from_zero, 0
            return self.epoch or None
        if self.epoch is None or self.age > FARTHEST or not LOG_LINE.search(line.plain):
            return None
        return self.epoch or None


def epoch_counter(document: Document) -> EpochCounter:
    """A counter for the document's log; one that begins with epoch 0 counts from there."""
    heads = (HEAD.match(line.plain[:200]) for line in document.lines if "poch" in line.plain[:200].lower())
    return EpochCounter(any(head is not None and head.group(1).strip("0") == "" for head in heads))


def skeleton(line: Line) -> str:
    """The line with its figures taken out: the lines of a log are equal in it."""
    return DIGITS.sub("#", line.plain.strip())[:160]


def mark_logged(drafts: Sequence[Draft]) -> list[Draft]:
    """Accuracies on lines that differ in their figures alone are a log's, whether they name epochs or not."""
    seen = Counter(_alike(draft) for draft in {id(draft.line): draft for draft in drafts if _may_log(draft)}.values())
    return [
        replace(draft, logged=True) if _may_log(draft) and seen[_alike(draft)] >= FEWEST_ALIKE else draft
        for draft in drafts
    ]


def _may_log(draft: Draft) -> bool:
    claim = draft.statement
    printed = draft.document.source == "output"
    return isinstance(claim, AccuracyClaim) and (claim.role == "unknown" or printed) and not draft.label


def _alike(draft: Draft) -> tuple[int, int | None, int, str]:
    return id(draft.document), draft.line.location.cell, id(draft.line.section), skeleton(draft.line)


def condense(drafts: Sequence[Draft]) -> list[Draft]:
    """Of each log and subset the best and the last line, and how many epochs there were; all else as it was."""
    kept: list[Draft] = []
    runs: dict[tuple[Place, Subset, int], list[Draft]] = {}
    number: dict[tuple[Place, Subset], int] = {}
    for draft in drafts:
        claim = draft.statement
        if not draft.logged or not isinstance(claim, AccuracyClaim):
            kept.append(draft)
            continue
        place = (id(draft.document), draft.line.location.cell, id(draft.line.section))
        log = (place, claim.subset)
        before = runs.get((*log, number.setdefault(log, 0)))
        if before is not None and _starts_again(before[-1], draft):
            number[log] += 1
        runs.setdefault((*log, number[log]), []).append(draft)
    counted: set[tuple[Place, int]] = set()
    for (place, _, run_number), run in runs.items():
        kept += _of_run(run, counted_already=(place, run_number) in counted)
        if _epochs(run) >= FEWEST_ALIKE:
            counted.add((place, run_number))
    return kept


def _starts_again(before: Draft, draft: Draft) -> bool:
    earlier, now = _epoch(before), _epoch(draft)
    return earlier is not None and now is not None and now < earlier


def _epoch(draft: Draft) -> int | None:
    return draft.statement.epoch if isinstance(draft.statement, AccuracyClaim) else None


def _epochs(run: Sequence[Draft]) -> int:
    return len({epoch for epoch in map(_epoch, run) if epoch is not None})


def _of_run(run: Sequence[Draft], counted_already: bool) -> list[Draft]:
    best = max(run, key=_value)
    last = run[-1]
    if len(run) < FEWEST_ALIKE:
        return list(run)
    kept = [_with_role(best, "best")]
    if last is not best and _value(last) != _value(best):
        kept.append(_with_role(last, "final"))
    epochs = [epoch for epoch in map(_epoch, run) if epoch is not None]
    if len(set(epochs)) >= FEWEST_ALIKE and not counted_already:
        claim = EpochsClaim(figure=Figure(value=float(max(epochs))), of="training")
        kept.append(replace(last, statement=claim, logged=False))
    return kept


def _value(draft: Draft) -> float:
    return draft.statement.figure.value if isinstance(draft.statement, AccuracyClaim) else 0.0


def _with_role(draft: Draft, role: str) -> Draft:
    return replace(draft, statement=draft.statement.model_copy(update={"role": role}), logged=False)
