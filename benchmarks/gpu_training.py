"""Training speed on a GPU: grader's engine beside the loops that people write, alone and many at once, and the floors.

Run: python benchmarks/gpu_training.py [--variant minimal] [--data-dir DIR] [--out FILE.json] [--only SECTION ...]

- machine, floors: names and versions; peaks of matrix products and copies on this machine, and what 20 epochs of one
  model with evaluation take at least
- contenders: student-N is torchvision's transforms on one PIL image at a time behind a DataLoader with N workers; eager
  has the data set as one tensor on the device; engine-eager and engine are grader's, step by step and captured
- profile: the kernels of an epoch
- lanes: 1 to 32 models side by side in one process, then some in a process each
- compiled: eager with torch.compile
- precision: best and last accuracies with and without TF32 (--precision-seeds N; at least 10 decide)

One model is batch 128, rotation by up to 5 degrees, 20 epochs on MNIST with an evaluation on all test images after
each. Without --data-dir or GRADER_DATA_DIR the images are random, and what needs real ones is left out. All of it takes
about 8 minutes on an H200; what does not fit into --minutes is left out. --quick goes through everything in small, and
--device cpu without a GPU: figures of either mean nothing. Exit code 1 where something failed.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))  # grader itself, where it is not installed

import gpu_lanes as together
from gpu_part import Asked, PartFailed, run_part
from what_is_trained import BATCH, DEGREES, EPOCHS, training_job

from grader.training.job import TrainingJob, write_job
from grader.training.process import environment

CONTENDERS = ("student-8", "engine", "eager", "engine-eager", "student-2")
COMPILED = ("compiled", "compiled-reduce-overhead")
SECONDS, TIMES, MODELS_PER_HOUR = 4.0, 25.0, 3000.0  # what an H200 must reach with the variant `minimal`
PART_SECONDS = 120.0
STARTED = 25.0  # seconds, generously, until processes that share a device have begun


class Bench:
    """What is asked, how much time is left, and what was found."""

    def __init__(self, asked: Asked, job: TrainingJob, arguments: argparse.Namespace) -> None:
        self.asked, self.job, self.arguments = asked, job, arguments
        self.deadline = time.monotonic() + 60 * arguments.minutes
        self.found: dict[str, Any] = {}
        self.failures: list[str] = []

    def part(self, name: str) -> Iterator[str]:
        """Run a part; a failure is one line, and what was found before it counts."""
        progress(self, name)
        left = self.deadline - time.monotonic()
        if left < 20:
            yield f"{name}: left out, the time is up (--minutes)"
            return
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "MKL_", "MALLOC_"))}
        is_ours = name.startswith(("engine", "profile", "precision"))
        settings = environment(Path(self.asked.folder)) if is_ours else plain
        seconds = left if name == "precision" else min(left, PART_SECONDS)
        try:
            self.found[name], reason = run_part(name, self.asked, settings, seconds)
        except PartFailed as problem:
            reason = str(problem)
        if reason:
            self.failures.append(reason)
            yield reason


def progress(bench: Bench, said: str) -> None:
    """On stderr, with the minutes that are left."""
    print(f"[{(bench.deadline - time.monotonic()) / 60:4.1f} min left] {said}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure section by section, and print each when it is there."""
    arguments = parsed()
    if arguments.device == "cuda" and not has_gpu():
        raise SystemExit("There is no GPU that torch can use here; --device cpu --quick needs none.")
    with tempfile.TemporaryDirectory() as folder:
        images = arguments.images or (BATCH * 20 if arguments.quick else None)
        asked = Asked(
            variant=arguments.variant,
            device=arguments.device,
            data_dir=arguments.data_dir and str(Path(arguments.data_dir).resolve()),
            quick=arguments.quick,
            images=images,
            precision_seeds=arguments.precision_seeds,
            folder=folder,
        )
        job = training_job(asked.variant, asked.device)
        write_job(job, Path(folder))
        bench = Bench(asked, job, arguments)
        print(f"{asked.variant}, batch {BATCH}, rotation ±{DEGREES:g}°, {EPOCHS} epochs with evaluation after each")
        for name in arguments.only:
            print(f"\n== {name}", flush=True)
            for line in attempted(bench, name):
                print(line, flush=True)
            if arguments.out:
                arguments.out.write_text(json.dumps(bench.found, indent=1, default=vars), encoding="utf-8")
    print("\n== targets")
    print(*verdicts(bench), sep="\n", flush=True)
    raise SystemExit(1 if bench.failures else 0)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="minimal")
    parser.add_argument("--data-dir", default=os.environ.get("GRADER_DATA_DIR", ""))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="SECTION")
    parser.add_argument("--without", nargs="+", choices=[*CONTENDERS, *COMPILED], default=[], metavar="CONTENDER")
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--precision-seeds", type=int, default=0)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--images", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def has_gpu() -> bool:
    """Whether torch sees one."""
    import torch

    return torch.cuda.is_available()


def attempted(bench: Bench, name: str) -> Iterator[str]:
    """A section's lines; where it fails, one sentence, and the next section goes on."""
    try:
        yield from SECTIONS[name](bench)
    except Exception as problem:
        first = str(problem).strip().partition("\n")[0]
        bench.failures.append(name)
        yield f"{name} failed: {type(problem).__name__}: {first}"


