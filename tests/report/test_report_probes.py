"""What was tried on a model that was looked at closer, in the report."""

import pytest
from report_factory import HIT, evaluation, report, run, training

from grader.model.probes import Disturbed, Measured, Probes, Regrouped, ShortTraining
from grader.model.training import Evaluation
from grader.proportion import wilson_interval
from grader.report.html import to_html
from grader.report.markdown import to_markdown
from grader.report.view.interpretation import interpretation_view
from grader.report.view.probes import probes_view
from grader.report.view.training import training_view


def measured(accuracy: float, images: int = 10_000) -> Measured:
    return Measured(accuracy=accuracy, images=images, interval=wilson_interval(round(accuracy * images), images))


CLOSER = Probes(
    chance=0.1135,
    untrained=measured(0.0981, 5_000),
    stored=4_096,
    regrouped=Regrouped(before=measured(0.99, 500), after=measured(0.988, 500), changed=0.002),
    short_training=ShortTraining(
        images=10_000,
        true_labels=measured(0.9511),
        permuted_labels=measured(0.9514),
        old_names=measured(0.003),
        shuffled_values=measured(0.9477),
    ),
    disturbed=Disturbed(plain=measured(0.99), noise=measured(0.989), shift=measured(0.981)),
)
PLAIN = CLOSER.model_copy(update={"stored": 0, "short_training": None, "disturbed": None})


def test_a_model_that_gave_no_reason_has_no_table() -> None:
    assert probes_view(training(run(0, HIT, probes=PLAIN))) is None
    assert probes_view(training(run(0, HIT))) is None


def test_every_figure_stands_in_the_table() -> None:
    view = probes_view(training(run(3, HIT, probes=CLOSER)))
    assert view is not None
    assert view.summary == (
        "Seed 3 was looked at closer: the graph holds 4,096 values that fresh weights do not replace. "
        "Nothing suggests that its accuracy comes from anything but training."
    )
    assert [(row.name, row.value) for row in view.rows.rows] == [
        ("Before the first step", "9.81 %"),
        ("Trained on 10,000 images", "95.11 %"),
        ("Trained on 10,000 images, every class renamed", "95.14 %"),
        ("The same, asked for the true classes", "0.30 %"),
        ("Stored values in another order, trained on 10,000 images", "94.77 %"),
        ("Best epoch", "99.00 %"),
        ("Every pixel off by up to 4 grey levels", "98.90 %"),
        ("Images moved by one pixel", "98.10 %"),
        ("Last epoch, among other images", "98.80 %"),
    ]
    assert view.rows.rows[0].note == "9.03 to 10.68 % on 5,000 images"
    assert view.rows.rows[-1].note == "0.20 % of 500 images got another class"


@pytest.mark.parametrize("form", [to_markdown, to_html])
def test_the_evidence_is_in_the_training_section(form: object) -> None:
    told = CLOSER.model_copy(update={"untrained": measured(0.912)})
    text = form(report(training=training(run(0, HIT, probes=told))))  # type: ignore[operator]
    assert "Before its first training step the model answered 91.20 % of the images right" in text
    assert "Stored values in another order, trained on 10,000 images" in text


def test_a_training_that_broke_off_is_said() -> None:
    assert CLOSER.short_training is not None
    short = CLOSER.short_training.model_copy(update={"shuffled_values": None})
    view = probes_view(training(run(0, HIT, probes=CLOSER.model_copy(update={"short_training": short}))))
    assert view is not None
    assert ("Stored values in another order", "the training broke off") in [
        (row.name, row.value) for row in view.rows.rows
    ]


def test_images_without_an_answer_count_as_wrong() -> None:
    found = evaluation(54).model_copy(update={"images": 10_007, "unanswered": (7, *[0] * 9)})
    shown = training(run(1, HIT, evaluation=Evaluation.model_validate(found.model_dump())))
    view, inside = training_view(shown).evaluation, interpretation_view(shown)
    assert view is not None
    assert inside is not None
    assert "9,946 of 10,007 images" in view.heading
    assert "61 wrong, of which 7 got scores that are not numbers." in view.heading
    assert inside.classes.rows[0].wrong.endswith("of 987")
