"""Every repository of the corpus through the real command: nothing gets out, and the report says what it must."""

import shutil
from typing import Any

import corpus
import pytest
from arena import Arena


def _cases() -> list[Any]:
    found = []
    for name in corpus.names():
        case, _ = corpus.load(name)
        marker = pytest.mark.attack(name.partition("/")[0], case.attack, kind=case.kind)
        found.append(pytest.param(name, marks=marker, id=name))
    return found


@pytest.mark.parametrize("name", _cases())
def test_attack(name: str, arena: Arena, tally: dict[str, Any]) -> None:
    case, submission = corpus.load(name)
    # A copy: what an attack does to its own folder must not reach this repository.
    root = shutil.copytree(submission, arena.folder / "submission", symlinks=True)
    answer = arena.run("check", root, *case.command)
    tally["contained"] = not answer.breaches
    disagreements = list(corpus.disagreements(case, answer))
    tally["detected"] = not disagreements
    assert not answer.breaches, f"{case.attack} {answer.breaches}"
    assert not disagreements, f"{case.attack} {disagreements}"
