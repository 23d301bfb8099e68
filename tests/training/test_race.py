"""Several seeds: the outcome is as if they had trained one after the other."""

import os
from collections.abc import Callable, Sequence
from typing import Self

import pytest

from grader.errors import TrainingError
from grader.model.graph import Export
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.events import Ended, Event, Refused, Started
from grader.training.job import TrainingJob
from grader.training.race import Race, Refusal
from grader.training.runner import Way

STARTED = Started(environment={}, initializers={}, epochs=1, images=1)
ENDED = Ended(stopped="completed", environment={})


class Scripted:
    """Stands for a training process: says what its script holds, then nothing, or its last word."""

    queues = False
    scripts: dict[int, list[Event]]
    alive: set[int]
    most_alive: int

    def __init__(self, job: TrainingJob) -> None:
        self.seed = job.seed

    def __enter__(self) -> Self:
        cls = type(self)
        cls.alive.add(self.seed)
        cls.most_alive = max(cls.most_alive, len(cls.alive))
        self._reading, self._writing = os.pipe()
        if self.scripts[self.seed]:
            os.write(self._writing, b"x")
        return self

    def __exit__(self, *_: object) -> None:
        type(self).alive.remove(self.seed)
        os.close(self._reading)
        os.close(self._writing)

    def fileno(self) -> int:
        return self._reading

    def read(self) -> list[Event] | None:
        script = self.scripts[self.seed]
        if not script:
            return None
        return [script.pop(0)]

    def want_of_memory(self) -> None:
        return None

    def last_words(self) -> str:
        return "exit code 7"


@pytest.fixture
def run(small: Export) -> Callable[..., tuple[int, list[int]]]:
    """run(scripts, succeeding, workers) -> (how many runs count, the seeds in the order in which they were closed).

    `needed` of those in `succeeding` are enough.
    """

    def run(
        scripts: dict[int, list[Event]],
        succeeding: set[int],
        workers: int,
        needed: int = 1,
        ways: Sequence[Way] = (Scripted,),
    ) -> tuple[int, list[int]]:
        Scripted.scripts, Scripted.alive, Scripted.most_alive = scripts, set(), 0
        recipe, task = Recipe(optimizer=Sgd(lr=0.1)), Task(dataset="digits")
        jobs = [TrainingJob(export=small, recipe=recipe, task=task, seed=seed) for seed in scripts]
        closed: list[int] = []
        race = Race(
            jobs,
            news=lambda index, event: None,
            closing=lambda index, process: closed.append(index),
            enough=lambda indices: len(succeeding.intersection(indices)) >= needed,
            epoch_seconds=60,
            ways=ways,
        )
        try:
            return race.run(workers), closed
        finally:
            assert Scripted.alive == set()
            assert Scripted.most_alive <= workers

    return run


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_first_success_makes_later_seeds_unnecessary(run: Callable, workers: int) -> None:
    scripts: dict[int, list[Event]] = {seed: [STARTED, ENDED] for seed in range(4)}
    scripts[0] = [STARTED, STARTED, STARTED, ENDED]
    counted, _ = run(scripts, {1, 3}, workers)
    assert counted == 2


def test_a_slow_early_success_still_decides(run: Callable) -> None:
    scripts: dict[int, list[Event]] = {0: [STARTED] * 9 + [ENDED], 1: [STARTED, ENDED], 2: [STARTED, ENDED]}
    assert run(scripts, {0, 1}, 3)[0] == 1


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize(("succeeding", "expected"), [({0, 1}, 2), ({1, 3}, 4), ({0, 2, 4}, 3), ({4}, 5)])
def test_two_successes_make_later_seeds_unnecessary(
    run: Callable, workers: int, succeeding: set[int], expected: int
) -> None:
    """In every order of ending: seed 0 is the slowest."""
    scripts: dict[int, list[Event]] = {seed: [STARTED] * (9 - 2 * seed) + [ENDED] for seed in range(5)}
    assert run(scripts, succeeding, workers, needed=2)[0] == expected


def test_without_success_all_run(run: Callable) -> None:
    counted, closed = run({seed: [STARTED, ENDED] for seed in range(5)}, set(), 2)
    assert counted == 5
    assert sorted(closed) == [0, 1, 2, 3, 4]


def test_a_refusal_ends_it(run: Callable) -> None:
    with pytest.raises(Refusal, match="no data"):
        run({0: [Refused(kind="data", message="no data")], 1: [STARTED] * 50}, set(), 2)


def test_a_process_that_breaks_off_ends_it(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "read", lambda self: None)
    with pytest.raises(TrainingError, match="seed 0 broke off: exit code 7"):
        run({0: [STARTED]}, set(), 1)


class Broken(Scripted):
    """Says that it has started, then breaks off."""

    def read(self) -> list[Event] | None:
        return [STARTED] if os.read(self._reading, 1) == b"x" and not self._said() else None

    def _said(self) -> bool:
        os.write(self._writing, b"y")
        return False


class Away(Scripted):
    """Can't even be begun."""

    def __enter__(self) -> Self:
        raise TrainingError("It is away.")


@pytest.mark.parametrize("workers", [1, 3])
def test_what_breaks_off_or_does_not_begin_goes_on_in_the_next_way(run: Callable, workers: int) -> None:
    scripts: dict[int, list[Event]] = {seed: [STARTED, ENDED] for seed in range(3)}
    counted, closed = run(scripts, set(), workers, ways=(Away, Broken, Scripted))
    assert counted == 3
    assert sorted(closed) == [0, 0, 1, 1, 2, 2]  # the broken one's weights may be all that there is


def test_where_no_way_is_left_it_is_said(run: Callable) -> None:
    with pytest.raises(TrainingError, match="seed 0 broke off: exit code 7"):
        run({0: [STARTED]}, set(), 1, ways=(Away, Broken))
    with pytest.raises(TrainingError, match="It is away"):
        run({0: [STARTED]}, set(), 1, ways=(Broken, Away))
