"""Exports models for the benchmarks, those of tests/submissions and the reference models: the probe in a subprocess."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from grader.graph.schema import read_probe_output
from grader.model.graph import Export
from grader.model.submission import Chunk, Location, Slice, SlicedModule

_ROOT = Path(__file__).resolve().parent.parent
SUBMISSIONS, REFERENCES = _ROOT / "tests" / "submissions", _ROOT / "reference_models"


def export(variant: str) -> Export:
    """The graphs of "minimal" or "regularized"."""
    folder = SUBMISSIONS / variant
    notebooks = list(folder.glob("*.ipynb"))
    if not notebooks:
        return _export((folder / "model.py").read_text(encoding="utf-8"), "DigitNet()")
    cells = json.loads(notebooks[0].read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    needed = [source for source in sources if source.startswith("import ") or "class RegularizedNet" in source]
    return _export("\n".join(needed), "RegularizedNet()")


def export_reference(variant: str) -> Export:
    """The graphs of a reference model."""
    published = yaml.safe_load((REFERENCES / variant / "published.yaml").read_text(encoding="utf-8"))
    return _export((REFERENCES / variant / "model.py").read_text(encoding="utf-8"), f"{published['model']}()")


def _export(source: str, build: str) -> Export:
    modules = (SlicedModule(name="submission", chunks=(Chunk(label=0, source=source),)),)
    piece = Slice(modules=modules, entry="submission", build=build, origins=(Location(file="model.py"),))
    request = {
        "schema": "grader/probe-request/v1",
        "slice": piece.model_dump(mode="json"),
        "input_shape": [1, 28, 28],
        "batch_size": 128,
        "seed": 0,
        "mode": "export",
    }
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "request.json").write_text(json.dumps(request), encoding="utf-8")
        (place / "out").mkdir()
        command = [sys.executable, "-m", "grader.probe", str(place / "request.json"), str(place / "out")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        answer = read_probe_output({file.name: file.read_bytes() for file in (place / "out").iterdir()}, piece)
    if not isinstance(answer, Export):
        raise SystemExit(f"The probe could not export the model: {answer.message}")
    return answer
