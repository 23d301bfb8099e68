"""The wheel: one top-level package, with the shipped rubrics, templates and reference models inside it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_only_the_package_is_at_the_top(installed: Path) -> None:
    names = {entry.name for entry in installed.iterdir() if not entry.name.endswith(".dist-info")}
    assert names == {"grader"}


def test_assets_are_found_when_installed(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import grader; assert grader.__file__.startswith(sys.argv[1]), grader.__file__\n"
        "from grader.assets import folder\n"
        "print(folder('rubrics') / 'mnist-20k.yaml', folder('templates'), folder('reference_models') / 'demo')\n"
    )
    command = [sys.executable, "-I", "-c", code, str(installed)]
    places = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert len(places) == 3
    for place in places:
        assert place.startswith(str(installed))
        assert Path(place).exists()
