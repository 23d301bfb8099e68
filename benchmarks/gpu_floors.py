"""The machine, and the two floors that it sets: arithmetic and memory traffic, both measured on the machine itself."""

import dataclasses
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import torch
from arithmetic import copy_bandwidth, flop_per_image, matmul_peak, traffic_per_image
from gpu_part import Answer, Asked, tell
from what_is_trained import EPOCHS

from grader.training.device import choose_device
from grader.training.hardware_limit import hardware_limit
from grader.training.job import read_job

_TRAIN, _TEST = 60_000, 10_000  # MNIST's images
_ASKED_OF_THE_DRIVER = "driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit"


def measure(name: str, asked: Asked) -> None:
    """Say what the machine is, then what it can do, then what follows for 20 epochs of one model."""
    device = choose_device(asked.device)
    answer: Answer = {"machine": machine(device)}
    tell(answer)
    size, copied = (8192, 2**32) if device.type == "cuda" and not asked.quick else (512, 2**24)
    answer["flop_per_second"] = peaks = {}
    peaks["fp32"] = _peak(device, torch.float32, size, tf32=False)
    if device.type == "cuda":
        peaks["tf32"] = _peak(device, torch.float32, size, tf32=True)
        peaks["bf16"] = _peak(device, torch.bfloat16, size, tf32=False)
    answer["bytes_per_second"] = copy_bandwidth(device, copied)
    torch.backends.cuda.matmul.allow_tf32 = False
    answer["of_the_report"] = dataclasses.asdict(hardware_limit(device))
    tell(answer)
    answer["floors"] = floors(asked, peaks["fp32"], answer["bytes_per_second"])
    tell(answer)


def machine(device: torch.device) -> dict[str, str]:
    """Names and versions."""
    found = {
        "device": device.type,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": str(len(os.sched_getaffinity(0))),
    }
    if device.type != "cuda":
        return found
    properties = torch.cuda.get_device_properties(device)
    found |= {
        "device": torch.cuda.get_device_name(device),
        "multiprocessors": str(properties.multi_processor_count),
        "memory": f"{properties.total_memory / 2**30:.0f} GiB",
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
    }
    try:
        command = ["nvidia-smi", f"--query-gpu={_ASKED_OF_THE_DRIVER}", "--format=csv,noheader"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return found  # torch works without that program
    return found | dict(zip(_ASKED_OF_THE_DRIVER.split(","), said.split(", "), strict=False))


def _peak(device: torch.device, dtype: torch.dtype, size: int, *, tf32: bool) -> float:
    torch.backends.cuda.matmul.allow_tf32 = tf32
    return matmul_peak(device, dtype, size)


def floors(asked: Asked, flop_per_second: float, bytes_per_second: float) -> dict[str, float]:
    """What one model's 20 epochs with evaluation take at least: FLOP, bytes, and the seconds of both."""
    traffic, flop = traffic_per_image(read_job(Path(asked.folder)).export), flop_per_image(asked.variant)
    arithmetic = EPOCHS * (_TRAIN * flop + _TEST * flop / 3)
    moved = EPOCHS * (_TRAIN * traffic.training + _TEST * traffic.evaluation)
    return {
        "flop": arithmetic,
        "bytes": moved,
        "arithmetic": arithmetic / flop_per_second,
        "memory": moved / bytes_per_second,
    }


def machine_lines(found: Answer) -> Iterator[str]:
    """The machine."""
    yield ", ".join(f"{name} {value}" for name, value in found["machine"].items())


def floor_lines(found: Answer) -> Iterator[str]:
    """The peaks, and the floors for 20 epochs of one model."""
    if peaks := found.get("flop_per_second"):
        rates = ", ".join(f"{name} {value / 1e12:.2f}" for name, value in peaks.items())
        yield f"matrix products: {rates} TFLOP/s (the engine trains in fp32; the others are there to compare)"
        yield f"copy within memory: {found['bytes_per_second'] / 1e12:.3f} TB/s, read and written"
    if quick := found.get("of_the_report"):
        copied = quick["bytes_per_second"]
        at = f" and {copied / 1e12:.3f} TB/s" if copied else ""
        yield f"measured in a moment, as for a report: {quick['flop_per_second'] / 1e12:.2f} TFLOP/s{at}"
    if floor := found.get("floors"):
        yield "20 epochs of one model, evaluated after each, take at least, where each operator works by itself:"
        yield f"  arithmetic {floor['arithmetic']:.3f} s for {floor['flop'] / 1e12:.2f} TFLOP in fp32"
        yield f"  memory {floor['memory']:.3f} s for {floor['bytes'] / 1e12:.2f} TB of feature maps"
