"""One model alone: grader's engine beside the loops that people write, each in a process of its own.

Loops are measured over a part of an epoch with the share of the evaluation that belongs to it, and scaled to 20 epochs;
the captured engine trains all of them. The loops have torch's own settings, TF32 in convolutions among them; grader's
engine trains in plain fp32.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from gpu_part import Answer, Asked, since_spawned, tell
from plain_loops import Images, ResidentLoop, StudentLoop
from timed import timed, wait_for
from what_is_trained import BATCH, DEGREES, EPOCHS, dataset, evaluated

from grader.training.captured_run import CapturedRun
from grader.training.device import choose_device, peak_memory, settle
from grader.training.job import read_job
from grader.training.subsets import subsets
from grader.training.torch_run import TorchRun

ENGINES = {"engine": CapturedRun, "engine-eager": TorchRun}
_TARGET = 0.994
_IMAGES = 60_000  # of an epoch, which the floors are for
_WARM_UP = 5  # batches


def measure(name: str, asked: Asked) -> None:
    """Train as this contender does."""
    (_engine if name in ENGINES else _loop)(name, asked)


def _loop(name: str, asked: Asked) -> None:
    device = choose_device(asked.device)
    images = Images(dataset(asked.data_dir, asked.images), BATCH)
    loop = _loop_of(name, asked, images, device)
    loop.train(_WARM_UP)
    loop.evaluate(1000)
    wait_for(device)
    setup, train, test = since_spawned(), len(images.train_labels), len(images.test_labels)
    batches = 3 if asked.quick else train // BATCH
    tested, rounds = evaluated(batches, train, test), []
    # A DataLoader is measured over an epoch at once: batches that its workers have ready at the beginning count little.
    for _ in range(1 if asked.quick or isinstance(loop, StudentLoop) else 3):
        taken = timed(lambda: (loop.train(batches), loop.evaluate(tested)), device)
        rounds.append(taken / (batches * BATCH) * train * EPOCHS)
        measured = f"{batches} batches{' in each round' if len(rounds) > 1 else ''}"
        tell({"setup": setup, "images": train, "rounds": rounds, "measured": measured, **_peaks(device)})


def _loop_of(name: str, asked: Asked, images: Images, device: torch.device) -> StudentLoop | ResidentLoop:
    kind, _, detail = name.partition("-")
    if kind == "student":
        return StudentLoop(asked.variant, images, device, degrees=DEGREES, workers=int(detail))
    mode = (detail or "default") if kind == "compiled" else None
    return ResidentLoop(asked.variant, images, device, degrees=DEGREES, compile_mode=mode)


def _engine(name: str, asked: Asked) -> None:
    stages = {"process and imports": since_spawned()}
    device, job = choose_device(asked.device), read_job(Path(asked.folder))
    settle(device)
    stages["device"] = timed(lambda: torch.zeros(1, device=device), device)
    began = time.perf_counter()
    parts = subsets(dataset(asked.data_dir, asked.images), job.recipe, job.task, device)
    wait_for(device)
    stages["data to the device"] = time.perf_counter() - began
    runs: list[Any] = []
    peaks: Answer = {}
    epochs = EPOCHS if name == "engine" else 3
    for seed in range(1 if asked.quick or name != "engine" else 2):
        began = time.perf_counter()
        run = ENGINES[name](job.model_copy(update={"seed": seed}), parts, device, lambda event: None)
        wait_for(device)
        stages.setdefault("model and capture", time.perf_counter() - began)
        seconds: list[float] = []
        accuracies: list[float] = []
        for epoch in range(2 if asked.quick else epochs):
            began = time.perf_counter()
            accuracies.append(run.epoch(epoch)[1].accuracy)  # a number of the host: the device is done
            seconds.append(time.perf_counter() - began)
        runs.append({"seed": seed, "seconds": seconds, "accuracies": accuracies})
        rounds = [sum(one["seconds"]) / len(one["seconds"]) * EPOCHS for one in runs]
        peaks = peaks or _peaks(device)  # of one model: the second is made while the first is still there
        measured = f"{len(seconds)} epochs{' of each seed' if len(runs) > 1 else ''}"
        answer = {"setup": sum(stages.values()), "stages": stages, "images": len(parts.train), "rounds": rounds}
        tell({**answer, "runs": runs, "measured": measured, **peaks})


def _peaks(device: torch.device) -> Answer:
    """Bytes: the most that torch reserved on the device, and that the process held in the host's memory."""
    on_device = torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None
    return {"device_bytes": on_device, "host_bytes": peak_memory()}


def seconds_of(found: Answer) -> float:
    """For 20 epochs with evaluation: the median round."""
    rounds = sorted(found["rounds"])
    return (rounds[(len(rounds) - 1) // 2] + rounds[len(rounds) // 2]) / 2


HEADER = f"{'':<24}{'20 epochs':>11}{'images/s':>11}{'x student-8':>12}{'setup':>8}{'device':>10}{'host':>10}  measured"


def row(name: str, found: Answer, student: Answer | None) -> str:
    """One contender's line."""
    seconds, rounds = seconds_of(found), found["rounds"]
    ratio = f"{seconds_of(student) / seconds:.1f}" if student else "–"
    memory = "".join(
        f"{found[place] / 2**20:6.0f} MiB" if found[place] else f"{'–':>10}" for place in ("device_bytes", "host_bytes")
    )
    spread = f", {min(rounds):.2f}–{max(rounds):.2f} s" if len(rounds) > 1 else ""
    return (
        f"{name:<24}{seconds:9.2f} s{found['images'] * EPOCHS / seconds:11,.0f}{ratio:>12}{found['setup']:6.1f} s"
        f"{memory}  {found['measured']}{spread}"
    )


def engine_lines(found: Answer, floors: Answer | None, asked: Asked) -> Iterator[str]:
    """What else is known of the captured engine."""
    yield "setup: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found["stages"].items())
    first = found["runs"][0]
    yield f"epochs, seed {first['seed']}: " + " ".join(f"{seconds:.3f}" for seconds in first["seconds"]) + " s"
    if floors:
        for name in ("arithmetic", "memory"):
            share = floors[name] * found["images"] / _IMAGES / seconds_of(found)
            yield f"{name}: the floor is {share:.0%} of the time"
    yield from _time_to_target(found, asked)


def _time_to_target(found: Answer, asked: Asked) -> Iterator[str]:
    if not asked.data_dir or asked.images is not None:
        yield f"time to {_TARGET:.1%}: left out, it takes all of MNIST (--data-dir or GRADER_DATA_DIR, and no --quick)"
        return
    for one in found["runs"]:
        reached = next((epoch for epoch, value in enumerate(one["accuracies"], 1) if value >= _TARGET), None)
        best = f"best {max(one['accuracies']):.4f}, last {one['accuracies'][-1]:.4f}"
        if reached is None:
            yield f"time to {_TARGET:.1%}, seed {one['seed']}: not reached ({best})"
        else:
            taken = sum(one["seconds"][:reached])
            yield (
                f"time to {_TARGET:.1%}, seed {one['seed']}: {taken:.2f} s and {found['setup']:.2f} s of setup, "
                f"after epoch {reached} ({best})"
            )
