"""How long it takes until a training has begun: from the call of `retrain` to the first news of its first epoch.

Run: python benchmarks/first_step.py [OTHER_CHECKOUT] [--runs 5] [--data-dir DIR]

Each run is a fresh process that starts the training process of one seed of `minimal`, as a grading does. With another
checkout the two alternate, so that both see the same machine. Without MNIST (--data-dir or GRADER_DATA_DIR) it trains
on the bundled digits.
"""

import argparse
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_RUN = """
import pickle, sys, time
from pathlib import Path
from grader.model.task import Task
from grader.training.launch import retrain
from grader.training.recipe import load_recipe

class Begun(Exception):
    pass

def stop(event):
    if event.share > 0:
        raise Begun

export = pickle.loads(Path(sys.argv[1]).read_bytes())
data = Path(sys.argv[2]) if sys.argv[2] else None
recipe = load_recipe("minimal").model_copy(update={"split": None})
began = time.perf_counter()
try:
    retrain(export, recipe, Task(dataset="mnist" if data else "digits"), data_dir=data, device="cpu", on_progress=stop)
except Begun:
    print(time.perf_counter() - began)
"""


def main() -> None:
    """Alternate the checkouts and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--data-dir", default=os.environ.get("GRADER_DATA_DIR", ""))
    arguments = parser.parse_args()
    checkouts = [ROOT, *([arguments.other.resolve()] if arguments.other else [])]
    with tempfile.TemporaryDirectory() as folder:
        from exported import export_reference

        export = Path(folder) / "export"
        export.write_bytes(pickle.dumps(export_reference("minimal")))
        data = str(Path(arguments.data_dir).resolve()) if arguments.data_dir else ""
        begun_after(checkouts[0], export, data)  # files are in memory from now on
        rounds = [[begun_after(checkout, export, data) for checkout in checkouts] for _ in range(arguments.runs)]
    for checkout, seconds in zip(checkouts, zip(*rounds, strict=True), strict=True):
        low, high = min(seconds), max(seconds)
        print(f"{checkout.name:<12} begun after {statistics.median(seconds):.2f} s ({low:.2f}–{high:.2f})")
    if arguments.other:
        ratios = [ours / theirs for ours, theirs in rounds]
        print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


def begun_after(checkout: Path, export: Path, data: str) -> float:
    """Seconds."""
    command = [sys.executable, "-c", ONE_RUN, str(export), data]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=checkout, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
