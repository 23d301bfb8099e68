"""The device that trains, and the settings that make a run repeat."""

import hashlib
import sys
from pathlib import Path
from typing import Literal

import torch

from grader.errors import UsageError


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device to train on. Raises UsageError when CUDA is asked for and there is none."""
    if wanted == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    if wanted == "cuda":
        raise UsageError("There is no GPU that torch can use here.", mend="Use --device cpu.")
    return torch.device("cpu")


def settle(device: torch.device) -> None:
    """One thread per model and no choice of kernels by timing: the same seed gives the same curve."""
    if device.type == "cpu":
        torch.set_num_threads(1)
        # Denormal numbers cost a hundredfold and carry nothing that training could use.
        torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    if device.type == "cuda":
        # Not TF32, which torch's convolutions take by default: its ten bits of mantissa are not what a student trained.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False


def describe_device(device: torch.device) -> dict[str, str]:
    """For the report: what trained, and with what."""
    described = {"device": device.type, "torch": torch.__version__}
    if device.type == "cuda":
        return {**described, "device": torch.cuda.get_device_name(device)}
    return {
        **described,
        "threads": str(torch.get_num_threads()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def generator(seed: int, purpose: str, device: torch.device | None = None) -> torch.Generator:
    """A generator for one purpose: shuffling more never changes what augmentation draws."""
    return torch.Generator(device or torch.device("cpu")).manual_seed(derive(seed, purpose))


def derive(seed: int, purpose: str) -> int:
    """A seed for one purpose, from the run's."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big") >> 1


def peak_memory() -> int | None:
    """Bytes that this process has held at most; None where the system does not say.

    Not `getrusage`: it also counts what the parent held when it started us.
    """
    if not sys.platform.startswith("linux"):
        return None
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