def machine(bench: Bench) -> Iterator[str]:
    """Names and versions; the floors are measured in the same process."""
    from gpu_floors import machine_lines

    yield from bench.part("floors")
    if found := bench.found.get("floors"):
        yield from machine_lines(found)


def floors(bench: Bench) -> Iterator[str]:
    """Peaks, and what follows from them."""
    from gpu_floors import floor_lines

    if "floors" not in bench.found:
        yield from bench.part("floors")
    if found := bench.found.get("floors"):
        yield from floor_lines(found)


def contenders(bench: Bench) -> Iterator[str]:
    """One model alone, in each way."""
    from gpu_contenders import HEADER, engine_lines

    yield HEADER
    yield from rows(bench, CONTENDERS)
    if found := bench.found.get("engine"):
        yield from engine_lines(found, bench.found.get("floors", {}).get("floors"), bench.asked)


def compiled(bench: Bench) -> Iterator[str]:
    """The loop on tensors with torch.compile, in two modes."""
    from gpu_contenders import HEADER

    yield HEADER
    yield from rows(bench, COMPILED)


def rows(bench: Bench, names: tuple[str, ...]) -> Iterator[str]:
    """A line for each contender, as soon as it is there."""
    from gpu_contenders import row

    for name in names:
        if name in bench.arguments.without:
            continue
        yield from bench.part(name)
        if found := bench.found.get(name):
            yield row(name, found, bench.found.get("student-8"))


def profile(bench: Bench) -> Iterator[str]:
    """What an epoch consists of."""
    from gpu_profile import lines

    yield from bench.part("profile")
    if found := bench.found.get("profile"):
        yield from lines(found)


def precision(bench: Bench) -> Iterator[str]:
    """TF32 beside fp32, where seeds were asked for."""
    from gpu_precision import lines

    if not bench.asked.precision_seeds:
        yield "left out: --precision-seeds 10 compares accuracies with and without TF32, some 2 minutes on an H200"
        return
    if not bench.asked.data_dir:
        yield "The images are random: accuracies mean nothing without --data-dir or GRADER_DATA_DIR."
    yield from bench.part("precision")
    if found := bench.found.get("precision"):
        yield from lines(found)


def lanes(bench: Bench) -> Iterator[str]:
    """Many models at once."""
    asked = bench.asked
    if not (asked.data_dir or asked.quick):
        yield "left out: whole runs of grader need MNIST, --data-dir or GRADER_DATA_DIR"
        return
    data_dir = Path(asked.data_dir) if asked.data_dir else None
    job = bench.job.model_copy(update={"data_dir": data_dir})
    done: dict[str, together.Together] = {}
    bench.found["lanes"] = done
    yield together.HEADER
    each = 0.0  # seconds for a model, by what was measured last
    epochs = 1 if asked.quick else EPOCHS
    for name, count, is_shared in lane_counts(asked.quick):
        if time.monotonic() + each * count + STARTED > bench.deadline:
            yield f"{name}: left out, it would not end in time (--minutes)"
            continue
        progress(bench, name)
        several = together.jobs(job, count, epochs, "digits" if asked.quick else "mnist")
        try:
            if is_shared:
                done[name] = together.in_shared_process(several, asked.device, bench.deadline)
            else:
                done[name] = together.in_processes(several, bench.deadline)
        except Exception as problem:
            bench.failures.append(name)
            yield f"{name} failed: {type(problem).__name__}: {problem}"
            continue
        each = done[name].seconds / count
        yield together.row(name, done[name])
    yield from together.compared(done)


def lane_counts(quick: bool) -> Iterator[tuple[str, int, bool]]:
    """What a line is called, how many models at once, and whether in one process."""
    for count in (2,) if quick else (1, 2, 4, 8, 16, 32):
        yield f"{count} lane" + "s" * (count > 1), count, True
    for count in (2,) if quick else (4, 8):
        yield f"{count} processes", count, False


SECTIONS: dict[str, Callable[[Bench], Iterator[str]]] = {
    "machine": machine,
    "floors": floors,
    "contenders": contenders,
    "profile": profile,
    "lanes": lanes,
    "compiled": compiled,
    "precision": precision,
}


def verdicts(bench: Bench) -> Iterator[str]:
    """Each target, and whether it is met."""
    from gpu_contenders import seconds_of

    if bench.asked.device == "cpu" or bench.asked.images is not None or bench.asked.variant != "minimal":
        yield "The targets are for a GPU, the variant `minimal` and all images: nothing is judged here."
        return
    engine, student = bench.found.get("engine"), bench.found.get("student-8")
    yield verdict("20 epochs, seconds", engine and seconds_of(engine), SECONDS, at_most=True)
    ratio = seconds_of(student) / seconds_of(engine) if engine and student else None
    yield verdict("engine / student-8", ratio, TIMES)
    shared = [one for name, one in bench.found.get("lanes", {}).items() if "lane" in name]
    rates = [one.models_per_hour for one in shared]
    yield verdict("models per hour side by side", max(rates, default=None), MODELS_PER_HOUR)
    yield "The targets are those of an H200."


def verdict(name: str, found: float | None, target: float, *, at_most: bool = False) -> str:
    """One line."""
    if found is None:
        return f"{name}: not measured, target {target:,g}"
    is_met = found <= target if at_most else found >= target
    return f"{name}: {found:,.2f}, target {'at most ' if at_most else ''}{target:,g}: {'met' if is_met else 'MISSED'}"


if __name__ == "__main__":
    main()
