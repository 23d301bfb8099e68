"""Runs the probe as a plain subprocess on a source text; the sandbox has its own tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.model.submission import Chunk, Location, Slice, SlicedModule

REPOSITORY = Path(__file__).resolve().parents[2]
HEADER = "import math, torch\nfrom torch import nn\nimport torch.nn.functional as F\n"  # three lines
ProbeRunner = Callable[..., tuple[dict[str, bytes], Slice]]


def slice_of(source: str, build: str = "Net()", **others: str) -> Slice:
    modules = [SlicedModule(name="net", chunks=(Chunk(label=0, source=HEADER + source),))]
    modules += [
        SlicedModule(name=name, chunks=(Chunk(label=index, source=text),))
        for index, (name, text) in enumerate(others.items(), 1)
    ]
    origins = (Location(file="net.py"), *(Location(file=f"{name}.py") for name in others))
    return Slice(modules=tuple(modules), entry="net", build=build, origins=origins)


def run_probe(request: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The files that the probe left."""
    common = {"schema": "grader/probe-request/v1", "input_shape": [1, 28, 28], "batch_size": 16, "seed": 0}
    (folder / "request.json").write_text(json.dumps(common | request))
    out = folder / "out"
    out.mkdir()
    process = subprocess.run(
        [sys.executable, "-m", "grader.probe", str(folder / "request.json"), str(out)],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.fixture
def probe(tmp_path: Path) -> ProbeRunner:
    """probe(source, build="Net()", mode="export", modules...) -> (files, slice)."""

    def run(
        source: str, build: str = "Net()", *, mode: str = "export", **others: str
    ) -> tuple[dict[str, bytes], Slice]:
        piece = slice_of(source, build, **others)
        return run_probe({"slice": piece.model_dump(mode="json"), "mode": mode}, tmp_path), piece

    return run


@pytest.fixture(scope="session")
def probe_shapes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """probe_shapes([(source, build), ...], seconds_each=20) -> (files, slices): several models in one start."""

    def run(models: list[tuple[str, str]], seconds_each: float = 20) -> tuple[dict[str, bytes], list[Slice]]:
        pieces = [slice_of(source, build) for source, build in models]
        slices = [piece.model_dump(mode="json") for piece in pieces]
        request = {"slices": slices, "mode": "shapes", "seconds_each": seconds_each}
        return run_probe(request, tmp_path_factory.mktemp("shapes")), pieces

    return run
