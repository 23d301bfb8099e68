"""Training speed: grader's engine beside the usual student loop, same model, same batch size, same augmentation.

Run: python benchmarks/training.py [--rounds 5] [--batches 40] [--data-dir DIR]

The student loop is what a course teaches: torchvision's transforms on one PIL image at a time (RandomRotation,
ToTensor, Normalize) behind a DataLoader, an eager model, all cores; with 0 and with 2 loader workers, the faster of
which counts. grader's engine runs as it does in `grader check`: one process and one thread per model, alone and two
side by side. Each contender is a process that lives through the whole benchmark; they take turns, so that all see the
same machine. Images are random unless --data-dir or GRADER_DATA_DIR names a folder with MNIST; the speed does not
depend on them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL, BATCH, DEGREES = "minimal", 128, 5.0
TARGETS = {"engine": 1.4, "two engines": 2.4}


class Contender:
    """A process that trains so many batches each time it is told to."""

    def __init__(self, role: str, folder: Path, environment: dict[str, str], data_dir: str) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), "--role", role, "--folder", str(folder)]
        command += ["--data-dir", data_dir] if data_dir else []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, bufsize=1
        )
        self.told = self.hear()

    def begin(self, batches: int) -> None:
        """Start training; `hear` waits for the end."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{batches}\n")

    def hear(self) -> dict[str, float]:
        """What the process says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("A process of the benchmark died.")
        answer: dict[str, float] = json.loads(line)
        return answer

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Measure and print, or play one role."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--data-dir", default=os.environ.get("GRADER_DATA_DIR", ""))
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    roles = {"engine": play_engine, "student-0": play_student, "student-2": play_student}
    if arguments.role:
        roles[arguments.role](arguments)
    else:
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    """All rounds, then the table."""
    from exported import export

    from grader.model.task import Task
    from grader.training.job import TrainingJob, write_job
    from grader.training.process import environment
    from grader.training.recipe import load_recipe

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        job = TrainingJob(
            export=export(MODEL), recipe=load_recipe("regularized"), task=Task(dataset="mnist"), seed=0, device="cpu"
        )
        write_job(job.model_copy(update={"recipe": job.recipe.model_copy(update={"split": None})}), folder)
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "MKL_", "MALLOC_"))}
        ours = environment(folder)
        names = {"student-0": plain, "student-2": plain, "engine": ours, "second engine": ours}
        contenders = {
            name: Contender("engine" if "engine" in name else name, folder, variables, arguments.data_dir)
            for name, variables in names.items()
        }
        try:
            speeds = [one_round(contenders, arguments.batches) for _ in range(arguments.rounds)]
            share = contenders["engine"].told["augmentation_share"]
        finally:
            for contender in contenders.values():
                contender.end()
    report(speeds, share)


def one_round(contenders: dict[str, Contender], batches: int) -> dict[str, float]:
    """Images per second of each, one after the other; the two engines together last."""
    speeds = {name: speed([contenders[name]], batches) for name in ("student-0", "student-2", "engine")}
    return {**speeds, "two engines": speed([contenders["engine"], contenders["second engine"]], batches)}


def speed(contenders: list[Contender], batches: int) -> float:
    """Images per second of these together."""
    began = time.perf_counter()
    for contender in contenders:
        contender.begin(batches)
    for contender in contenders:
        contender.hear()
    return len(contenders) * batches * BATCH / (time.perf_counter() - began)


def report(speeds: list[dict[str, float]], share: float) -> None:
    """The table; ratios are taken within each round, so that a slow moment hits both sides."""
    rows = [{**one, "student": max(one["student-0"], one["student-2"])} for one in speeds]
    print(f"model {MODEL}, batch {BATCH}, rotation ±{DEGREES:g}°, {os.cpu_count()} cores, {len(rows)} rounds, medians")
    for name in ("student-0", "student-2", "engine", "two engines"):
        middle = statistics.median(row[name] for row in rows)
        ratios = sorted(row[name] / row["student"] for row in rows)
        target = TARGETS.get(name)
        wanted = f"  target {target}: {'met' if statistics.median(ratios) >= target else 'MISSED'}" if target else ""
        spread = f"{statistics.median(ratios):.2f} x student ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        best = max(row[name] for row in rows)
        print(f"{name:<12} {middle:8,.0f} images/s (best {best:,.0f})  {spread}{wanted}")
    print(f"augmentation: {share:.1%} of the engine's time (at most 10 %)")


def play_engine(arguments: argparse.Namespace) -> None:
    """grader's engine, one model."""
    import torch

    from grader.training.augment import pipeline
    from grader.training.device import generator, settle
    from grader.training.job import read_job
    from grader.training.subsets import subsets
    from grader.training.torch_run import TorchRun

    job, device = read_job(arguments.folder), torch.device("cpu")
    settle(device)
    run = TorchRun(job, subsets(dataset(arguments.data_dir), job.recipe, job.task, device), device, lambda event: None)
    run.train_epoch(0, batches=5)
    began = time.perf_counter()
    run.train_epoch(0, batches=10)
    per_batch = (time.perf_counter() - began) / 10
    augment, drawing = pipeline(job.recipe.augmentation, job.recipe.normalization), generator(0, "benchmark")
    began = time.perf_counter()
    for _ in range(100):
        augment(run.parts.train.images[:BATCH].float(), drawing)
    answer({"augmentation_share": (time.perf_counter() - began) / 100 / per_batch})
    for line in sys.stdin:
        run.train_epoch(0, batches=int(line))
        answer({})


def play_student(arguments: argparse.Namespace) -> None:
    """The usual loop: nothing here is grader's."""
    import torch
    from PIL import Image
    from torch.nn import functional
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "submissions" / MODEL))
    from model import DigitNet

    everything = dataset(arguments.data_dir)
    transform = transforms.Compose(
        [
            transforms.RandomRotation(DEGREES, fill=(0,)),
            transforms.ToTensor(),
            transforms.Normalize((0.1307,), (0.3081,)),
        ]
    )

    class Mnist(Dataset):  # as torchvision.datasets.MNIST gives its items
        def __len__(self) -> int:
            return len(everything.train_labels)

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            image = Image.fromarray(everything.train_images[index].numpy(), mode=None)
            return transform(image), int(everything.train_labels[index])

    workers = int(arguments.role.rpartition("-")[2])
    # Workers that persist are kinder to the student than what is usual.
    loader = DataLoader(Mnist(), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    model = DigitNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

    def endless() -> object:
        while True:
            yield from loader

    batches = iter(endless())

    def train(count: int) -> None:
        model.train()
        for _ in range(count):
            images, labels = next(batches)
            optimizer.zero_grad()
            loss = functional.nll_loss(model(images), labels)
            loss.backward()
            optimizer.step()

    train(5)
    answer({})
    for line in sys.stdin:
        train(int(line))
        answer({})


def dataset(data_dir: str) -> "object":
    """MNIST where it is at hand, else as many random images."""
    import torch

    from grader.training.data import Dataset, load

    if data_dir:
        return load("mnist", Path(data_dir))
    drawing = torch.Generator().manual_seed(0)
    images = torch.randint(256, (60_000, 28, 28), dtype=torch.uint8, generator=drawing)
    labels = torch.randint(10, (60_000,), generator=drawing)
    return Dataset("random", images, labels, images[:1000], labels[:1000], "none")


def answer(values: dict[str, float]) -> None:
    """One line to the process that measures."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
