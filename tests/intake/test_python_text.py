"""Parsing in several threads at once, as batches, baselines and the service do."""

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from grader.intake.python_text import parse

LONG = f"x = [{', '.join(f'f({number}, a[{number}], b.c.d)' for number in range(400))}]\n"


@pytest.fixture
def interrupted_often() -> Iterator[None]:
    """Other threads have their turn in the middle of a tree: whenever garbage is looked for, which is often."""

    def give_way(phase: str, info: dict[str, int]) -> None:
        time.sleep(0)

    thresholds = gc.get_threshold()
    gc.callbacks.append(give_way)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(give_way)


@pytest.mark.usefixtures("interrupted_often")
def test_threads_do_not_disturb_each_other() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                parse(LONG)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
