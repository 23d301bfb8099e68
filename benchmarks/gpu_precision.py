"""Does TF32 in convolutions cost accuracy? The captured engine with and without it, seed by seed, in one process.

What is trained for a grade has TF32 off; this is what would have to be shown before that changes.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from gpu_part import Answer, Asked, tell
from timed import timed
from welch import difference
from what_is_trained import EPOCHS, dataset

from grader.training.captured_run import CapturedRun
from grader.training.device import choose_device, settle
from grader.training.job import read_job
from grader.training.subsets import subsets

_ALLOWED = {"fp32": False, "tf32": True}


def measure(name: str, asked: Asked) -> None:
    """Each seed twice; what there is by then is told after each seed."""
    device, job = choose_device(asked.device), read_job(Path(asked.folder))
    settle(device)
    parts = subsets(dataset(asked.data_dir, asked.images), job.recipe, job.task, device)
    found: Answer = {name: {"curves": [], "seconds": []} for name in _ALLOWED}
    for seed in range(asked.precision_seeds):
        for precision, allowed in _ALLOWED.items():
            torch.backends.cudnn.allow_tf32 = allowed  # before the capture, which keeps what it meets
            run = CapturedRun(job.model_copy(update={"seed": seed}), parts, device, lambda event: None)
            curve: list[float] = []

            def train(run: CapturedRun = run, curve: list[float] = curve) -> None:
                curve += [run.epoch(epoch)[1].accuracy for epoch in range(2 if asked.quick else EPOCHS)]

            found[precision]["seconds"].append(timed(train, device))
            found[precision]["curves"].append(curve)
        tell(found)


def lines(found: Answer) -> Iterator[str]:
    """The runs, then best and last accuracies compared."""
    for precision, one in found.items():
        runs = "  ".join(f"{max(curve):.4f}/{curve[-1]:.4f}" for curve in one["curves"])
        seconds = sum(one["seconds"]) / len(one["seconds"])
        yield f"{precision}, {seconds:.2f} s a run, best/last: {runs}"
    with_tf32, without = found["tf32"]["curves"], found["fp32"]["curves"]
    if len(with_tf32) < 2:
        return
    yield difference("best: tf32 - fp32", [max(curve) for curve in with_tf32], [max(curve) for curve in without])
    yield difference("last: tf32 - fp32", [curve[-1] for curve in with_tf32], [curve[-1] for curve in without])
    if len(with_tf32) < 10:
        yield "Fewer than 10 seeds decide nothing."
