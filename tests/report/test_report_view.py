"""What is shown first, what is left out, and how figures are written."""

import re
from collections.abc import Callable

import pytest
from report_factory import (
    CANDIDATES,
    HIT,
    MACHINE,
    MISS,
    PACE,
    ambiguous,
    at,
    failing_static,
    interrupted,
    layers,
    outcome,
    outcomes,
    provenance,
    report,
    run,
    second_try,
    training,
)

from grader.model.hopeless import GivenUp
from grader.model.outcome import Status
from grader.model.report import Flag, GradeReport, Score
from grader.model.training import Training
from grader.report import notation
from grader.report.html import to_html
from grader.report.markdown import LIMIT, to_markdown
from grader.report.text import summary_line, to_text
from grader.report.view.pace import pace_sentence
from grader.report.view.page import page
from grader.report.view.tries import deciding_run

Form = Callable[[GradeReport], str]


def test_what_blocks_the_pass_comes_first() -> None:
    order = [
        outcome("a", "passed", Status.PASSED, 1, 1),
        outcome("b", "missed bonus", Status.FAILED, 0, 1, kind="bonus"),
        outcome("c", "skipped", Status.SKIPPED, 0, 1),
        outcome("d", "inconclusive", Status.INCONCLUSIVE, 0, 1),
        outcome("e", "ours", Status.ERROR, 0, 1),
        outcome("f", "failed", Status.FAILED, 0, 1),
        outcome("g", "failed too", Status.FAILED, 0, 1),
    ]
    rows = page(report(outcomes=tuple(order))).criteria.rows
    assert [row.id for row in rows] == ["f", "g", "e", "d", "c", "b", "a"]
    assert [row.word for row in rows[::3]] == ["Failed", "Inconclusive", "Passed"]
    assert rows[5].word == "Not earned"


def test_every_status_has_an_icon_and_a_word_of_its_own() -> None:
    rows = page(report(outcomes=tuple(outcome(s, s, s, 0, 1) for s in Status))).criteria.rows
    assert len({row.icon for row in rows}) == len({row.word for row in rows}) == len(Status) == 5


def test_the_first_run_at_the_target_decides_else_the_best() -> None:
    later = run(2, (0.96, 0.995))
    assert deciding_run(training(run(0, MISS), run(1, HIT), later)).seed == 1
    assert deciding_run(training(run(0, MISS), run(1, MISS[:3]))).seed == 0
    assert deciding_run(training()) is None


def test_the_second_try_decides_where_it_reached_the_target() -> None:
    missed, reached = run(0, MISS), run(0, HIT)
    assert deciding_run(training(missed, second_try=training(reached))) == reached
    assert deciding_run(training(missed, second_try=training(run(0, MISS[:3])))) == missed
    # By a stricter rule than "any epoch" the first missed, for else there would be no second try.
    assert deciding_run(training(reached, second_try=training(run(1, HIT)))).seed == 1
    assert deciding_run(training(second_try=training(missed))) == missed
    assert deciding_run(training(missed, second_try=training())) == missed


def test_both_tries_have_a_heading_runs_and_a_recipe() -> None:
    shown = page(second_try())
    headings = ["With the submission's recipe (src/train.py:31)", "Second try, with the reference recipe house"]
    assert [one.heading for one in shown.training.tries] == headings
    assert [len(one.runs.rows) for one in shown.training.tries] == [2, 1]
    assert [one.heading for one in shown.recipes] == [
        "The submission's recipe (src/train.py:31)",
        "The reference recipe house",
    ]
    (unread,) = shown.recipes[0].unread.rows
    assert (unread.name, unread.note) == ("augmentation", "src/train.py:8")
    assert shown.recipes[0].notes.rows[0].startswith("The one-cycle schedule is built for batches")
    assert shown.verdict.highlights[0].note == "seed 0, epoch 12, test set, second try"
    for text in (to_text(second_try()), to_markdown(second_try()), to_html(second_try())):
        positions = [text.replace("&#39;", "'").index(heading) for heading in headings]
        assert positions == sorted(positions)


