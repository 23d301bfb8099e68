"""What is fuzzed: the three parsers of untrusted bytes, each as a function that any bytes must leave alive.

A target returns quietly for whatever is read or refused with a `GraderError`; every other exception is a finding, and
so is one that takes longer than `LIMIT` seconds of CPU time.

    graph     graphs.json; after a NUL byte, if there is one, tensors.safetensors (else one that fits is made)
    notebook  a notebook, or plain Python in its place
    claims    README.md; after a line "%%output", if there is one, what a notebook's cell printed
"""

import contextlib
import json
import signal
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from grader.analysis.claims.verify import check_claims
from grader.analysis.measure import measure
from grader.errors import GraderError, SubmissionError
from grader.graph.digest import digest
from grader.graph.element_types import SAFETENSORS
from grader.graph.rebuild import rebuild
from grader.graph.schema import read_probe_output
from grader.intake.claims.read import read_claims
from grader.intake.discover import discover
from grader.intake.recipe.assemble import assemble
from grader.intake.recipe.read import read_code_recipe
from grader.intake.slice import slice_candidate
from grader.model.claims import Claims
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.recipe import Recipe, Sgd
from grader.model.submission import Location, Slice
from grader.model.training import Training

LIMIT = 5.0  # seconds of CPU time for one input
INPUT_SHAPE = (1, 12, 12)  # of the task that the graphs are for
SEPARATOR = b"\0"
OUTPUT_LINE = b"\n%%output\n"
CORPUS = Path(__file__).parent / "corpus"
PIECE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"), Location(file="other.py")))
RESULT = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
MOST_FABRICATED = 1 << 20  # bytes of a tensor file that is made to fit
NET = """import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))

model = Net()
"""


class TooSlow(BaseException):
    """An input took longer than the limit. No `except Exception` may swallow it."""


def graph(data: bytes) -> None:
    """Read, rebuild, propagate and measure an export."""
    with _bounded():
        export = read_export(data)
        if export is not None:
            with contextlib.suppress(GraderError):
                measure(export)
                rebuild(export, seed=0)
                digest(export)


def read_export(data: bytes) -> Export | None:
    """The export that the bytes are; None where they are refused."""
    graphs, separator, tensors = data.partition(SEPARATOR)
    files = {
        "result.json": json.dumps(RESULT | {"output_shape": [10]}).encode(),
        "graphs.json": graphs,
        "tensors.safetensors": tensors if separator else fitting_tensors(graphs),
    }
    if graphs.startswith(b'{"schema":"grader/probe-result'):
        files["result.json"] = graphs
    try:
        answer = read_probe_output(files, PIECE, input_shape=INPUT_SHAPE)
    except GraderError:
        return None
    return answer if isinstance(answer, Export) else None


def fitting_tensors(graphs: bytes) -> bytes:
    """A safetensors file with a tensor for each buffer and constant that `graphs` describes; empty where it can't."""
    try:
        data = json.loads(graphs)
        specs = sorted((data["buffers"] | data["constants"]).items())
        sizes = [prod(spec["shape"]) * SAFETENSORS[spec["dtype"]][1] for _, spec in specs]
        if min(sizes, default=0) < 0 or sum(sizes) > MOST_FABRICATED:
            return b""
        header, content = {}, b""
        for (name, spec), size in zip(specs, sizes, strict=True):
            span = [len(content), len(content) + size]
            header[name] = {"dtype": SAFETENSORS[spec["dtype"]][0], "shape": spec["shape"], "data_offsets": span}
            content += _content(spec["dtype"], size)
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + content
    except Exception:  # the bytes are anything
        return b""


def _content(dtype: str, size: int) -> bytes:
    """Zeros, ones and halves, whatever the type makes of them."""
    pattern = {
        "float32": struct.pack("<4f", 0.0, 1.0, -0.5, 2.0),
        "float64": struct.pack("<4d", 0.0, 1.0, -0.5, 2.0),
        "int64": struct.pack("<4q", 0, 1, 2, -1),
        "bool": b"\0\1",
    }.get(dtype, b"\0\1")
    return (pattern * (size // len(pattern) + 1))[:size]


def notebook(data: bytes) -> None:
    """Discover, slice, and read the recipe of a notebook."""
    with _bounded(), tempfile.TemporaryDirectory(dir=_memory()) as folder:
        root = Path(folder)
        (root / "net.ipynb").write_bytes(data)
        with contextlib.suppress(GraderError):
            found = discover(root)
            for candidate in found.candidates[:2]:
                assemble(read_code_recipe(root, candidate, checkout=None), _recipe())
                with contextlib.suppress(SubmissionError):
                    slice_candidate(root, candidate).model_dump_json()


def claims(data: bytes) -> None:
    """Read the claims of a README and an output, and hold them against a model."""
    text, _, printed = data.partition(OUTPUT_LINE)
    with _bounded(), tempfile.TemporaryDirectory(dir=_memory()) as folder:
        root = Path(folder)
        (root / "README.md").write_bytes(text)
        (root / "net.ipynb").write_text(json.dumps(_with_output(printed.decode("utf-8", "replace"))))
        with contextlib.suppress(GraderError):
            candidate = discover(root).candidates[0]
            stated, notes = read_claims(root, candidate, checkout=None, readme=None)
            checked = check_claims(stated, _facts(), Training(status="not_requested"))
            Claims(checked=checked, notes=notes).model_dump_json()


def _with_output(printed: str) -> dict[str, Any]:
    code = {"cell_type": "code", "source": NET, "execution_count": 1, "metadata": {}}
    stream = {"output_type": "stream", "name": "stdout", "text": printed}
    return {"cells": [code | {"outputs": [stream]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


TARGETS: dict[str, Callable[[bytes], None]] = {"graph": graph, "notebook": notebook, "claims": claims}


@cache
def _facts() -> Facts:
    export = read_export((CORPUS / "graph" / "plain.json").read_bytes())
    assert export is not None
    return measure(export)


@cache
def _recipe() -> Recipe:
    return Recipe(name="reference", epochs=1, optimizer=Sgd(name="sgd", lr=0.1))


@cache
def _memory() -> str | None:
    """A folder in memory, where there is one: the inputs are many."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Raise TooSlow in the body after LIMIT seconds of CPU time; a long call of C is noticed when it ends."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {LIMIT:g} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
