"""Training speed on a CPU: grader's engine beside the loops that people write; same model, batch and augmentation.

Run: python benchmarks/training.py [--variant minimal] [--rounds 5] [--batches 40] [--data-dir DIR] [--without NAME ...]

- student: torchvision's transforms on one PIL image at a time behind a DataLoader, eager, all cores, 0 and 2 workers
- eager: the data set as one tensor, rotation of whole batches, eager, all cores
- compiled: the same with torch.compile
- engine: as in `grader check`, one process and one thread for a model; alone, and as many models as there are cores
- busy: eager and engines once more beside a process that keeps one core busy

Each contender is a process that lives through the whole benchmark; they take turns, so that all see the same machine,
and ratios are taken within a round. A turn trains so many batches and evaluates the share of the test set that belongs
to them; images per second count training images alone, and the time of 20 epochs and models per hour follow from them.
Images are random unless --data-dir or GRADER_DATA_DIR names a folder with MNIST; the speed does not depend on them.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from what_is_trained import BATCH, DEGREES, EPOCHS, dataset, evaluated, training_job

CORES = os.cpu_count() or 1
PLAIN = ("student-0", "student-2", "eager", "compiled")
# What two cores must reach with the variant `minimal`; medians of ratios within a round.
TARGETS = {("engines", "student-2"): 2.7, ("engines", "eager"): 1.6, ("engine", "eager"): 0.9}


class Contender:
    """A process that trains so many batches each time it is told to."""

    def __init__(self, role: str, arguments: argparse.Namespace, folder: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), "--role", role, "--folder", str(folder)]
        command += ["--variant", arguments.variant]
        command += ["--data-dir", arguments.data_dir] if arguments.data_dir else []
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
    parser.add_argument("--variant", default="minimal")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--without", nargs="*", default=[], choices=[*PLAIN, "busy"])
    parser.add_argument("--data-dir", default=os.environ.get("GRADER_DATA_DIR", ""))
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role == "engine":
        play_engine(arguments)
    elif arguments.role:
        play_loop(arguments)
    else:
        report(arguments, *measure(arguments))


def measure(arguments: argparse.Namespace) -> tuple[list[dict[str, float]], dict[str, dict[str, float]]]:
    """Images per second in each round, and what the contenders say of themselves."""
    from grader.training.job import write_job
    from grader.training.process import environment

    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "MKL_", "MALLOC_"))}
    loops = [name for name in PLAIN if name not in arguments.without]
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place)
        write_job(training_job(arguments.variant), folder)
        ours = environment(folder)
        contenders: dict[str, list[Contender]] = {}
        for name in loops:
            contenders[name] = [Contender(name, arguments, folder, plain)]
            stack.callback(contenders[name][0].end)
        contenders["engines"] = [Contender("engine", arguments, folder, ours) for _ in range(CORES)]
        for contender in contenders["engines"]:
            stack.callback(contender.end)
        contenders["engine"] = contenders["engines"][:1]
        rounds = [one_round(contenders, arguments) for _ in range(arguments.rounds)]
        told = {name: found[0].told for name, found in contenders.items()}
        for name, found in contenders.items():
            told[name] |= {"peak": memory_of(found[0])}
    return rounds, told


def one_round(contenders: dict[str, list[Contender]], arguments: argparse.Namespace) -> dict[str, float]:
    """Images per second of each, one after the other, then beside a busy neighbour."""
    speeds = {name: speed(found, arguments.batches) for name, found in contenders.items()}
    if "busy" in arguments.without:
        return speeds
    with busy_core():
        for name in ("eager", "engine", "engines"):
            if name in contenders:
                speeds[f"{name}, busy"] = speed(contenders[name], arguments.batches)
    return speeds


def speed(contenders: list[Contender], batches: int) -> float:
    """Images per second of these together."""
    began = time.perf_counter()
    for contender in contenders:
        contender.begin(batches)
    for contender in contenders:
        contender.hear()
    return len(contenders) * batches * BATCH / (time.perf_counter() - began)


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """A process that does nothing but count."""
    process = multiprocessing.get_context("spawn").Process(target=count_for_ever, daemon=True)
    process.start()
    time.sleep(1.0)  # until it has imported what it is made of
    try:
        yield
    finally:
        process.kill()
        process.join()


def count_for_ever() -> None:
    """Keeps one core busy."""
    number = 0
    while True:
        number += 1


def memory_of(contender: Contender) -> float:
    """Bytes that the process has held at most."""
    contender.begin(0)
    return contender.hear()["peak"]


def report(arguments: argparse.Namespace, rounds: list[dict[str, float]], told: dict[str, dict[str, float]]) -> None:
    """The table; ratios are taken within each round, so that a slow moment hits both sides."""
    print(
        f"{arguments.variant}, batch {BATCH}, rotation ±{DEGREES:g}°, {CORES} cores, {len(rounds)} rounds, medians; "
        "evaluation included"
    )
    columns = [name for name in ("student-2", "eager") if name in rounds[0]]
    heading = "".join(f"{'x ' + name:>21}" for name in columns)
    print(f"{'':<15}{'images/s':>9}{heading}{f'{EPOCHS} epochs':>12}{'models/h':>10}{'peak memory':>13}")
    for name in rounds[0]:
        speed_of = statistics.median(one[name] for one in rounds)
        cells = "".join(f"{ratio(rounds, name, other):>21}" for other in columns)
        models = CORES if name.startswith("engines") else 1
        whole = EPOCHS * 60_000 / speed_of  # seconds of work for one model
        peak = told.get(name, {}).get("peak")
        shown = f"{peak / 2**20:9.0f} MiB" if peak else ""
        print(f"{name:<15}{speed_of:9,.0f}{cells}{models * whole:10.0f} s{3600 / whole:10.1f}{shown:>13}")
    for (name, other), target in TARGETS.items():
        if {name, other} <= rounds[0].keys() and arguments.variant == "minimal" and CORES == 2:
            found = statistics.median(one[name] / one[other] for one in rounds)
            print(f"{name} / {other}: {found:.2f}, target {target}: {'met' if found >= target else 'MISSED'}")
    ours = told["engine"]
    print(f"augmentation: {ours['augmentation_share']:.1%} of the engine's time (at most 10 %)")
    peak_flops = ours["sgemm"] * CORES
    done = statistics.median(one["engines"] for one in rounds) * ours["flop_per_image"]
    print(
        f"arithmetic: {done / 1e9:.0f} of {peak_flops / 1e9:.0f} GFLOP/s that sgemm reaches here on {CORES} threads: "
        f"{done / peak_flops:.0%}"
    )


def ratio(rounds: list[dict[str, float]], name: str, other: str) -> str:
    """ "2.70 (2.61–2.80)"."""
    ratios = sorted(one[name] / one[other] for one in rounds)
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def play_engine(arguments: argparse.Namespace) -> None:
    """grader's engine, one model."""
    import torch
    from arithmetic import flop_per_image, matmul_peak

    from grader.training.augment import pipeline
    from grader.training.device import generator, settle
    from grader.training.job import read_job
    from grader.training.subsets import Subset, subsets
    from grader.training.torch_run import TorchRun

    job, device = read_job(arguments.folder), torch.device("cpu")
    settle(device)
    parts = subsets(dataset(arguments.data_dir), job.recipe, job.task, device)
    run = TorchRun(job, parts, device, lambda event: None)
    run.train_epoch(0, batches=5)
    began = time.perf_counter()
    run.train_epoch(0, batches=10)
    per_batch = (time.perf_counter() - began) / 10
    augment, drawing = pipeline(job.recipe.augmentation, job.recipe.normalization), generator(0, "benchmark")
    began = time.perf_counter()
    for _ in range(100):
        augment(run.parts.train.images[:BATCH].float(), drawing)
    share = (time.perf_counter() - began) / 100 / per_batch
    answer(
        {"augmentation_share": share, "sgemm": matmul_peak(device), "flop_per_image": flop_per_image(arguments.variant)}
    )

    def turn(batches: int) -> None:
        run.train_epoch(0, batches=batches)
        images = evaluated(batches)
        run.evaluate(Subset(parts.test.images[:images], parts.test.labels[:images]))

    serve(turn)


def play_loop(arguments: argparse.Namespace) -> None:
    """One of the plain loops: nothing here is grader's."""
    import torch
    from plain_loops import Images, ResidentLoop, StudentLoop

    data, device = Images(dataset(arguments.data_dir), BATCH), torch.device("cpu")
    if arguments.role.startswith("student"):
        workers = int(arguments.role.rpartition("-")[2])
        loop = StudentLoop(arguments.variant, data, device, degrees=DEGREES, workers=workers)
    else:
        mode = "default" if arguments.role == "compiled" else None
        loop = ResidentLoop(arguments.variant, data, device, degrees=DEGREES, compile_mode=mode)
    loop.train(5)
    loop.evaluate(1000)
    answer({})

    def turn(batches: int) -> None:
        loop.train(batches)
        loop.evaluate(evaluated(batches))

    serve(turn)


def serve(turn: object) -> None:
    """Take turns until nobody wants any more; none of no batches, which asks for the memory."""
    from grader.training.device import peak_memory

    for line in sys.stdin:
        if int(line):
            turn(int(line))
        answer({"peak": peak_memory() or 0})


def answer(values: dict[str, float]) -> None:
    """One line to the process that measures."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