def test_curves_of_the_same_seed_have_names_of_their_own() -> None:
    html = to_html(second_try())
    names = re.findall(r'id="([^"]+)"', html)
    assert len(names) == len(set(names))
    assert {"accuracy-0-title", "second-try-accuracy-0-title"} <= set(names)


@pytest.mark.parametrize(
    ("source", "theirs", "expected"),
    [
        ("option", False, "The recipe session-5 is named with --recipe. It is not known"),
        ("rubric", False, "The recipe session-5 is the rubric's reference recipe."),
        ("code", True, "training code, which never ran here. It is the student's own."),
        ("code", False, "Not all that matters could be read, so it is not known to be the student's own."),
    ],
)
def test_whose_recipe_it_is(source: str, theirs: bool, expected: str) -> None:
    given = report(training=training(run(0, MISS), recipe_source=source, recipe_is_the_students=theirs))
    assert expected in page(given).recipes[0].sentence


def test_a_recipe_that_does_not_fit_is_told_with_what_was_used_instead() -> None:
    house = training(run(0, HIT), recipe={"name": "house"}, recipe_source="rubric")
    reason = "The submission's recipe does not fit: the batch is too large."
    given = report(training=training(status="skipped", reason=reason, mend="Name another.", second_try=house))
    (notice,) = page(given).verdict.notices
    assert notice.text == f"{reason} It was trained with the reference recipe house instead."
    assert page(given).training.tries[0].status == f"The model was not trained. {reason}"
    assert "The model was not trained." in to_text(given)


def test_an_interrupted_second_try_is_stamped_and_told() -> None:
    house = training(run(0, MISS[:2], stopped="interrupted"), status="partial", reason="After 2 of 20 epochs.")
    shown = page(report(training=training(run(0, MISS), second_try=house)))
    assert "Interrupted" in shown.verdict.stamps
    assert shown.verdict.notices[0].text.startswith("Interrupted: After 2 of 20 epochs.")


def test_a_blocked_submission_is_told_once_what_to_do() -> None:
    shown = page(ambiguous())
    assert shown.verdict.word == "Could not be graded"
    assert shown.verdict.summary == shown.blocked.problem
    assert "use --model" in shown.blocked.fix
    assert {row.message for row in shown.criteria.rows} == {""}
    assert not shown.flags  # the only one repeats the problem
    assert to_html(ambiguous()).count("nothing in the repository decides") == 1
    assert to_markdown(ambiguous()).count("nothing in the repository decides") == 1
    assert to_text(ambiguous()).replace("\n", " ").count("nothing in the repository decides") == 1
    assert shown.model.candidates.rows[0].option == "--model 'notebooks/Session 5.ipynb:12:Net@6'"


@pytest.mark.parametrize(
    ("form", "model", "criteria"),
    [
        (to_html, '<section id="model">', '<section id="criteria">'),
        (to_markdown, "<summary>The model:", "### Criteria"),
    ],
)
def test_candidates_come_before_criteria_only_where_nothing_was_graded(form: Form, model: str, criteria: str) -> None:
    blocked, graded = form(ambiguous()), form(report())
    assert blocked.index(model) < blocked.index(criteria)
    assert graded.index(criteria) < graded.index(model)


@pytest.mark.parametrize(
    ("form", "criteria"), [(to_html, '<section id="criteria">'), (to_markdown, "### Criteria"), (to_text, "Rubric:")]
)
def test_static_partial_and_weak_sandbox_are_stamped_above_the_criteria(form: Form, criteria: str) -> None:
    static, partial = (
        form(given).partition(criteria)[0].replace("\n", " ") for given in (failing_static(), interrupted())
    )
    for stamp in ("Static check", "Sandbox: limits only", "Uncommitted changes", "the model was not trained"):
        assert stamp in static
    for stamp in ("Interrupted", "Ctrl-C after 4 of 20 epochs"):
        assert stamp in partial


def test_missing_data_tells_the_command_that_mends_it() -> None:
    reason = "The MNIST files are missing."
    given = report(training=Training(status="skipped", reason=reason, mend="grader data fetch mnist"))
    for form in (to_html, to_markdown, to_text):
        assert "grader data fetch mnist" in form(given)
        assert reason in form(given)


