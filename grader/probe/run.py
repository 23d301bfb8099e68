"""The probe from request to files: import, build, forward, export, convert."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from grader.probe.build import TRACE_BATCH, build_model, install_finders, run_once, seed_everything
from grader.probe.constructions import ConstructionRecorder
from grader.probe.devices import OnCPU, mapped_modules
from grader.probe.initializers import InitializerRecorder
from grader.probe.modules import SliceFinder
from grader.probe.notes import Notes
from grader.probe.stubs import forget_stand_ins


def run(request: dict[str, Any], folder: Path, notes: Notes) -> tuple[int, ...]:
    """Do what the request asks, write the files, and return the output's shape per image. Raises ProbeError."""
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(3_000)
    piece, shape = request["slice"], tuple(request["input_shape"])
    seed_everything(request["seed"])
    finder = SliceFinder(piece["modules"])
    install_finders(finder, notes)
    recorder, constructions = InitializerRecorder(), ConstructionRecorder()
    with OnCPU(notes), mapped_modules(notes), recorder, constructions, finder.first():
        model = build_model(finder, piece["entry"], piece["build"], notes)
        forget_stand_ins()
        batch, output = run_once(model, shape, request["batch_size"], notes)
    if request["mode"] == "export":
        _export(model, recorder, constructions, request, folder, batch, notes)
    return output


def _export(
    model: torch.nn.Module,
    recorder: InitializerRecorder,
    constructions: ConstructionRecorder,
    request: dict[str, Any],
    folder: Path,
    batch: int,
    notes: Notes,
) -> None:
    from grader.probe.convert import convert
    from grader.probe.export import export_pair

    shape, batch_size = tuple(request["input_shape"]), request["batch_size"]
    with OnCPU(notes):
        train, evaluation, bound = export_pair(model, shape, batch_size, any_batch=batch == TRACE_BATCH)
    if bound is not None:
        notes.add(f"the graph holds for batches of {bound} images only: the batch size matters inside the model")
    converted = convert((train, evaluation), model, recorder, shape, bound, constructions)
    (folder / "graphs.json").write_text(json.dumps(converted.graphs, allow_nan=False), encoding="utf-8")
    (folder / "tensors.safetensors").write_bytes(safetensors.torch.save(converted.tensors))
