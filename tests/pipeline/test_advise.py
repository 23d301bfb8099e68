"""Advice beside the outcomes: where it stands, what is left out, and what of it holds under another rubric."""

from pathlib import Path
from typing import Any

import pytest

from grader.model.outcome import Change, Outcome, SourceLine, Status
from grader.model.report import GradeReport
from grader.model.submission import Location
from grader.pipeline.advise import MOST_LINES, Advice, advice_again, with_advice
from grader.report.json_report import from_json

HERE, THERE = Location(file="net.py", line=3), Location(file="net.py", line=9)
LINES = (SourceLine(location=THERE, text="self.conv"), SourceLine(location=HERE, text="x = self.conv(x)"))
CUT = Change(what="Cut.", measured=True, location=THERE)
GOLDEN = Path(__file__).parents[1] / "report" / "golden"


def outcome(status: Status = Status.FAILED, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "id": "one", "title": "One", "check": "parameters", "kind": "required", "status": status, "points": 0,
        "max_points": 1, "expected": "fewer than 7", "observed": "9", "message": "Too many.", "evidence": (HERE,),
    }  # fmt: skip
    return Outcome.model_validate(values | changes)


def test_a_failed_outcome_gets_its_change_and_the_lines_of_both_places() -> None:
    (told,) = with_advice([outcome()], Advice({"one": (CUT,)}, LINES))
    assert told.changes == (CUT,)
    assert [line.text for line in told.lines] == ["x = self.conv(x)", "self.conv"]


@pytest.mark.parametrize(
    ("status", "changes", "lines"),
    [
        (Status.PASSED, 0, 0),
        (Status.ERROR, 0, 0),  # ours: there is nothing for the student to change
        (Status.INCONCLUSIVE, 0, 1),  # a change is known to mend a failure only
        (Status.SKIPPED, 0, 1),
        (Status.FAILED, 1, 2),
    ],
)
def test_what_is_told_by_status(status: Status, changes: int, lines: int) -> None:
    (told,) = with_advice([outcome(status)], Advice({"one": (CUT,)}, LINES))
    assert (len(told.changes), len(told.lines)) == (changes, lines)


def test_a_checks_own_changes_stand() -> None:
    own = Change(what="Look at the curve.")
    (told,) = with_advice([outcome(changes=(own,))], Advice({"one": (CUT,)}))
    assert told.changes == (own,)


def test_lines_are_bounded() -> None:
    places = tuple(Location(file="net.py", line=line) for line in range(1, 100))
    lines = tuple(SourceLine(location=place, text="x") for place in places)
    (told,) = with_advice([outcome(evidence=places)], Advice({}, lines))
    assert len(told.lines) == MOST_LINES


def test_under_another_rubric_a_change_holds_where_the_same_is_asked_for() -> None:
    before = with_advice([outcome()], Advice({"one": (CUT,)}, LINES))
    same, other = outcome(id="renamed"), outcome(id="two", expected="fewer than 5")
    after = with_advice([same, other], advice_again(before, [same, other]))
    assert [one.changes for one in after] == [(CUT,), ()]
    assert [line.text for line in after[1].lines] == ["x = self.conv(x)"]


def test_a_report_from_before_there_was_advice_is_still_read() -> None:
    import json

    data = json.loads((GOLDEN / "fail-static.json").read_text(encoding="utf-8"))
    for one in data["outcomes"]:
        for name in ("changes", "why", "lines"):
            del one[name]
    report = from_json(json.dumps(data))
    assert isinstance(report, GradeReport)
    assert all((one.changes, one.why, one.lines) == ((), "", ()) for one in report.outcomes)


def test_a_graph_that_took_long_to_measure_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from grader.advice import propose as proposing
    from grader.pipeline import advise as advising

    asked: list[Any] = []
    monkeypatch.setattr(proposing, "propose", lambda *given: asked.append(given) or {"one": (CUT,)})
    monkeypatch.setattr(advising, "source_lines", lambda root, checkout, places: LINES)
    monkeypatch.setattr(advising, "_measured", lambda facts: ())
    request = SimpleNamespace(rubric=None, submission=SimpleNamespace(root=None, checkout=None))
    candidate = SimpleNamespace(location=HERE)
    for seconds, changes in ((0.1, {"one": (CUT,)}), (11.0, {})):
        advice = advising.advise(request, candidate, None, None, seconds=seconds)  # type: ignore[arg-type]
        assert (dict(advice.changes), advice.lines) == (changes, LINES)
    assert len(asked) == 1
    assert asked[0][-1]() is True  # there is time left