def test_points_and_bonus_are_written_plainly() -> None:
    assert summary_line(report()).startswith("Passed, 105 of 100 points: All required criteria")
    repeated = report(summary="All 5 required criteria are met; 105 of 100 points.")
    assert summary_line(repeated) == "Passed, 105 of 100 points: All 5 required criteria are met."
    assert "12.5 of 100 points" in summary_line(report(score=Score(points=12.5, max_points=100)))
    assert "of 0 points" in to_html(report(score=Score(points=0, max_points=0)))


def test_long_tables_are_cut_and_say_so() -> None:
    rows = layers() * 40
    candidates = tuple(CANDIDATES[0].model_copy(update={"line": line}) for line in range(1, 200))
    given = report()
    given = given.model_copy(
        update={
            "facts": given.facts.model_copy(update={"layers": rows}),
            "model": given.model.model_copy(update={"candidates": candidates}),
        }
    )
    shown = page(given)
    assert (len(shown.layers.rows), shown.layers.left_out) == (300, len(rows) - 300)
    assert shown.model.candidates.left_out == 199 - 60
    assert f"{len(rows) - 300} more in report.json" in to_html(given)


def _heavy() -> GradeReport:
    """Everything at its largest."""
    long = "x" * 5000
    runs = tuple(run(seed, HIT * 60) for seed in range(20))
    flags = tuple(Flag(kind="probe", message=f"{number} {long}", evidence=(at(1, long),) * 20) for number in range(90))
    worst = tuple(
        outcome(f"c{number}", long, Status.FAILED, 0, 1, expected=long, observed=long, message=long, fix=long)
        for number in range(90)
    )
    return report(training=training(*runs), flags=flags, outcomes=worst, summary=long)


def test_markdown_always_fits_a_comment_and_names_what_was_left_out() -> None:
    text = to_markdown(_heavy())
    assert len(text) <= LIMIT < 65_536
    assert "Shortened to fit a comment" in text
    assert text.startswith("## ✓ Passed: 105 of 100 points")
    assert text.count("<details") == text.count("</details>")


def test_markdown_of_a_usual_report_is_whole() -> None:
    text = to_markdown(report())
    assert "Shortened" not in text
    order = [
        "## ✓ Passed",
        "### Criteria",
        "### A person",
        "The model:",
        "### Training",
        "Layers and",
        "Epoch by",
        "Recipe",
    ]
    positions = [text.index(part) for part in order]
    assert positions == sorted(positions)


def test_the_origin_of_each_recipe_value_is_shown() -> None:
    values = {entry.name: (entry.value, entry.note) for entry in page(report()).recipes[0].values.rows}
    assert values["optimizer.lr"] == ("0.1", "recipe.yaml:4")
    assert values["optimizer.nesterov"] == ("no", "default")
    assert values["augmentation.0.degrees"] == ("-5, 5", "recipe.yaml:12")
    assert values["normalization.std"] == ("0.3081", "default")
    assert values["split"] == ("none", "")
    sentence = page(report()).recipes[0].sentence
    assert sentence == "The recipe session-5 is named in the submission's .grader.yml. It is the student's own."


def test_facts_told_by_a_flag_are_not_told_twice() -> None:
    given = report()
    facts = given.facts.model_copy(update={"caveats": ("First caveat.", "Second caveat.")})
    given = given.model_copy(update={"facts": facts, "flags": (Flag(kind="caveat", message="First caveat."),)})
    assert page(given).facts.caveats.rows == ("Second caveat.",)
    assert to_html(given).count("First caveat.") == 1


def test_cells_are_explained_where_a_notebook_is_named() -> None:
    assert "counted from 0" in to_html(ambiguous())
    assert "counted from 0" not in to_html(report())


def test_a_failed_criterion_shows_all_that_helps() -> None:
    rows = outcomes()
    rows[0] = outcome(
        "parameters", "Fewer than 20,000 parameters", Status.FAILED, 0, 20, expected="fewer than 20,000",
        observed="20,000", message="One too many.", fix="Use `bias=False`.", evidence=(at(4, "lab.ipynb", 3),),
    )  # fmt: skip
    given = report(verdict="fail", outcomes=tuple(rows))
    html, text = to_html(given), to_text(given)
    for part in ("One too many.", "<code>bias=False</code>", "lab.ipynb:cell 3:4", "How to fix it"):
        assert part in html
    for part in ("Expected fewer than 20,000; observed 20,000.", "Fix: Use `bias=False`.", "at lab.ipynb:cell 3:4"):
        assert part in text


