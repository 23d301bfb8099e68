"""What is easily changed leaves no trace in the tokens; where they stand is kept."""

import json
import time
from collections.abc import Callable

import pytest

from grader.intake.source import Source
from grader.similarity import tokens
from grader.similarity.fingerprint import fingerprint
from grader.similarity.tokens import token_texts

Reader = Callable[..., list[Source]]


def _tokens(sources: list[Source]) -> str:
    return "".join(text.tokens for text in token_texts(sources)[0])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a = b.Conv2d(1, 2)\n", "layer = b.Conv2d(16,\n    32)  # wide\n"),
        ("def f(a):\n    return a\n", 'def g(value):\n    """Give it back."""\n\n    return value\n'),
        ("print('a')\n", 'print("""several\nlines""")\n'),
        ("x = 1\nprint(f'{x} of {x:.2f}')\n", "y = 2\nprint('y')\n"),
        ("import torch.nn as nn\nnn.Linear(1, 2)\n", "import torch.nn as n\nn.Linear(3, 4)\n"),
    ],
)
def test_disguises(first: str, second: str, read_sources: Reader) -> None:
    assert _tokens(read_sources("a.py", first)) == _tokens(read_sources("b.py", second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a = nn.Conv2d(1, 2)\n", "a = nn.Linear(1, 2)\n"),
        ("a = 1 + 2\n", "a = 1 * 2\n"),
        ("step = 1\nb.step()\n", "step = 1\nb.stop()\n"),
    ],
)
def test_differences(first: str, second: str, read_sources: Reader) -> None:
    assert _tokens(read_sources("a.py", first)) != _tokens(read_sources("b.py", second))


def test_lines_are_kept(read_sources: Reader) -> None:
    (text,) = token_texts(read_sources("a.py", '"""Text."""\n\na = 1\n\nb = (2 +\n     3)\n'))[0]
    assert text.lines == ((0, 3), (3, 5), (8, 6))
    assert [text.line_of(token) for token in range(len(text.tokens))] == [3] * 3 + [5] * 5 + [6] * 2


def test_a_notebook_is_its_cells(read_sources: Reader) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Digits"},
        {"cell_type": "code", "metadata": {}, "source": "%matplotlib inline\na = 1", "outputs": []},
        {"cell_type": "code", "metadata": {}, "source": "b = nn.Linear(1, 2)", "outputs": []},
    ]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    one, two = token_texts(read_sources("n.ipynb", notebook))[0]
    assert (one.cell, two.cell) == (1, 2)
    assert two.tokens == _tokens(read_sources("a.py", "b = nn.Linear(1, 2)"))


def test_a_long_source_is_cut_and_says_so(read_sources: Reader) -> None:
    begun = time.process_time()
    found = fingerprint(None, read_sources("a.py", "a = a + 1\n" * 20_000, "b.py", "c = 2\n"))
    assert found.cut
    assert sum(len(text.tokens) for text in found.texts) == tokens.MOST_TOKENS
    assert time.process_time() - begun < 10


def test_the_fingerprint_is_plain_data(read_sources: Reader) -> None:
    found = fingerprint(None, read_sources("a.py", "a = nn.Conv2d(1, 2)\n"))
    assert type(found).model_validate_json(found.model_dump_json()) == found
    assert not fingerprint(None, []).texts


def test_a_file_name_that_is_no_text_does_no_harm(read_sources: Reader) -> None:
    found = fingerprint(None, read_sources("caf\udce9.py", "a = nn.Conv2d(1, 2)\n"))
    assert found.texts[0].file == "caf?.py"
    assert found.model_dump_json()
