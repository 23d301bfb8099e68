"""Copies are found under a disguise, the course's own code is not held against anybody."""

import importlib.util
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from grader.intake.source import Source
from grader.model.similarity import Fingerprint, TokenText
from grader.similarity.clusters import clusters
from grader.similarity.fingerprint import fingerprint

Reader = Callable[..., list[Source]]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TEXTS = _module("texts")


@pytest.fixture
def print_of(read_sources: Reader) -> Callable[..., Fingerprint]:
    return lambda *names_and_texts: fingerprint(None, read_sources(*names_and_texts))


Print = Callable[..., Fingerprint]


def test_a_disguised_copy_is_found_with_its_lines(print_of: Print) -> None:
    (cluster,) = clusters({
        "ada": print_of("model.py", TEXTS.MODEL),
        "bob": print_of("net.py", TEXTS.DISGUISED),
        "cyd": print_of("model.py", TEXTS.INDEPENDENT),
    })  # fmt: skip
    assert cluster.students == ("ada", "bob")
    assert cluster.likeness == ("source",)
    assert cluster.question.startswith("2 submissions have passages of the same source. Did they")
    (pair,) = cluster.pairs
    assert pair.similarity > 0.8
    assert pair.first_share > 0.9
    longest = pair.passages[0]
    assert (str(longest.first), longest.first_end) == ("model.py:7", 26)
    assert (str(longest.second), longest.second_end) == ("net.py:4", 21)


def test_code_of_the_course_is_of_no_account(print_of: Print) -> None:
    given = ("train.py", TEXTS.STARTER)
    two = {"ada": print_of("a.py", TEXTS.MODEL, *given), "cyd": print_of("c.py", TEXTS.INDEPENDENT, *given)}
    starter = print_of(*given)
    assert clusters({name: print_of(*given) for name in two})  # without --starter it is what they have in common
    assert clusters(two, starter) == ()
    copied = {**two, "bob": print_of("b.py", TEXTS.DISGUISED, *given)}
    (cluster,) = clusters(copied, starter)
    assert cluster.students == ("ada", "bob")
    assert all(passage.first.file != "train.py" for pair in cluster.pairs for passage in pair.passages)


def test_what_much_of_a_class_has_is_of_no_account(print_of: Print) -> None:
    """Ten students with the tutorial's training loop, and models of which two are one."""
    own = [f"weights = [{', '.join(['a.b(1)[c]'] * n)}]\n" + "x = y + z * q\n" * n for n in range(8)]
    students = {f"s{n}": print_of("t.py", TEXTS.STARTER, "m.py", text) for n, text in enumerate(own)}
    students["ada"] = print_of("t.py", TEXTS.STARTER, "m.py", TEXTS.MODEL)
    students["bob"] = print_of("t.py", TEXTS.STARTER, "m.py", TEXTS.DISGUISED)
    assert ("ada", "bob") in [cluster.students for cluster in clusters(students)]
    assert all(len(cluster.students) < 9 for cluster in clusters(students))


def test_moved_code_is_found(print_of: Print) -> None:
    parts = TEXTS.STARTER.split("\n\n\n")
    turned = "\n\n\n".join([parts[0], *reversed(parts[1:])])
    (cluster,) = clusters({"ada": print_of("a.py", TEXTS.STARTER), "bob": print_of("b.py", turned)})
    (pair,) = cluster.pairs
    assert pair.similarity > 0.85
    assert len(pair.passages) == 4  # the imports and three functions


def test_equal_graphs_are_a_cluster_whatever_the_source(print_of: Print) -> None:
    ada, cyd = print_of("a.py", TEXTS.MODEL), print_of("c.py", TEXTS.INDEPENDENT)
    same = {"graph": "1" * 64, "shapes": "2" * 64}
    (cluster,) = clusters({"ada": ada.model_copy(update=same), "cyd": cyd.model_copy(update=same)})
    assert cluster.likeness == ("graph", "shapes")
    assert "source that is not alike" in cluster.question
    shapes = {"ada": ada.model_copy(update=same), "cyd": cyd.model_copy(update={**same, "graph": "3" * 64})}
    assert [cluster.likeness for cluster in clusters(shapes)] == [("shapes",)]
    assert clusters(shapes, Fingerprint(shapes="2" * 64)) == ()


