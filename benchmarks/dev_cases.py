"""Discovery and figures against a table of measured repositories.

Run: python benchmarks/dev_cases.py CASES.csv --mirrors FOLDER [--sandbox bubblewrap|process] [--only TEXT]
The table has a row per final model: repository (OWNER/NAME), commit, file, final_model_class (empty where nobody could
tell), parameters, batch_norm_runs, dropout_runs, gap, fc, receptive_field_before_head. FOLDER/OWNER+NAME/repo is a git
directory that holds the commit; blobs may be absent.
Prints a row per case, then
(a) over distinct (commit, folder): is the model that grader chooses by itself a row's? Any decided row of the folder
    counts. Where its file defines the class several times, the parameter total must be the row's too.
(b) with the row's file and class named: is every figure right, over the rows whose model can be built?
"""

import argparse
import csv
import json
import posixpath
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GraderError
from grader.graph.schema import ProbeFailure, read_probe_output
from grader.intake.discover import discover
from grader.intake.slice import slice_candidate
from grader.model.facts import Facts
from grader.model.submission import Candidate
from grader.sandbox.base import Job, Sandbox
from grader.sandbox.select import select

READ = (".py", ".ipynb", ".md", ".rst", ".txt", ".yml", ".yaml")
FIGURES = ("parameters", "batch_norm_runs", "dropout_runs", "gap", "fc", "receptive_field_before_head")
UNKNOWN = "?"


@dataclass
class Case:
    """A row of the table and what grader says."""

    row: dict[str, str]
    root: Path
    checkout: Path
    chosen: Candidate | None = None
    named: Candidate | None = None
    measured: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def decided(self) -> bool:
        """Whether the table says which class it is."""
        return bool(self.row["final_model_class"])

    @property
    def file(self) -> str:
        """The row's file, relative to its folder."""
        return posixpath.basename(self.row["file"])

    def wrong(self) -> list[str]:
        """The figures that differ, as `name: ours, not theirs`."""
        theirs = {name: figure(name, self.row[name]) for name in FIGURES}
        return [
            f"{name}: {self.measured[name]}, not {theirs[name]}"
            for name in FIGURES
            if theirs[name] != UNKNOWN and self.measured.get(name) != theirs[name]
        ]


def figure(name: str, text: str) -> str:
    """A figure of the table in the form that ours take: `yes(no-op on 1x1)` is yes."""
    if not text:
        return UNKNOWN
    if name in ("parameters", "receptive_field_before_head"):
        return text.strip()
    return "yes" if text.startswith("yes") else "no"


def figures(facts: Facts) -> dict[str, str]:
    """Ours, as text."""
    yes = {True: "yes", False: "no"}
    return {
        "parameters": str(facts.parameters.total),
        "batch_norm_runs": yes[facts.batch_norm.runs],
        "dropout_runs": yes[facts.dropout.runs],
        "gap": yes[facts.head.gap],
        "fc": yes[facts.head.fc],
        "receptive_field_before_head": str(facts.receptive_field.before_head),
    }


def check_out(mirror: Path, commit: str, folder: Path) -> None:
    """Write the commit's readable text files; links, large and absent blobs are left out."""
    git = ("git", "--git-dir", str(mirror))
    listing = subprocess.run((*git, "ls-tree", "-r", "-z", commit), check=True, capture_output=True).stdout
    wanted: list[tuple[str, str]] = []
    for entry in filter(None, listing.split(b"\0")):
        meta, _, path = entry.decode(errors="surrogateescape").partition("\t")
        mode, kind, blob = meta.split()
        if kind == "blob" and mode != "120000" and path.lower().endswith(READ):
            wanted.append((blob, path))
    asked = "".join(f"{blob}\n" for blob, _ in wanted).encode()
    answer = subprocess.run((*git, "cat-file", "--batch"), input=asked, check=True, capture_output=True).stdout
    for (_, path), data in zip(wanted, blobs(answer), strict=True):
        if data is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def blobs(answer: bytes) -> Iterator[bytes | None]:
    """The contents in the answer of `git cat-file --batch`; None for one that is absent."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        words = answer[at:end].split()
        at = end + 1
        if words[-1] == b"missing":
            yield None
            continue
        size = int(words[2])
        yield answer[at : at + size]
        at += size + 1


def measure(case: Case, candidate: Candidate, sandbox: Sandbox) -> Facts | str:
    """The facts of a candidate, or a sentence why it can't be built."""
    from grader.analysis.measure import measure as measure_graph

    sliced = slice_candidate(case.root, candidate, checkout=case.checkout)
    request = {
        "schema": "grader/probe-request/v1",
        "slice": sliced.model_dump(mode="json"),
        "input_shape": [1, 28, 28],
        "batch_size": 128,
        "seed": 0,
        "mode": "export",
    }
    result = sandbox.run(Job(request=json.dumps(request).encode()))
    if "result.json" not in result.files:
        return f"the sandbox ended with {result.status}: {result.stderr[-200:]}"
    answer = read_probe_output(result.files, sliced)
    return f"{answer.stage}: {answer.message}" if isinstance(answer, ProbeFailure) else measure_graph(answer)


