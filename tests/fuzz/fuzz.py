"""Fuzzes one parser, guided by coverage: `python tests/fuzz/fuzz.py graph --minutes 30 --out FOLDER`.

Needs atheris (`pip install atheris`), which is not one of grader's dependencies. Inputs that reach new code are kept in
FOLDER/corpus, those that end in an exception or take too long in FOLDER/findings, one for each place it came from.
What is worth keeping is put by hand into tests/fuzz/corpus, which `test_corpus.py` replays.
"""

import argparse
import hashlib
import importlib.util
import os
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MOST_BYTES = 64 * 1024  # of one input
HANGS = 120  # seconds of wall time after which libFuzzer ends the run


class Findings:
    """The inputs that failed: one for each place in the code that an exception came from."""

    def __init__(self, target: Callable[[bytes], None], folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._places: set[tuple[str, ...]] = set()

    def __call__(self, data: bytes) -> None:
        """Run the target; what it raises is kept and reported, and the run goes on."""
        try:
            self._target(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/grader/" in frame.filename]
            last = frames[-1] if frames else None
            place = (type(error).__name__, f"{last.filename}:{last.name}" if last else "")
            if place not in self._places:
                self._places.add(place)
                name = hashlib.sha256(data).hexdigest()[:12]
                (self._folder / name).write_bytes(data)
                (self._folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)))
                print(f"FINDING {len(self._places)}: {place} in {name}", flush=True)


def _mutator(target: str, atheris: Any) -> Callable[[bytes, int, int], bytes]:
    import graph_mutations
    import text_mutations

    by_target = {
        "graph": graph_mutations.mutate,
        "notebook": text_mutations.mutate_notebook,
        "claims": text_mutations.mutate_text,
    }
    by_form, raw = by_target[target], 0.1 if target == "claims" else 0.02

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        numbers = random.Random(seed)
        changed = None if numbers.random() < raw else by_form(data, numbers, most)
        return atheris.Mutate(data, most) if changed is None else changed

    return mutate


def _crossover() -> Callable[[bytes, bytes, int, int], bytes]:
    import graph_mutations

    def cross(data: bytes, other: bytes, most: int, seed: int) -> bytes:
        return graph_mutations.cross(data, other, random.Random(seed), most) or data

    return cross


def main() -> None:
    """Parse the command line and hand over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=("graph", "notebook", "claims"))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("Fuzzing needs atheris, which is not installed: pip install atheris")
    import atheris

    os.environ["OMP_NUM_THREADS"] = "1"
    os.nice(19 - os.nice(0))
    corpus, findings = options.out / "corpus", options.out / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["grader"]):
        import targets
    arguments = [
        sys.argv[0],
        f"-max_total_time={int(options.minutes * 60)}",
        f"-max_len={MOST_BYTES}",
        f"-timeout={HANGS}",
        f"-seed={options.seed}",
        "-rss_limit_mb=6000",
        "-len_control=0",
        "-print_final_stats=1",
        f"-artifact_prefix={findings}/",
        str(corpus),
        str(HERE / "corpus" / options.target),
    ]
    run = Findings(targets.TARGETS[options.target], findings)
    crossing = {"custom_crossover": _crossover()} if options.target == "graph" else {}
    atheris.Setup(arguments, run, custom_mutator=_mutator(options.target, atheris), **crossing)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
