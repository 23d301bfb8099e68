"""Recipes read from training code, against a table of repositories.

Run: python benchmarks/code_recipes.py CASES.csv --mirrors FOLDER [--truth TRUTH.csv] [--only TEXT] [--all]
The tables of repositories are those of dev_cases.py. Prints per row what was read: optimizer, rate, schedule with its
arguments and when it is stepped, batch size, each with its place; `--all` prints every value, hole and note.
TRUTH.csv has what a person read in the same code: row (line of CASES.csv, the heading is line 1), code (yes, or why the
row holds no training code), optimizer, lr, schedule, batch_size. A schedule is written as it is printed here; one that
a recipe can't hold as `unread NAME`. Then the score per field is printed, and the rows that differ.
"""

import argparse
import csv
import re
import sys
import tempfile
import time
from pathlib import Path

from dev_cases import Case, cases, name_model

from grader.errors import GraderError
from grader.intake.discover import discover
from grader.intake.recipe.read import read_code_recipe
from grader.model.code_recipe import CodeRecipe

FIELDS = ("optimizer", "lr", "schedule", "batch_size")
TARGET = 0.85
_BEYOND = re.compile(r"a recipe has no (?:schedule|optimizer) (\w+)")


def summary(code: CodeRecipe) -> dict[str, str]:
    """The four fields as text; "unread" or "unread NAME" where a field has no value."""
    values = {value.field: value.value for value in code.values}
    return {
        "optimizer": str(values.get("optimizer.name", _unread(code, "optimizer"))),
        "lr": f"{values['optimizer.lr']:g}" if "optimizer.lr" in values else "unread",
        "schedule": _schedule(code),
        "batch_size": str(values.get("batch_size", "unread")),
    }


def places(code: CodeRecipe) -> dict[str, str]:
    """Where the four fields stand."""
    found = {value.field: str(value.location) for value in code.values}
    names = ("optimizer.name", "optimizer.lr", "schedule.name", "batch_size")
    return {field: found.get(name, "-") for field, name in zip(FIELDS, names, strict=True)}


def _schedule(code: CodeRecipe) -> str:
    """`step step_size=6 gamma=0.1 per epoch`."""
    fields = {value.field: value.value for value in code.values if value.field.startswith(("schedule.", "warmup."))}
    name = fields.pop("schedule.name", None)
    if name is None:
        return _unread(code, "schedule")
    step = fields.pop("schedule.step", None)
    shown = [f"{field.removeprefix('schedule.')}={_plain(value)}" for field, value in sorted(fields.items())]
    return " ".join([str(name), *shown, *([f"per {step}"] if step else [])])


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace(" ", "")


def _unread(code: CodeRecipe, part: str) -> str:
    reasons = [entry.reason for entry in code.unread if entry.field == part]
    beyond = _BEYOND.search(reasons[0]) if reasons else None
    return f"unread {beyond.group(1)}" if beyond else "unread"


def read(case: Case) -> CodeRecipe | str:
    """The recipe of the row's class (of a row without one, of what discovery says), or why there is none."""
    try:
        candidate = name_model(case) or discover(case.root, checkout=case.checkout).selected
    except GraderError as error:
        return str(error)
    if candidate is None:
        return "no class is found"
    return read_code_recipe(case.root, candidate, checkout=case.checkout)


def show(line: int, case: Case, code: CodeRecipe | str, everything: bool) -> None:
    """A row's findings."""
    print(f"{line} {case.row['repository']} {case.row['file']} {case.row['final_model_class']}")
    if isinstance(code, str) or code.loop is None:
        print(f"    {code if isinstance(code, str) else 'no training code'}")
        return
    where = places(code)
    for field, value in summary(code).items():
        print(f"    {field}: {value}  ({where[field]})")
    if everything:
        for one in code.values:
            print(f"      {one.field} = {one.value}  ({one.location})")
        for hole in code.unread:
            print(f"      unread {hole.field}: {hole.reason}  ({hole.location})")
        for note in code.notes:
            print(f"      note: {note}")


def compare(found: dict[int, CodeRecipe | str], truth: Path) -> bool:
    """Print the score; whether the share of rows with all four right meets the target."""
    with truth.open(newline="", encoding="utf-8") as stream:
        rows = {int(row["row"]): row for row in csv.DictReader(stream)}
    right = dict.fromkeys(FIELDS, 0)
    whole = said = 0
    counted = [line for line, row in rows.items() if row["code"] == "yes" and line in found]
    for line in counted:
        code = found[line]
        ours = summary(code if isinstance(code, CodeRecipe) else CodeRecipe())
        wrong = [field for field in FIELDS if ours[field] != rows[line][field]]
        beyond = [field for field in FIELDS if field not in wrong and rows[line][field].startswith("unread")]
        for field in FIELDS:
            right[field] += field not in wrong and field not in beyond
        whole += not wrong and not beyond
        said += not wrong and bool(beyond)
        for field in wrong:
            print(f"row {line}: {field}: {ours[field]!r}, not {rows[line][field]!r}")
        for field in beyond:
            print(f"row {line}: {field}: {ours[field]!r} can't be held by a recipe, and is said to be so")
    for line in sorted(set(rows) - set(counted)):
        if line in found:
            code = found[line]
            read_one = isinstance(code, CodeRecipe) and code.loop is not None
            print(f"row {line} is not counted: {rows[line]['code']}{' (something was read)' if read_one else ''}")
    total = max(len(counted), 1)
    print(" · ".join(f"{field} {count}/{total}" for field, count in right.items()))
    share = whole / total
    print(f"all four read right: {whole} of {total} ({share:.1%}; target {TARGET:.0%})")
    print(f"rightly said to be beyond a recipe: {said} more ({(whole + said) / total:.1%} with these)")
    return share >= TARGET


def main() -> int:
    """Print the table and the score; 0 where the target is met or there is no truth to compare with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--mirrors", type=Path, required=True)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--only", default="", help="rows whose repository or file contains this")
    parser.add_argument("--all", action="store_true", help="every value, hole and note")
    options = parser.parse_args()
    began = time.monotonic()
    found: dict[int, CodeRecipe | str] = {}
    with options.table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with tempfile.TemporaryDirectory(prefix="grader-recipes-") as folder:
        for case in cases(options.table, options.mirrors, Path(folder), options.only):
            line = rows.index(case.row) + 2
            found[line] = read(case)
            show(line, case, found[line], options.all)
    print(f"{len(found)} rows in {time.monotonic() - began:.0f} s")
    return 0 if options.truth is None or compare(found, options.truth) else 1


if __name__ == "__main__":
    sys.exit(main())
