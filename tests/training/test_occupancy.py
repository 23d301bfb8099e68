"""Whether one more training is worth its place, from what was counted."""

import pytest

from grader.training.occupancy import Occupancy


def counted(most: int, paces: dict[int, float], seconds: float = 10.0) -> Occupancy:
    """So many steps per second for so many trainings at a time, counted ten times a second."""
    occupancy = Occupancy(most)
    for lanes, pace in paces.items():
        for _ in range(int(10 * seconds)):
            occupancy.note(lanes, round(pace / 10), 0.1, now=0.0)
    return occupancy


@pytest.mark.parametrize(
    ("paces", "lanes", "expected"),
    [
        ({}, 0, True),
        ({}, 5, True),  # nothing is known
        ({}, 8, False),  # as many as there may be
        ({1: 1000, 2: 1900}, 1, True),
        ({1: 1000, 2: 1900, 3: 1910}, 2, False),  # the third brought nothing
        ({1: 1000, 2: 1900, 3: 1910}, 3, True),  # of a fourth nothing is known
        ({3: 1910, 4: 1800}, 3, False),
        ({1: 1000, 2: 900}, 0, True),  # the first always is
    ],
)
def test_one_more(paces: dict[int, float], lanes: int, expected: bool) -> None:
    assert counted(8, paces).has_place(lanes, now=1.0) is expected


def test_a_few_seconds_tell_nothing() -> None:
    assert counted(8, {2: 1900, 3: 1000}, seconds=4.0).has_place(2, now=1.0)


def test_what_was_long_ago_is_tried_again() -> None:
    occupancy = counted(8, {2: 1900, 3: 1000})
    assert not occupancy.has_place(2, now=100.0)
    occupancy.note(2, 190, 0.1, now=110.0)
    assert occupancy.has_place(2, now=130.0)
