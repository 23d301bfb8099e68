"""A check from an installed package: a real distribution, found by importlib.metadata."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.checks.registry import BUILT_IN, find_check
from grader.errors import RubricError

GOOD = """\
from grader.checks.base import Check
from grader.model.outcome import Finding, Status

def run(context, parameters):
    return Finding(status=Status.PASSED, expected="a few", observed="a few", message="Good.")

CHECK = Check("few_layers", run)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install("name", source, entry="few_layers")`: what pip leaves behind for a package of one module."""
    modules = []

    def write(package: str, source: str, entry: str = "few_layers") -> None:
        site = tmp_path / package
        metadata = site / f"{package}-1.2.dist-info"
        metadata.mkdir(parents=True)
        (site / f"{package}.py").write_text(source)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (metadata / "entry_points.txt").write_text(f"[grader.checks]\n{entry} = {package}:CHECK\n")
        monkeypatch.syspath_prepend(str(site))
        modules.append(package)

    yield write
    for module in modules:
        sys.modules.pop(module, None)


def test_an_installed_package_adds_a_check(install: Install) -> None:
    with pytest.raises(RubricError, match="unknown check 'few_layers'"):
        find_check("few_layers")
    install("fewpackage", GOOD)
    assert find_check("few_layers").name == "few_layers"


def test_a_misspelt_plug_in_is_suggested(install: Install) -> None:
    install("fewpackage", GOOD)
    with pytest.raises(RubricError, match=r"unknown check 'few_layer' \(did you mean 'few_layers'\?\)"):
        find_check("few_layer")


def test_a_built_in_cannot_be_replaced(install: Install) -> None:
    install("fewpackage", GOOD.replace("few_layers", "dropout"), entry="dropout")
    assert find_check("dropout") is BUILT_IN["dropout"]


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("import nothing_like_this\n", "can't be loaded (ModuleNotFoundError: No module named 'nothing_like_this')"),
        ("raise SystemExit\n", "can't be loaded (SystemExit)"),
        ("CHECK = 3\n", "is not a grader.checks.base.Check but a int"),
        ("OTHER = 3\n", "can't be loaded (AttributeError"),
        (GOOD.replace("few_layers", "other_name"), "calls itself 'other_name'"),
    ],
)
def test_a_broken_plug_in_gives_one_sentence_that_names_the_package(install: Install, source: str, part: str) -> None:
    install("fewpackage", source)
    with pytest.raises(RubricError) as caught:
        find_check("few_layers")
    assert part in str(caught.value)
    assert "few_layers' of the package fewpackage 1.2" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_packages_with_one_name_are_not_chosen_between(install: Install) -> None:
    install("fewpackage", GOOD)
    install("morepackage", GOOD)
    with pytest.raises(RubricError, match=r"fewpackage 1\.2 and morepackage 1\.2"):
        find_check("few_layers")
