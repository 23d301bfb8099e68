"""Does the engine's speed cost accuracy? The same recipe in grader's engine and in a plain eager loop, seed by seed.

Run: python benchmarks/equal_accuracy.py --data-dir DIR [--variants VARIANT ...] [--seeds 3] [--out DIR] [--show]

Both train on all 60,000 images with the published epochs, optimizer, schedule and rotation, and are evaluated on the
test set after each epoch. The eager loop has torch's own model, layers, initial weights, SGD and StepLR; the engine has
the graph that the probe exported. Runs go to OUT as they end, and what is there is not trained again; --show prints
what is there. Two runs train side by side, a thread each.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CONTENDERS = ("engine", "eager")
TARGET = 0.994


def main() -> None:
    """Train what is missing, or one run, or show what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("GRADER_DATA_DIR"))
    parser.add_argument("--variants", nargs="+", default=["minimal", "regularized"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("equal-accuracy"))
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        contender, variant, seed = arguments.one.split("/")
        curve = (engine_curve if contender == "engine" else eager_curve)(variant, int(seed), arguments)
        file_of(arguments.out, contender, variant, int(seed)).write_text(json.dumps(curve), encoding="utf-8")
        return
    if not arguments.show:
        train_all(arguments)
    show(arguments)


def train_all(arguments: argparse.Namespace) -> None:
    """Every run that is missing, two at a time, in processes of one thread."""
    wanted = [
        (contender, variant, seed)
        for seed in range(arguments.seeds)
        for variant in arguments.variants
        for contender in CONTENDERS
        if not file_of(arguments.out, contender, variant, seed).is_file()
    ]
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def run(one: tuple[str, str, int]) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), *sys.argv[1:], "--one", "/".join(map(str, one))]
        subprocess.run(command, check=True, env={**os.environ, **threads})
        print("ended:", *one, file=sys.stderr, flush=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, wanted))


def engine_curve(variant: str, seed: int, arguments: argparse.Namespace) -> list[float]:
    """Test accuracy after each epoch, by grader's engine."""
    from exported import export_reference

    from grader.model.task import Task
    from grader.training.launch import retrain
    from grader.training.recipe import load_recipe

    recipe = load_recipe(variant).model_copy(update={"split": None, "stop_at": None})
    task = Task(dataset="mnist", epochs=recipe.epochs)
    training = retrain(
        export_reference(variant), recipe, task, data_dir=arguments.data_dir, device=arguments.device, seeds=(seed,)
    )
    if training.status != "completed":
        raise SystemExit(f"{training.reason} {training.mend}")
    return [epoch.test_accuracy for epoch in training.runs[0].epochs]


def eager_curve(variant: str, seed: int, arguments: argparse.Namespace) -> list[float]:
    """The same by the plain loop."""
    import torch
    from plain_loops import Images, ResidentLoop, published

    from grader.training.data import load

    torch.manual_seed(1000 + seed)
    recipe = published(variant, "recipe")
    degrees = sum(step["degrees"] for step in recipe.get("augmentation", ()) if step["name"] == "rotation")
    data = Images(load("mnist", arguments.data_dir), recipe["batch_size"])
    loop = ResidentLoop(variant, data, torch.device(arguments.device), degrees=degrees)
    schedule = torch.optim.lr_scheduler.StepLR(
        loop.optimizer, recipe["schedule"]["step_size"], recipe["schedule"]["gamma"]
    )
    curve = []
    for _ in range(recipe["epochs"]):
        loop.epoch()
        schedule.step()
        curve.append(loop.evaluate(len(data.test_labels)))
    return curve


def show(arguments: argparse.Namespace) -> None:
    """Each run, the means, and Welch's test of whether they differ."""
    from welch import difference

    for variant in arguments.variants:
        print(f"{variant}: test accuracy, best / last epoch")
        found = {}
        for contender in CONTENDERS:
            files = [file_of(arguments.out, contender, variant, seed) for seed in range(arguments.seeds)]
            curves = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
            found[contender] = curves
            runs = "  ".join(f"{max(curve):.4f}/{curve[-1]:.4f}" for curve in curves)
            print(f"  {contender:<7} {runs}")
            reached = [next((epoch for epoch, one in enumerate(curve, 1) if one >= TARGET), None) for curve in curves]
            print(f"  {'':<7} first epoch at {TARGET:.2%}: {', '.join(str(epoch or 'never') for epoch in reached)}")
        if min(map(len, found.values())) < 2:
            continue
        for name, value in (("best", max), ("last", lambda curve: curve[-1])):
            ours, theirs = ([value(curve) for curve in found[contender]] for contender in CONTENDERS)
            print(f"  {name}: {difference('engine - eager', ours, theirs)}")


def file_of(folder: Path, contender: str, variant: str, seed: int) -> Path:
    """Where a run's curve lies."""
    return folder / f"{variant}-{contender}-{seed}.json"


if __name__ == "__main__":
    main()