def test_provenance_says_how_far_the_sandbox_goes() -> None:
    notes = {entry.name: entry.note for entry in page(report()).provenance}
    assert notes["Sandbox"] == "isolated"
    weak = report(provenance=provenance(sandbox="process", sandbox_strength="limits only"))
    assert "limits only, no isolation" in to_html(weak)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (notation.percent(0.994), "99.40 %"),
        (notation.percent(0.99399999), "99.39 %"),
        (notation.percent(9940 / 10_000), "99.40 %"),
        (notation.percent(1.0), "100.00 %"),
        (notation.percent(None), "–"),
        (notation.count(19204), "19,204"),
        (notation.operations(1_538_352), "1.54 M"),
        (notation.operations(999), "999"),
        (notation.per_axis((3, 5)), "3×5"),
        (notation.per_axis(None), "–"),
        (notation.shape((16, 28, 28)), "16×28×28"),
        (notation.duration(0.84), "0.8 s"),
        (notation.duration(59.6), "1 min 00 s"),
        (notation.duration(3725), "1 h 02 min"),
        (notation.size(812 * 2**20), "812 MiB"),
        (notation.points(12.5), "12.5"),
        (notation.decimal(0.00000321), "3.2e-06"),
        (notation.plural(1, "layer"), "1 layer"),
    ],
)
def test_figures_are_written_one_way(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("form", [to_text, to_markdown, to_html])
def test_a_run_that_was_given_up_is_named_with_its_chance(form: Form) -> None:
    reason = GivenUp(epoch=7, epochs=20, target=0.994, gain=0.004, chance=0.0487, level=0.05, runs=60)
    stopped = run(0, (0.96, 0.965), stopped="hopeless", given_up=reason)
    said = (
        "stopped as hopeless after 7 of 20 epochs: it would still have reached 99.40 % with a chance of at most 4.9 %"
    )
    assert said in re.sub(r"\s+", " ", form(report(training=training(stopped))))


def sentence(**entries: str) -> str:
    return pace_sentence(run(0, HIT, environment=MACHINE | entries))


def test_a_run_says_how_near_to_its_hardware_s_limit_it_was() -> None:
    beside = "2,419 images/s at 24 GFLOP/s, evaluation included: 20 % of the 118 GFLOP/s that matrix products reach on"
    assert sentence(**PACE) == f"Trained {beside} one thread of that machine."
    assert [entry.name for entry in page(report()).training.tries[0].runs.rows[0].environment] == sorted(MACHINE)
    for form in (to_html, to_markdown, to_text):
        assert beside in " ".join(form(report()).split())
    gpu = PACE | {"gflop_per_second": "2416", "sgemm_gflop_per_second": "52360", "share_of_sgemm": "0.04614"}
    gpu |= {"images_per_second": "248000", "copy_gigabytes_per_second": "4123", "share_of_copy": "0.0996"}
    assert sentence(**gpu) == (
        "Trained 248,000 images/s at 2.4 TFLOP/s, evaluation included: 4.6 % of the 52 TFLOP/s that matrix products "
        "reach on that GPU, and 10 % of the 4,123 GB/s that its memory moves in a copy, counted without fusion."
    )
    assert sentence(**gpu, side_by_side="16").endswith(". That is its own part: up to 16 trainings took turns.")
    assert sentence(**gpu, side_by_side="1") == sentence(**gpu, side_by_side="<b>") == sentence(**gpu)


@pytest.mark.parametrize(
    "changes", [{"share_of_sgemm": "<b>"}, {"gflop_per_second": "inf"}, {"images_per_second": "-"}]
)
def test_and_nothing_where_it_was_not_measured(changes: dict[str, str]) -> None:
    assert sentence() == sentence(**PACE | changes) == ""
    assert "Trained" not in to_html(interrupted()) + to_markdown(interrupted()) + to_text(interrupted())
