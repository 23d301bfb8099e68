"""The accuracy of two published models, retrained with their published recipes: both variants, three seeds each.

Run: python benchmarks/accuracy.py --data-dir DIR [--seeds 3] [--epochs 20] [--out DIR] [--show]

Both variants train side by side, a process and a thread for each model. Every run evaluates on the test set and on the
10,000 images that its recipe holds out, so both curves are there. Results go to OUT/VARIANT.json as they come; --show
prints what is there without training. Takes about half an hour on two cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from grader.model.training import Training, TrainingRun

VARIANTS, TARGET = ("minimal", "regularized"), 0.994


def main() -> None:
    """Train both variants, or one, or show what was trained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("GRADER_DATA_DIR"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="the rubric's cap; the recipes train 15")
    parser.add_argument("--out", type=Path, default=Path("accuracy"))
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.variant:
        train(arguments)
        return
    if not arguments.show:
        command = [sys.executable, str(Path(__file__).resolve()), *sys.argv[1:]]
        processes = [subprocess.Popen([*command, "--variant", variant]) for variant in VARIANTS]
        codes = [process.wait() for process in processes]
        if any(codes):
            raise SystemExit("A variant could not be trained.")
    show(arguments.out)


def train(arguments: argparse.Namespace) -> None:
    """All seeds of one variant, each written as soon as it is there."""
    from exported import export

    from grader.model.task import Task
    from grader.training.launch import retrain
    from grader.training.recipe import load_recipe

    task = Task(dataset="mnist", epochs=arguments.epochs)
    exported, recipe, done = export(arguments.variant), load_recipe(arguments.variant), []
    for seed in range(arguments.seeds):
        training = retrain(
            exported, recipe, task, target=TARGET, data_dir=arguments.data_dir, device="cpu", seeds=(seed,)
        )
        if training.status != "completed":
            raise SystemExit(f"{training.reason} {training.mend}")
        done += training.runs
        together = training.model_copy(update={"runs": tuple(done)})
        (arguments.out / f"{arguments.variant}.json").write_text(together.model_dump_json(indent=1), encoding="utf-8")


def show(folder: Path) -> None:
    """One line per run, then the curves."""
    found = {file.stem: Training.model_validate_json(file.read_text()) for file in sorted(folder.glob("*.json"))}
    runs = [(variant, run) for variant, training in found.items() for run in training.runs]
    print("variant      seed  best on test     interval         best on split   final   s/epoch  peak memory  network")
    for variant, run in runs:
        print(line(variant, run))
    reached = sum(run.best_accuracy >= TARGET for _, run in runs)
    print(f"{reached} of {len(runs)} runs reached {TARGET:.1%} on the test set")
    for measured in ("test_accuracy", "validation_accuracy"):
        print(f"\n{measured}, per epoch")
        for variant, run in runs:
            print(f"{variant:<12} {run.seed:>2}  " + " ".join(f"{getattr(e, measured):.4f}" for e in run.epochs))


def line(variant: str, run: TrainingRun) -> str:
    """A run in figures."""
    split = max(run.epochs, key=lambda epoch: epoch.validation_accuracy or 0)
    seconds = statistics.median(epoch.seconds for epoch in run.epochs)
    low, high = run.interval or (0.0, 0.0)
    memory = (run.peak_memory_bytes or 0) / 2**20
    return (
        f"{variant:<12} {run.seed:>4}  {run.best_accuracy:.4f} (epoch {run.best_epoch:>2})  {low:.4f}-{high:.4f}  "
        f"{split.validation_accuracy:.4f} (epoch {split.epoch:>2})  {run.final_accuracy:.4f}  {seconds:7.1f}  "
        f"{memory:7.0f} MiB  {run.environment.get('network', '')}"
    )


if __name__ == "__main__":
    main()