def name_model(case: Case) -> Candidate | None:
    """The row's class, named as with --model; of a row without a class, what evidence says of its file."""
    if case.decided:
        spec = f"{case.file}:{case.row['final_model_class']}"
        return discover(case.root, model=spec, checkout=case.checkout).selected
    there = [one for one in discover(case.root, checkout=case.checkout).candidates if one.file == case.file]
    return there[0] if there and figure("parameters", case.row["parameters"]) != UNKNOWN else None


def grade(case: Case, sandbox: Sandbox) -> None:
    """Choose without help, then measure what the row names."""
    try:
        case.chosen = discover(case.root, checkout=case.checkout).selected
        case.named = name_model(case)
        if case.named is None:
            case.problem = "the row names no class"
            return
        facts = measure(case, case.named, sandbox)
    except GraderError as error:
        case.problem = str(error)
        return
    if isinstance(facts, str):
        case.problem = facts
    else:
        case.measured = figures(facts)


def is_right(case: Case, group: list[Case], sandbox: Sandbox) -> bool:
    """Whether the chosen model is one of the folder's decided rows."""
    chosen = case.chosen
    if chosen is None:
        return False
    for row in group:
        if not row.decided or (chosen.file, chosen.name) != (row.file, row.row["final_model_class"]):
            continue
        if row.named is not None and row.named.spec == chosen.spec and row.measured:
            return row.measured["parameters"] == row.row["parameters"]
        facts = measure(case, chosen, sandbox)
        return isinstance(facts, Facts) and str(facts.parameters.total) == row.row["parameters"]
    return False


def cases(table: Path, mirrors: Path, folder: Path, only: str) -> Iterator[Case]:
    """The rows, with their commits checked out."""
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if only not in f"{row['repository']} {row['file']}":
                continue
            checkout = folder / f"{row['repository'].replace('/', '+')}@{row['commit'][:12]}"
            if not checkout.exists():
                checkout.mkdir()
                mirror = mirrors / row["repository"].replace("/", "+")
                git_dir = mirror / "repo" if (mirror / "repo").is_dir() else mirror
                check_out(git_dir, row["commit"], checkout)
            yield Case(row, checkout / posixpath.dirname(row["file"]), checkout)


def main() -> int:
    """Print the table and the two totals; 0 where both targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--mirrors", type=Path, required=True)
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--only", default="", help="rows whose repository or file contains this")
    options = parser.parse_args()
    sandbox = select(options.sandbox)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grader-cases-") as folder:
        done: list[Case] = []
        for case in cases(options.table, options.mirrors, Path(folder), options.only):
            grade(case, sandbox)
            done.append(case)
            wrong = case.wrong() if case.measured else [case.problem]
            named = case.named.spec if case.named else "-"
            print(
                f"{case.row['repository']} {case.row['file']}\n    {named}: {'; '.join(wrong) or 'every figure right'}"
            )
        folders: dict[Path, list[Case]] = {}
        for case in done:
            folders.setdefault(case.root, []).append(case)
        decided = {root: group for root, group in folders.items() if any(case.decided for case in group)}
        right = {root: is_right(group[0], group, sandbox) for root, group in decided.items()}
        for root, correct in right.items():
            if not correct:
                chosen = folders[root][0].chosen
                print(f"(a) wrong: {root.relative_to(folder)}: chose {chosen.spec if chosen else 'none'}")
    built = [case for case in done if case.measured]
    exact = [case for case in built if not case.wrong()]
    share_a = sum(right.values()) / max(len(right), 1)
    share_b = len(exact) / max(len(built), 1)
    print(f"(a) right model without --model: {sum(right.values())} of {len(right)} ({share_a:.1%}; target 90 %)")
    print(f"(b) every figure right with --model: {len(exact)} of {len(built)} built ({share_b:.1%}; target 98 %)")
    unbuilt = [case for case in done if not case.measured and case.decided]
    print(f"    {len(unbuilt)} decided rows could not be built; {time.monotonic() - began:.0f} s")
    return 0 if share_a >= 0.9 and share_b >= 0.98 else 1


if __name__ == "__main__":
    sys.exit(main())
