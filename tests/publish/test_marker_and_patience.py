"""The hidden marker, and the policy of waiting."""

import pytest
import requests
from github import GithubException

from grader.publish.failure import Delayed, Forbidden, Gone, Refused, Uncertain
from grader.publish.marker import Author, Comment, Thread
from grader.publish.patience import Patience

THREAD = Thread("https://api.github.com", 7, 1, "mnist-20k", b"key")
BOT = Author("grader[bot]", is_bot=True)


def comment(number: int, first_line: str, author: str = "grader[bot]", bot: bool = True) -> Comment:
    return Comment(number, f"{first_line}\ntext", author, bot)


def test_a_marker_holds_for_one_comment_of_one_place() -> None:
    line = THREAD.line(5)
    assert THREAD.ours([comment(5, line)], BOT) == [comment(5, line)]
    assert THREAD.ours([comment(6, line), comment(5, f"> {line}"), comment(5, line[:-5] + "0 -->")], BOT) == []
    for other in (
        Thread("https://github.example.org/api/v3", 7, 1, "mnist-20k", b"key"),
        Thread("https://api.github.com", 8, 1, "mnist-20k", b"key"),
        Thread("https://api.github.com", 7, 2, "mnist-20k", b"key"),
        Thread("https://api.github.com", 7, 1, "mnist-8k", b"key"),
        Thread("https://api.github.com", 7, 1, "mnist-20k", b"other"),
        Thread("https://api.github.com", 7, 1, "mnist-20k", b""),
    ):
        assert other.ours([comment(5, line), comment(5, THREAD.line(None))], BOT) == []


def test_of_several_new_ones_the_oldest_of_ours_is_kept_and_a_proven_one_before() -> None:
    fresh, proven = THREAD.line(None), comment(9, THREAD.line(9))
    by_a_student = comment(1, fresh, "ada", bot=False)
    found = THREAD.ours([comment(4, fresh), by_a_student, comment(3, fresh), proven], BOT)
    assert [one.id for one in found] == [9, 3, 4]


def test_no_rubric_can_end_the_marker_early() -> None:
    line = Thread("https://api.github.com", 7, 1, "--> <b>@everybody", b"key").line(5)
    assert line.count("-->") == 1
    assert "@" not in line


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Bad credentials", Forbidden),
        (403, "Resource not accessible by integration", Forbidden),
        (403, "Unable to create comment because issue is locked.", Refused),
        (404, "Not Found", Gone),
        (410, "This issue was deleted", Gone),
        (422, "Validation Failed", Refused),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(status: int, message: str, kind: type[Exception]) -> None:
    slept: list[float] = []

    def refuse() -> None:
        raise GithubException(status, {"message": message}, {})

    with pytest.raises(kind) as raised:
        Patience(sleep=slept.append).ask(refuse, "write a comment on course/x")
    assert type(raised.value) is kind
    assert slept == []


def test_outages_are_waited_out_ever_longer_and_not_for_ever() -> None:
    slept: list[float] = []

    def fail() -> None:
        raise requests.ConnectionError("no")

    with pytest.raises(Delayed, match="does not answer: ConnectionError"):
        Patience(sleep=slept.append, draw=lambda low, high: high).ask(fail, "read")
    assert slept == [1, 2, 4, 8]
    with pytest.raises(Uncertain):
        Patience(sleep=slept.append).ask(fail, "write", repeatable=False)
    assert slept == [1, 2, 4, 8]


def test_what_is_waited_is_bounded_for_all_requests_together() -> None:
    slept: list[float] = []
    patience = Patience(left=100, sleep=slept.append)

    def limited() -> str:
        if len(slept) % 2 == 0:
            raise GithubException(429, {}, {"Retry-After": "40"})
        return "done"

    assert patience.ask(limited, "read") == "done"
    slept.append(0)
    assert patience.ask(limited, "read") == "done"
    slept.append(0)
    with pytest.raises(Delayed) as raised:
        patience.ask(limited, "read")
    assert raised.value.seconds == 40
    assert slept == [40, 0, 40, 0]


def test_a_students_words_in_githubs_answer_are_harmless() -> None:
    def refuse() -> None:
        raise GithubException(422, {"message": "\x1b[2J::error::\u202e"}, {})

    with pytest.raises(Refused) as raised:
        Patience().ask(refuse, "write")
    assert "\x1b" not in str(raised.value)
    assert "\u202e" not in str(raised.value)
