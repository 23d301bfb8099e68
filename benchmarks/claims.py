"""Claims against a table of measured repositories: is what the graded model is said to have read right?

Run: python benchmarks/claims.py CASES.csv --mirrors FOLDER [--only TEXT] [--show]
The table and the mirrors are those of benchmarks/dev_cases.py; its column readme_parameters is what the submission
states of the row's model (`17682`, `~10000`, `<20000`; empty where it states nothing). FOLDER/OWNER+NAME/repo is a git
directory that holds the commit.
Prints a line per row with what was read, and the share of the rows with a statement where value and relation are
right. With --show, all claims of each row, for reading beside the repository.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dev_cases import Case, cases, name_model

from grader.intake.claims.read import read_claims
from grader.intake.discover import discover
from grader.model.claims import Claim, ParameterClaim
from grader.model.submission import Candidate

SIGNS = {"exactly": "", "about": "~", "less_than": "<", "at_most": "≤", "more_than": ">", "at_least": "≥"}
SOURCES = ("readme", "markdown_cell", "docstring", "comment", "output")
TARGET = 0.95


def headline(claims: Sequence[Claim]) -> Claim | None:
    """The one total that stands for all: of the graded model, stated rather than asked for, precise, in the README."""
    totals = [
        claim
        for claim in claims
        if isinstance(claim.statement, ParameterClaim)
        and claim.statement.scope in ("total", "trainable")
        and claim.about != "other"
    ]
    repeats = Counter(claim.statement.figure.value for claim in totals if isinstance(claim.statement, ParameterClaim))
    return min(totals, key=lambda claim: _rank(claim, repeats), default=None)


def _rank(claim: Claim, repeats: Counter[float]) -> tuple[object, ...]:
    figure = claim.statement.figure  # type: ignore[union-attr]
    precision = ("exactly", "about").index(figure.relation) if figure.relation in ("exactly", "about") else 2
    printed = claim.source == "output"
    return (
        claim.requirement,
        printed,
        claim.source not in ("readme", "markdown_cell"),
        claim.about != "graded",
        precision,
        figure.tolerance > 0,
        SOURCES.index(claim.source),
        -repeats[figure.value],
    )


def shown(claim: Claim | None) -> str:
    """A parameter claim as the table writes it."""
    if claim is None or not isinstance(claim.statement, ParameterClaim):
        return ""
    return f"{SIGNS[claim.statement.figure.relation]}{claim.statement.figure.value:.0f}"


def candidate_of(case: Case) -> Candidate:
    """The row's class, else the first of its file, else the one grader chooses, else nobody."""
    named = name_model(case)
    if named is not None:
        return named
    found = discover(case.root, checkout=case.checkout)
    there = [one for one in found.candidates if one.file == case.file]
    nobody = Candidate(file=case.file, cell=None, **{"class": "Model"}, line=1)
    return there[0] if there else found.selected or nobody


def describe(claim: Claim) -> str:
    """A claim on a line: its value, whose, where and the words."""
    fields = claim.statement.model_dump(exclude_defaults=True, exclude={"rows"})
    if "rows" in claim.statement.model_fields_set:
        fields["rows"] = len(claim.statement.rows)  # type: ignore[union-attr]
    kind = fields.pop("kind", claim.statement.kind)
    figure = fields.pop("figure", None)
    value = f"{SIGNS[claim.statement.figure.relation]}{figure['value']:g} " if figure else ""  # type: ignore[union-attr]
    asked = " (asked for)" if claim.requirement else ""
    rest = ", ".join(f"{name} {what}" for name, what in fields.items())
    return f"{claim.about:8}{kind}{asked} {value}{rest} [{claim.subject[:30]}] {claim.location} | {claim.text[:90]}"


def main() -> int:
    """Print the rows and the share; 0 where the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--mirrors", type=Path, required=True)
    parser.add_argument("--only", default="", help="rows whose repository or file contains this")
    parser.add_argument("--show", action="store_true", help="print every claim")
    options = parser.parse_args()
    began = time.monotonic()
    right, stated, reading = 0, 0, 0.0
    with tempfile.TemporaryDirectory(prefix="grader-claims-") as folder:
        for case in cases(options.table, options.mirrors, Path(folder), options.only):
            print(f"{case.row['repository']} {case.row['file']}")
            candidate = candidate_of(case)
            wanted = case.row["readme_parameters"]
            start = time.monotonic()
            claims, notes = read_claims(case.root, candidate, checkout=case.checkout, readme=None)
            reading += time.monotonic() - start
            found = headline(claims)
            verdict = "" if not wanted else "right" if shown(found) == wanted else "WRONG"
            right += verdict == "right"
            stated += bool(wanted)
            place = f"{found.location} ({found.source}, {found.about})" if found else "-"
            kinds = Counter(claim.statement.kind for claim in claims)
            print(
                f"    {verdict or 'states none'}: read {shown(found) or 'none'} at {place};"
                f" the table has {wanted or 'none'}; {dict(kinds)}"
            )
            for line in (*notes, *(describe(claim) for claim in claims if options.show)):
                print(f"      {line}")
    share = right / max(stated, 1)
    print(f"parameter claim right: {right} of {stated} ({share:.1%}; target {TARGET:.0%})")
    print(f"{time.monotonic() - began:.0f} s, of them {reading:.1f} s reading claims")
    return 0 if share >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
