"""`grader check --no-train` beside `python -c "import torch, torchvision"`: wall time and peak memory.

Run: python benchmarks/check_static.py [SOURCE] [--runs 5]
Prints one row per command, the ratio of the medians, and `grader --help` by itself. The two commands alternate, so that
both see the same machine. Memory is the peak, over samples 20 ms apart, of the proportional set size summed over the
tree (shared pages count once), from /proc/PID/smaps_rollup.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def children(pid: int) -> list[int]:
    """The process and all its descendants that still live."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += children(int(child))
        except OSError:
            continue
    return found


def resident(pids: list[int]) -> int:
    """Proportional set size of the processes, in bytes."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ValueError):
            continue
    return total


def measure(command: list[str]) -> tuple[float, int, int]:
    """Wall seconds, peak bytes of the tree, exit code."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(children(process.pid)))
        time.sleep(0.02)
    return time.perf_counter() - began, peak, process.returncode


def timed(command: list[str]) -> float:
    """Wall seconds, without the sampling that memory needs."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def main() -> None:
    """Alternate the commands and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default=str(ROOT / "reference_models" / "demo"))
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        check = [python, "-m", "grader", "check", options.source, "--no-train", "--quiet", "--out", folder]
        baseline = [python, "-c", "import torch, torchvision"]
        _, peak, code = measure(check)
        timed(baseline)
        pairs = [(timed(check), timed(baseline)) for _ in range(options.runs)]
        helps = [timed([python, "-m", "grader", "--help"]) for _ in range(options.runs)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    print(f"grader check --no-train (exit {code})   {ours:6.2f} s   peak of the tree {peak / 1e9:.2f} GB (target 2.5)")
    print(f"import torch, torchvision          {theirs:6.2f} s")
    print(f"ratio {statistics.median(ratios):.2f}  (min {ratios[0]:.2f}, max {ratios[-1]:.2f}; target 2.5)")
    print(f"grader --help                      {statistics.median(helps):6.2f} s   (target 0.5)")


if __name__ == "__main__":
    main()
