"""Runs the probe as a plain subprocess on a source text; the sandbox has its own tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def probe(tmp_path: Path) -> ProbeRunner:
    """probe(source, build="Net()", mode="export", batch_size=16, modules...) -> (files, slice)."""

    def run(
        source: str, build: str = "Net()", *, mode: str = "export", batch_size: int = 16, **others: str
    ) -> tuple[dict[str, bytes], Slice]:
        piece = slice_of(source, build, **others)
        request = {
            "schema": "grader/probe-request/v1",
            "slice": piece.model_dump(mode="json"),
            "input_shape": [1, 28, 28],
            "batch_size": batch_size,
            "seed": 0,
            "mode": mode,
        }
        (tmp_path / "request.json").write_text(json.dumps(request))
        out = tmp_path / "out"
        out.mkdir()
        process = subprocess.run(
            [sys.executable, "-m", "grader.probe", str(tmp_path / "request.json"), str(out)],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return {file.name: file.read_bytes() for file in out.iterdir()}, piece

    return run
