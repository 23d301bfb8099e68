"""The HTML report: one self-contained file without script, network or style attributes."""

from dataclasses import dataclass

from markupsafe import Markup

from grader.model.report import GradeReport
from grader.model.training import Training
from grader.report.figures.claim import claim_mark
from grader.report.figures.confusion import confusion_matrix
from grader.report.figures.curves import accuracy_panel, loss_panel
from grader.report.figures.digit import picture
from grader.report.figures.interpretation import InterpretationDrawings, draw_interpretation
from grader.report.figures.points import points_ring
from grader.report.figures.receptive_field import extent, growth_bar, nested_squares
from grader.report.templates import content_security_policy, environment, stylesheet
from grader.report.view.claims import claims_view
from grader.report.view.interpretation import interpretation_view
from grader.report.view.page import page
from grader.report.view.training import MOST_MISTAKES, MOST_RUNS
from grader.report.view.tries import deciding_run, tries


@dataclass(frozen=True)
class Drawings:
    """The figures of one report; empty where there is nothing to draw."""

    points: Markup
    receptive_field: Markup | None
    bars: tuple[Markup, ...]  # one per row of the layer table
    curves: tuple[tuple[tuple[Markup, Markup], ...], ...]  # for each try, (accuracy, loss) per run
    confusion: Markup | None
    mistakes: tuple[str | None, ...]  # data URIs
    interpretation: InterpretationDrawings
    claims: tuple[tuple[Markup, ...], ...]  # marks of the rows: of the open table, then of each folded one


def to_html(report: GradeReport) -> str:
    """The report as one HTML file."""
    style = stylesheet("report.css")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            page=page(report),
            drawings=_draw(report),
            style=Markup(style),  # noqa: S704  ours, from templates/
            policy=content_security_policy(style),
        )
    )


def _draw(report: GradeReport) -> Drawings:
    run = deciding_run(report.training)
    evaluation = run.evaluation if run else None
    mistakes = evaluation.mistakes[:MOST_MISTAKES] if evaluation else ()
    return Drawings(
        points=points_ring(report.score.points, report.score.max_points),
        receptive_field=nested_squares(report.facts) if report.facts else None,
        bars=_bars(report),
        curves=tuple(_curves(training, number) for number, training in enumerate(tries(report.training))),
        confusion=confusion_matrix(evaluation.confusion) if evaluation else None,
        mistakes=tuple(picture(mistake.image) for mistake in mistakes),
        interpretation=draw_interpretation(interpretation_view(report.training)),
        claims=_claim_marks(report),
    )


def _curves(training: Training, number: int) -> tuple[tuple[Markup, Markup], ...]:
    attempt = "second try" if number else ""
    drawn = [run for run in training.runs[:MOST_RUNS] if run.epochs]
    return tuple((accuracy_panel(run, training.target, attempt), loss_panel(run, attempt)) for run in drawn)


def _claim_marks(report: GradeReport) -> tuple[tuple[Markup, ...], ...]:
    shown = claims_view(report)
    tables = (shown.open, *(part.rows for part in shown.folded)) if shown else ()
    return tuple(tuple(claim_mark(row.first) for row in table.rows) for table in tables)


def _bars(report: GradeReport) -> tuple[Markup, ...]:
    if report.facts is None:
        return ()
    fields = [layer.receptive_field for layer in report.facts.layers]
    largest = max((max(extent(field)) for field in fields if field is not None), default=1)
    return tuple(growth_bar(field, largest, report.facts.input_shape[-1]) for field in fields)
