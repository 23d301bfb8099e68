"""What the package torchsummary prints as the number of parameters, and why that is not the number.

It hangs a hook on each module but the model itself, and adds up `weight` and `bias` whenever one fires
(torchsummary/torchsummary.py, https://github.com/sksq96/pytorch-summary).
"""

from dataclasses import dataclass

from grader.analysis.claims.wording import counted, listing, number
from grader.model.facts import ModuleCalls, ParameterFacts


@dataclass(frozen=True)
class Summary:
    """The two figures at the foot of its table."""

    total: int
    trainable: int


def as_torchsummary_counts(facts: ParameterFacts) -> Summary | None:
    """What it prints; None in a report from before the calls of modules were measured."""
    rows = _rows(facts)
    if not facts.modules:
        return None
    return Summary(
        total=sum(row.parameters * row.calls for row in rows),
        trainable=sum(row.parameters * row.calls for row in rows if row.trainable),
    )


def why_torchsummary_differs(facts: ParameterFacts) -> str:
    """Sentences that name the modules that are never called, those called several times, and what it can't see."""
    rows = _rows(facts)
    sentences = ["This is what torchsummary prints: it counts a module's parameters each time the module is called."]
    never = [f"{row.path} ({counted(row.parameters, 'parameter')})" for row in rows if not row.calls]
    if never:
        sentences.append(f"{listing(never)} {'is' if len(never) == 1 else 'are'} never called.")
    again = [f"{row.path} ({number(row.parameters)} × {row.calls})" for row in rows if row.calls > 1]
    if again:
        sentences.append(f"{listing(again)} {'is' if len(again) == 1 else 'are'} called several times.")
    unseen = facts.total - sum(row.parameters for row in rows)
    if unseen > 0:
        word = "parameter is" if unseen == 1 else "parameters are"
        sentences.append(f"{number(unseen)} {word} not the weight or bias of a module, and it leaves them out.")
    return " ".join(sentences)


def _rows(facts: ParameterFacts) -> list[ModuleCalls]:
    return [row for row in facts.modules if row.path]