def test_a_copy_in_graph_and_source_comes_first(print_of: Print) -> None:
    prints = {
        "ada": print_of("a.py", TEXTS.MODEL).model_copy(update={"graph": "1" * 64}),
        "bob": print_of("b.py", TEXTS.DISGUISED).model_copy(update={"graph": "1" * 64}),
        "cyd": print_of("c.py", TEXTS.INDEPENDENT).model_copy(update={"graph": "4" * 64}),
        "dan": Fingerprint(graph="4" * 64),
    }
    first, second = clusters(prints)
    assert (first.students, first.likeness) == (("ada", "bob"), ("graph", "source"))
    assert (second.students, second.likeness) == (("cyd", "dan"), ("graph",))
    assert second.pairs == ()


def test_part_of_a_group_with_similar_sources_has_similar_sources(print_of: Print) -> None:
    ada, bob = print_of("a.py", TEXTS.MODEL), print_of("b.py", TEXTS.DISGUISED)
    same = {"graph": "1" * 64}
    all_three, two = sorted(
        clusters({"ada": ada.model_copy(update=same), "bob": bob, "dan": ada.model_copy(update=same)}),
        key=lambda cluster: -len(cluster.students),
    )
    assert (all_three.students, all_three.likeness) == (("ada", "bob", "dan"), ("source",))
    assert (two.students, two.likeness) == (("ada", "dan"), ("graph", "source"))


def test_what_a_third_of_the_class_has_is_called_widespread(print_of: Print) -> None:
    prints = {f"s{n}": Fingerprint(graph=("a" * 64 if n < 4 else None)) for n in range(10)}
    (cluster,) = clusters(prints)
    assert cluster.widespread
    assert "--starter" in cluster.question


@pytest.mark.parametrize("prints", [{}, {"ada": Fingerprint()}, {"ada": Fingerprint(), "bob": Fingerprint()}])
def test_nothing_to_compare(prints: dict[str, Fingerprint]) -> None:
    assert clusters(prints) == ()
    assert clusters(prints, Fingerprint()) == ()


def test_a_thousand_are_compared_in_seconds() -> None:
    """Sources drawn at random, and one that takes two thirds of another."""
    draw = random.Random(1)
    letters = "VVVVNNS" + "".join(chr(0xF0000 + number) for number in range(40))

    def text(tokens: str) -> Fingerprint:
        return Fingerprint(texts=(TokenText(file="a.py", tokens=tokens, lines=((0, 1),)),))

    drawn = ["".join(draw.choices(letters, k=600)) for _ in range(1000)]
    drawn[700] = drawn[300][:400] + drawn[700][:100]
    began = time.process_time()
    (cluster,) = clusters({f"s{number}": text(tokens) for number, tokens in enumerate(drawn)})
    assert time.process_time() - began < 30
    assert cluster.students == ("s300", "s700")
    (pair,) = cluster.pairs
    assert [passage.tokens for passage in pair.passages] == [400]
    assert (pair.first_share, pair.second_share) == (round(400 / 600, 4), round(400 / 500, 4))


def test_evidence_is_found_for_the_most_telling_ones(monkeypatch: pytest.MonkeyPatch, print_of: Print) -> None:
    monkeypatch.setattr("grader.similarity.clusters.MOST_EXPLAINED", 1)
    first, second = print_of("a.py", TEXTS.MODEL), print_of("b.py", TEXTS.STARTER)
    closer, rest = clusters({"ada": first, "bob": first, "cyd": second, "dan": second})
    assert (len(closer.pairs), len(rest.pairs)) == (1, 0)
    assert rest.strongest == pytest.approx(1)
