"""The overview of a class as one self-contained HTML file: it works from a folder, without a network."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.batch.results.assignment import Assignment
from grader.batch.results.figures.distribution import distribution
from grader.batch.results.figures.scatter import scatter
from grader.batch.results.figures.shares import results_bar, share_bar
from grader.batch.results.view.page import Page, page
from grader.model.result import ResultRow
from grader.model.similarity import Similarity
from grader.report.templates import content_security_policy, environment, script, stylesheet
from grader.similarity.view import similarity_view


@dataclass(frozen=True)
class Drawings:
    """The charts; None where there is nothing to draw."""

    results: Markup | None
    distribution: Markup | None
    scatter: Markup | None
    criteria: tuple[Markup, ...]


def to_html(rows: Sequence[ResultRow], assignment: Assignment, similarity: Similarity | None = None) -> str:
    """One stylesheet and one script, both ours and allowed by their digests; nothing else runs or loads."""
    shown = page(rows, assignment)
    reports = {row.student: row.report for row in rows}
    style, code = stylesheet("report.css", "overview.css"), script("overview.js")
    return (
        environment()
        .get_template("overview.html.j2")
        .render(
            page=shown,
            drawings=draw(rows, assignment, shown),
            similarity=similarity_view(similarity, reports.get) if similarity else None,
            style=Markup(style),  # noqa: S704  ours, from templates/
            script=Markup(code),  # noqa: S704  ours, from templates/
            policy=content_security_policy(style, code),
        )
    )


def draw(rows: Sequence[ResultRow], assignment: Assignment, shown: Page) -> Drawings:
    """The charts of a class."""
    widest = max((share.judged for share in shown.criteria), default=1)
    return Drawings(
        results=results_bar([(share.word.text, share.number, share.word.class_) for share in shown.shares]),
        distribution=distribution(rows),
        scatter=scatter(rows, assignment),
        criteria=tuple(
            share_bar(
                [
                    ("Not met", share.missed, "result-fail"),
                    ("Undecided", share.undecided, "result-open"),
                    ("Met", share.met, "result-met"),
                ],
                widest,
            )
            for share in shown.criteria
        ),
    )
