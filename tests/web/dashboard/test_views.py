"""What the pages say: a report against the one before, a curve that grows, times, texts of people."""

import json

from classroom import missing_accuracy, news, passing
from report_factory import failing_static

from grader.model.review import AuditEntry
from grader.web.dashboard.comparison import compare
from grader.web.dashboard.grading_view import audit_rows, lines
from grader.web.dashboard.live import live_view
from grader.web.dashboard.moments import moment


def test_what_changed_since_the_previous_report() -> None:
    found = compare(missing_accuracy("a", 0.9911), passing("b", 0.9946))
    figures = {change.name: (change.before, change.after, change.tone, change.said) for change in found.figures}
    assert figures == {
        "Points": ("65", "105", "pass", "+40"),
        "Best accuracy": ("99.11 %", "99.46 %", "pass", "+0.35 percentage points"),
    }
    assert [(one.before, one.after, one.said) for one in found.criteria] == [("Failed", "Passed", "+40 points")]
    assert (found.same, found.notes) == (6, ())


def test_what_got_worse_is_said_as_such() -> None:
    found = compare(passing("b"), failing_static())
    figures = {change.name: (change.before, change.after, change.tone, change.said) for change in found.figures}
    assert figures["Points"] == ("105", "30", "fail", "−75")
    assert figures["Parameters"] == ("19,204", "23,362", "none", "+4,158")
    assert figures["Receptive field"] == ("40 px", "24 px", "none", "")
    assert found.notes == ("One of the two was not trained.",)


def test_the_same_network_and_the_same_result() -> None:
    found = compare(passing("a"), passing("a"))
    assert (found.figures, found.criteria) == ((), ())
    assert found.notes == ("The network is the same, operation by operation.",)


def test_another_rubric_is_said() -> None:
    old = passing("a")
    other = old.model_copy(update={"rubric": old.rubric.model_copy(update={"digest": "0" * 64})})
    assert "The rubric has changed in between." in compare(old, other).notes


def test_a_curve_has_as_many_points_as_epochs_have_ended() -> None:
    (run,) = live_view(news(6, planned=20), 0.994)
    assert (run.seed, run.epochs, run.planned, run.share) == (0, 6, 20, 0.3)
    assert run.left == "about 6 min left"
    assert run.accuracy.count('class="dot evaluation"') == 6
    assert "best: epoch 6" in run.accuracy
    assert "target 99.40 %" in run.accuracy


def test_what_is_no_news_of_a_training_draws_nothing() -> None:
    started = {"seed": 0, "ended": None, "epochs": 20, "share": 0.01}
    assert live_view([json.dumps(started), "[]", '{"seed": "x"}', '{"seed": 1, "ended": {"epoch": 1}}']) == ()


def test_times_are_written_in_utc() -> None:
    assert [found.text for found in (moment("2026-03-06T23:59:00+01:00"), moment("2026-03-06T09:05:00")) if found] == [
        "6 Mar 2026, 22:59 UTC",
        "6 Mar 2026, 09:05 UTC",
    ]
    assert (moment(""), moment("soon")) == (None, None)


def test_what_people_wrote_can_be_seen_and_does_nothing() -> None:
    assert lines("one\r\x1b[31mtwo\nthree\tfour") == ("one⟪U+000D⟫⟪U+001B⟫[31mtwo", "three    four")
    entry = AuditEntry(id=1, made_at="", who="a\u202eb", action="x", subject="s", detail='{"points": null, "n": 2}')
    (row,) = audit_rows([entry])
    assert (row.who, row.details) == ("a⟪U+202E⟫b", (("points", "excused"), ("n", "2")))
