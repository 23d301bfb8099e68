"""What `grader batch` shows while it runs: lines for a log, a table for a terminal, nothing with --quiet."""

import io
import sys

import pytest
from rich.console import Console

from grader.batch.run.watch import Watch
from grader.cli import batch_display
from grader.cli.batch_display import Standing, display, duration, seconds_left
from grader.model.work import Stage
from grader.training.launch import ProgressEvent

EVENT = ProgressEvent(
    seed=1, run=1, runs=3, epoch=3, finished=2, epochs=10, share=0.2, accuracy=0.98, best_accuracy=0.981,
    seconds_left=90.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (3599, "60 min"), (7199, "2 h 00 min"), (90_000, "25 h 00 min")],
)
def test_durations_are_rough(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_time_left_is_told_once_something_is_known() -> None:
    assert seconds_left(10, 0, 60) is None
    assert seconds_left(10, 5, 60) == 120
    assert seconds_left(0, 5, 60) is None


def test_what_was_found_says_nothing_about_the_time_left() -> None:
    standing = Standing(wanted=4)
    standing.take("a", "pass", True)
    assert standing.summary() == "1 of 4, 1 passed"
    standing.take("b", "fail", False)
    assert standing.summary().startswith("2 of 4, 1 passed, 1 not passed, about 0 s left")


def play(watch: Watch) -> None:
    watch.begun(5, 3)
    watch.stage("ada", Stage.CLONE)
    watch.stage("ada", Stage.TRAIN)
    watch.training("ada", EVENT)
    watch.ended("bob", "pass", "All is met.", True)
    watch.ended("eve\x1b[31m\n::error::", "unreached", "It broke: \x07 off.", False)


def test_a_log_has_a_line_for_each_who_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with display(quiet=False) as watch:
        play(watch)
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert [line.partition("] ")[2] for line in stderr.splitlines()] == [
        "5 students, 3 to grade",
        "1 of 3: bob: passed, done before",
        "2 of 3: eve⟪U+001B⟫[31m⟪U+000A⟫::error::: no report: It broke: ⟪U+0007⟫ off.",
    ]


def test_a_log_says_now_and_then_that_it_goes_on(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_display, "_PULSE_SECONDS", 0.0)
    monkeypatch.setattr(batch_display, "_LOOK_SECONDS", 0.01)
    with display(quiet=False) as watch:
        watch.begun(2, 2)
        seen = ""
        while "0 of 2" not in seen:
            seen += capfd.readouterr().err


def test_quiet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with display(quiet=True) as watch:
        play(watch)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_has_a_table_of_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        batch_display, "_console", lambda: Console(file=screen, force_terminal=True, width=100, color_system=None)
    )
    with display(quiet=False) as watch:
        play(watch)
        for index in range(20):
            watch.stage(f"student {index}", Stage.PROBE)
    shown = screen.getvalue()
    assert "2 of 3, 1 passed, 1 no report" in shown
    assert "seed 1: epoch 3 of 10, 98.00 %, best 98.10 %, 1 min 30 s left" in shown
    assert "student 10  building" in shown
    assert "student 11  building" not in shown
    assert "and 9 more" in shown
    assert "eve⟪U+001B⟫[31m⟪U+000A⟫::error::: no report" in shown
    assert "\x07" not in shown


def test_words_are_there_for_every_stage() -> None:
    assert set(batch_display.STAGES) == set(Stage)
