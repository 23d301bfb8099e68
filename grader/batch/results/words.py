"""What each result is called, with its sign and tone: the same words in the table, the bar and the buttons."""

from dataclasses import dataclass

from grader.model.result import Result


@dataclass(frozen=True)
class Word:
    """`tone` is pass, fail, warn, ours or none; `class_` fills the bar."""

    text: str
    icon: str
    tone: str
    class_: str


WORDS: dict[Result, Word] = {
    "pass": Word("Passed", "✓", "pass", "result-pass"),
    "fail": Word("Not passed", "✕", "fail", "result-fail"),
    "inconclusive": Word("Inconclusive", "?", "warn", "result-open"),
    "ungradable": Word("Could not be graded", "?", "warn", "result-mend"),
    "error": Word("Error on our side", "!", "ours", "result-ours"),
    "unreached": Word("No report", "!", "ours", "result-ours"),
    "waiting": Word("Waiting", "…", "none", "result-none"),
    "nothing": Word("Nothing to grade", "–", "none", "result-none"),
    "excused": Word("Excused", "–", "none", "result-none"),
}
