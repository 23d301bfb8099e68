"""What is left: which kernels an epoch of the captured engine consists of, and how busy they keep the device.

Without a GPU the operators of the CPU stand in for kernels, so that the table can be seen.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import torch
from gpu_part import Answer, Asked, tell
from timed import timed
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from what_is_trained import BATCH, dataset

from grader.training.captured_run import CapturedRun
from grader.training.device import choose_device, settle
from grader.training.job import read_job
from grader.training.subsets import subsets

_SHOWN, _NAME = 15, 78


def measure(name: str, asked: Asked) -> None:
    """An epoch without the profiler, whose seconds count, and one with it, whose kernels do."""
    # CUPTI, on which the profiler builds, does not come back well beside CUDA graphs once it was taken down: torch's
    # own profiler sets the same where its compiler captures graphs.
    os.environ |= {"DISABLE_CUPTI_LAZY_REINIT": "1", "TEARDOWN_CUPTI": "0"}
    device, job = choose_device(asked.device), read_job(Path(asked.folder))
    settle(device)
    is_cuda = device.type == "cuda"
    activities = [ProfilerActivity.CUDA if is_cuda else ProfilerActivity.CPU]
    with profile(activities=activities):  # so that it is there before anything is captured
        torch.zeros(1, device=device)
    parts = subsets(dataset(asked.data_dir, asked.images), job.recipe, job.task, device)
    run = CapturedRun(job, parts, device, lambda event: None)
    batches = 3 if asked.quick else len(parts.train) // BATCH
    run.train_epoch(0, batches)
    run.evaluate(parts.test)
    answer: Answer = {
        "steps": batches,
        "training": timed(lambda: run.train_epoch(1, batches), device),
        "evaluation": timed(lambda: run.evaluate(parts.test), device),
    }
    tell(answer)
    with profile(activities=activities) as profiler:
        answer["training_profiled"] = timed(lambda: run.train_epoch(2, batches), device)
    wanted = DeviceType.CUDA if is_cuda else DeviceType.CPU
    seconds = "self_device_time_total" if is_cuda else "self_cpu_time_total"  # both in microseconds
    kernels = [
        (event.key, event.count, getattr(event, seconds) / 1e6)
        for event in profiler.key_averages()
        if event.device_type == wanted
    ]
    tell({**answer, "kernels": sorted(kernels, key=lambda kernel: -kernel[2])})


def lines(found: Answer) -> Iterator[str]:
    """The epoch as a whole, then its kernels by the time they take."""
    steps, training = found["steps"], found["training"]
    yield f"an epoch's training: {training:.3f} s, {1e6 * training / steps:.0f} µs for each of {steps} steps"
    yield f"an evaluation of the test set: {found['evaluation']:.3f} s"
    kernels = found.get("kernels")
    if not kernels:
        yield "The profiler saw no kernels."
        return
    busy, launched = sum(seconds for _, _, seconds in kernels), sum(count for _, count, _ in kernels)
    yield f"kernels: {launched:,}, {launched / steps:.1f} for each step (those that prepare the epoch counted in)"
    yield f"busy: {busy:.3f} s of kernels in {training:.3f} s without the profiler, {busy / training:.0%}"
    yield f"  (the profiled epoch took {found['training_profiled']:.3f} s)"
    yield f"  {'share':>6}{'seconds':>9}{'number':>9}{'µs each':>9}  kernel"
    for name, count, seconds in kernels[:_SHOWN]:
        yield f"  {seconds / busy:6.1%}{seconds:9.4f}{count:9,}{1e6 * seconds / count:9.1f}  {name[:_NAME]}"
    rest = sum(seconds for _, _, seconds in kernels[_SHOWN:])
    yield f"  {rest / busy:6.1%}{rest:9.4f}  {max(0, len(kernels) - _SHOWN)} others"
