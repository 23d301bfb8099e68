"""`grader batch --no-train` on the class of 200: what came out, how fast, and what it cost.

Run: python benchmarks/batch.py [--jobs N] [--folder FOLDER] [-- further options of grader batch]
Makes the class's repositories in a temporary folder and serves them with git daemon, with the forge's record of pushes
behind the deadline. Prints the results against those that must come out, each difference, the CPU seconds of every
stage as the store has them, and the peak, over samples half a second apart, of the proportional set size summed over
the tree of processes (shared pages count once). Exits with 1 where anything differs.
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from check_static import children, resident

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS / "batch"), str(TESTS / "attacks")]

from class_of_200 import class_of_200  # noqa: E402
from class_repositories import build, serve  # noqa: E402
from class_results import counts, disagreements, rows_of  # noqa: E402


@dataclass(frozen=True)
class Ran:
    """One run of the command."""

    code: int
    seconds: float
    cpu_seconds: float  # of all processes that it waited for
    peak_bytes: int


def run(command: list[str], environment: dict[str, str]) -> Ran:
    """Run a command to its end and watch its tree of processes."""
    before, began = _cpu_seconds(), time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **environment})
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(children(process.pid)))
        time.sleep(0.5)
    return Ran(process.returncode, time.perf_counter() - began, _cpu_seconds() - before, peak)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stages(store: Path) -> Iterator[tuple[str, str, int, float, float]]:
    """(stage, how it ended, how often, wall seconds, CPU seconds), as the store has them."""
    asked = """select name, outcome, count(*), sum(seconds), sum(cpu_seconds) from stage group by name, outcome"""
    connection = sqlite3.connect(store)
    try:
        yield from ((*row[:3], row[3] or 0.0, row[4] or 0.0) for row in connection.execute(asked))
    finally:
        connection.close()


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    else:
        named.mkdir(parents=True)
        yield named


def main() -> None:
    """Make the class, grade it, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="keep the repositories and the results in this new folder")
    parser.add_argument("further", nargs="*", help="further options of grader batch, after --")
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        began = time.perf_counter()
        course = build(folder, class_of_200())
        print(f"{len(course.students)} students, {len(course.records)} repositories made in", end=" ")
        print(f"{time.perf_counter() - began:.1f} s")
        out = folder / "results"
        with serve(course) as served:
            command = [sys.executable, "-m", "grader", "batch", str(served.roster), "--no-train", "--out", str(out)]
            command += ["--deadline", served.deadline, "--jobs", str(options.jobs), *options.further]
            ran = run(command, served.environment)
        rows = rows_of(out)
        differences = list(disagreements(course.students, rows, out))
        print(f"\n{'result':<14}{'expected':>9}{'found':>7}")
        for result, expected, found in counts(course.students, rows):
            print(f"{result:<14}{expected:>9}{found:>7}")
        print(*differences or ["Everybody has the result that must come out."], sep="\n")
        print(f"\n{'stage':<9}{'ended':<8}{'number':>7}{'wall s':>9}{'CPU s':>9}{'CPU s each':>12}")
        found = list(stages(out / "store.sqlite"))
        for name, ended, number, wall, cpu in found:
            print(f"{name:<9}{ended:<8}{number:>7}{wall:>9.1f}{cpu:>9.1f}{cpu / number:>12.3f}")
        graded = sum(row.report is not None for row in rows)
        print(
            f"all stages: {sum(row[4] for row in found) / graded:.2f} CPU s for each of {graded} reports (target 1.5)"
        )
        print(
            f"\nexit {ran.code}, {ran.seconds:.0f} s with {options.jobs} jobs: {len(rows) / ran.seconds:.2f} students/s"
        )
        print(f"CPU of the command itself, without the sandboxes: {ran.cpu_seconds:.0f} s")
        print(f"peak memory of the tree: {ran.peak_bytes / 1e9:.2f} GB")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
