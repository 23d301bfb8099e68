"""The whole report as the templates print it, in the order they print it."""

from dataclasses import dataclass

from grader.model.report import Flag, GradeReport
from grader.report.escape import prose, visible
from grader.report.notation import place, points
from grader.report.view.claims import ClaimsView, claims_view
from grader.report.view.criteria import Blocked, Criterion, blocked, criteria
from grader.report.view.interpretation import InterpretationView, interpretation_view
from grader.report.view.model import FactsView, Layer, ModelView, counts_cells, facts_view, layers, model_view
from grader.report.view.origin import RecipeView, provenance_view, recipe_view
from grader.report.view.table import Entry, Table, table
from grader.report.view.training import TrainingView, training_view
from grader.report.view.tries import tries
from grader.report.view.verdict import Verdict, verdict

MOST_FLAGS = 40


@dataclass(frozen=True)
class FlagView:
    """What a person should look at."""

    message: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Everything that any format shows."""

    title: str
    rubric: str
    verdict: Verdict
    blocked: Blocked | None
    criteria: Table[Criterion]
    flags: Table[FlagView]
    model: ModelView
    claims: ClaimsView | None
    layers: Table[Layer]
    facts: FactsView | None
    training: TrainingView
    interpretation: InterpretationView | None
    recipes: tuple[RecipeView, ...]  # one for each try
    provenance: tuple[Entry, ...]
    command: str
    cells: bool


def page(report: GradeReport) -> Page:
    """The view of a report. Pure: no clock, no files."""
    reason = blocked(report)
    first = verdict(report, _summary(report))
    model = model_view(report.model)
    flags = [flag for flag in report.flags if reason is None or prose(flag.message) != reason.problem]
    return Page(
        title=f"{first.word}: {model.name}" if model.name else first.word,
        rubric=prose(report.rubric.title, 160),
        verdict=first,
        blocked=reason,
        criteria=criteria(report),
        flags=table(flags, MOST_FLAGS, _flag),
        model=model,
        claims=claims_view(report),
        layers=layers(report.facts) if report.facts else Table(()),
        facts=facts_view(report.facts, report.flags) if report.facts else None,
        training=training_view(report.training),
        interpretation=interpretation_view(report.training),
        recipes=tuple(recipe_view(training) for training in tries(report.training)),
        provenance=provenance_view(report),
        command=visible(report.provenance.command, 600),
        cells=counts_cells(report),
    )


def _summary(report: GradeReport) -> str:
    """The report's sentence, less the mend that a blocked submission is told below it."""
    for outcome in report.outcomes[:1] if blocked(report) else ():
        if report.summary.startswith(outcome.message):
            return outcome.message
    told = f"; {points(report.score.points)} of {points(report.score.max_points)} points."  # stands beside it
    return f"{report.summary.removesuffix(told)}." if report.summary.endswith(told) else report.summary


def _flag(flag: Flag) -> FlagView:
    return FlagView(prose(flag.message, 600), tuple(place(location) for location in flag.evidence[:8]))
