"""The section on what the submission says: order, folding, marks, and what the short forms show of it."""

import re

import pytest
from report_factory import at, claim, outcome, outcomes, report, said, with_claims

from grader.analysis.claims.verify import check_claims
from grader.model.claims import AccuracyClaim, CheckedClaim, Claims, FeatureClaim, Figure, ParameterClaim
from grader.model.outcome import Status
from grader.model.report import GradeReport
from grader.report.figures.claim import claim_mark
from grader.report.html import to_html
from grader.report.markdown import LIMIT, to_markdown
from grader.report.text import to_text
from grader.report.view.claims import claims_view


def says(*checked: CheckedClaim, notes: tuple[str, ...] = ()) -> GradeReport:
    return report(claims=Claims(checked=checked, notes=notes))


def parameters(value: float, measured: float | None, verdict: str = "contradicted", line: int = 1) -> CheckedClaim:
    told = claim(line, f"{value:.0f} parameters", ParameterClaim(figure=Figure(value=value)))
    return CheckedClaim(
        claim=told, measured="" if measured is None else f"{measured:.0f}", measured_value=measured, verdict=verdict
    )


def test_contradicted_claims_come_first_and_what_is_not_checkable_is_folded() -> None:
    shown = claims_view(with_claims())
    assert shown.summary == "6 confirmed, 5 contradicted, 5 not checkable"
    assert [row.word for row in shown.open.rows] == ["Contradicted"] * 5 + ["Confirmed"] * 6
    assert [(part.title, len(part.rows.rows)) for part in shown.folded] == [("Not checkable (5)", 5)]
    html = to_html(with_claims())
    section = html[html.index('<section id="claims">') : html.index('<section id="layers">')]
    assert section.index("about 15,000 parameters") < section.index("19,204 parameters") < section.index("<details>")
    assert "notes.md is larger than 2 MB" in section


def test_what_is_asked_for_is_not_shown() -> None:
    section = to_markdown(with_claims()).split("### What the submission says")[1].split("### Training")[0]
    assert "15,000 parameters" in section
    assert "20,000 parameters" not in section
    assert len(said()) == 1 + len(with_claims().claims.checked)


def test_many_confirmed_claims_are_folded() -> None:
    confirmed = [parameters(value, value, "confirmed", value) for value in range(1, 8)]
    shown = claims_view(says(*confirmed, parameters(9, 1)))
    assert [row.word for row in shown.open.rows] == ["Contradicted"]
    assert [part.title for part in shown.folded] == ["Confirmed (7)"]
    assert claims_view(says(*confirmed[:6])).folded == ()


def test_the_same_claim_in_many_places_is_one_row() -> None:
    shown = claims_view(says(*(parameters(9, 1, line=line) for line in range(1, 10)), parameters(8, 1)))
    (first, second) = shown.open.rows
    assert first.places == tuple(f"README.md:{line}" for line in range(1, 7))
    assert (first.more_places, second.more_places) == (3, 0)
    assert shown.summary == "10 contradicted"
    assert "and 3 more" in to_html(says(*(parameters(9, 1, line=line) for line in range(1, 10))))


def test_a_long_list_is_cut_in_every_form() -> None:
    given = says(*(parameters(value, 1) for value in range(1_000)))
    shown = claims_view(given)
    assert (len(shown.open.rows), shown.open.left_out) == (60, 940)
    assert "940 more in report.json." in to_html(given)
    assert "940 more rows in report.json." in to_markdown(given)
    assert len(to_markdown(given)) <= LIMIT


def test_a_submission_that_says_nothing_has_no_section() -> None:
    for form in (to_html, to_markdown, to_text):
        assert "What the submission says" not in form(report())
        assert "Claims:" not in form(report())
    only_notes = says(notes=("README.md is in an unknown encoding.",))
    assert claims_view(only_notes).summary == "none found"
    assert "unknown encoding" in to_html(only_notes)
    assert "unknown encoding" in to_markdown(only_notes)
    assert "<table" not in to_html(only_notes).split('id="claims"')[1].split("</section>")[0]


def test_whether_claims_cost_points_is_said_as_the_rubric_has_it() -> None:
    free = "none of them costs points"
    assert free in to_html(with_claims())
    graded = (*outcomes(), outcome("claims", "True claims", Status.FAILED, 0, 5))
    assert free not in to_html(with_claims().model_copy(update={"outcomes": graded}))


def test_the_terminal_counts_them_and_names_the_contradicted_ones() -> None:
    lines = to_text(with_claims()).splitlines()
    start = lines.index("Claims: 6 confirmed, 5 contradicted, 5 not checkable")
    assert lines[start + 1] == "✕ README.md:12: It says about 15,000; the model has 19,204 parameters, 4,204 more."
    assert [line[0] for line in lines[start + 1 :] if line.startswith("✕")] == ["✕"] * 5


def test_markdown_tells_claim_place_measurement_verdict_and_why() -> None:
    assert (
        "| ✕ Contradicted | about 15,000 parameters (`README.md:12`) | 19,204 |"
        " It says about 15,000; the model has 19,204 parameters, 4,204 more. |"
    ) in to_markdown(with_claims())


def test_cells_are_explained_where_a_claim_stands_in_one() -> None:
    told = claim(1, "19,204", ParameterClaim(figure=Figure(value=19_204))).model_copy(
        update={"location": at(1, "a.ipynb", 7)}
    )
    given = report()
    checked = check_claims([told], given.facts, given.training)
    assert "Cells of a notebook are counted from 0" not in to_html(given)
    assert "Cells of a notebook are counted from 0" in to_html(says(*checked))


def circles(checked: CheckedClaim) -> dict[str, float]:
    found = re.findall(r'class="claim-(said|measured)" cx="([\d.]+)"', claim_mark(checked))
    return {name: float(place) for name, place in found}


def test_counts_are_drawn_from_nothing_to_the_larger_one() -> None:
    # 120 wide with edges of 6: from 6 to 114
    assert circles(parameters(15_000, 7_500)) == {"said": 114, "measured": 60}
    assert circles(parameters(0, 108)) == {"said": 6, "measured": 114}


@pytest.mark.parametrize(("accuracy", "place"), [(0.9, 6), (0.5, 6), (0.99, 60), (0.999, 114), (1.0, 114)])
def test_accuracies_are_drawn_by_their_error(accuracy: float, place: float) -> None:
    told = claim(1, "…", AccuracyClaim(figure=Figure(value=0.99), subset="test"))
    checked = CheckedClaim(claim=told, measured="…", measured_value=accuracy, verdict="ambiguous")
    assert circles(checked) == {"said": 60, "measured": place}


def test_what_is_no_number_has_no_mark_and_no_key() -> None:
    tick = CheckedClaim(
        claim=claim(1, "BN", FeatureClaim(feature="batch_norm")), measured="1 layer", verdict="confirmed"
    )
    for checked in (tick, parameters(9, None), parameters(0, 0), parameters(float("inf"), 7)):
        assert claim_mark(checked) == ""
    assert "claim-key" not in to_html(says(tick)).split("</style>")[1]
    assert "claim-key" in to_html(says(parameters(9, 1))).split("</style>")[1]
