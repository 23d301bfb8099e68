"""The corpus on disk: `cases/FAMILY/NAME/` holds `attack.yaml`, which says what must come out, and `submission/`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import markup
import yaml
from arena import Answer
from pydantic import BaseModel, ConfigDict

CASES = Path(__file__).parent / "cases"


class Flagged(BaseModel):
    """A flag that must be there: its kind, and words of its message."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    says: str = ""


class Case(BaseModel):
    """One small repository and what the report must say of it."""

    model_config = ConfigDict(extra="forbid")
    attack: str  # what it tries, one sentence; for a control: what honest thing it does that looks like the attack
    outcome: str  # why it gets nothing: one sentence
    kind: Literal["attack", "control"] = "attack"
    train: bool = False  # retrains on the bundled digits (rubric demo); else --no-train
    rubric: str | None = None  # default: mnist-20k, or demo where it trains
    arguments: tuple[str, ...] = ()  # more for `grader check`
    exit_code: int | None = None
    criteria: dict[str, str] = {}  # id -> status
    facts: dict[str, Any] = {}  # dotted name in the report's `facts` -> value
    flags: tuple[Flagged, ...] = ()
    no_flags: tuple[str, ...] = ()  # kinds that must not be there: a control is not suspected
    summary: str = ""  # words of the report's summary
    says: tuple[str, ...] = ()  # words that stand somewhere in report.json
    shows: dict[str, tuple[str, ...]] = {}  # stdout or a report's file -> words that a reader sees there
    absent: tuple[str, ...] = ()  # words that stand nowhere, neither in the reports nor on the terminal

    @property
    def command(self) -> tuple[str, ...]:
        """The arguments of `grader check` after the folder."""
        rubric = self.rubric or ("demo" if self.train else "mnist-20k")
        training = ("--device", "cpu") if self.train else ("--no-train",)
        return ("--rubric", rubric, *training, *self.arguments)


def names() -> list[str]:
    """FAMILY/NAME of every case."""
    return sorted(str(file.parent.relative_to(CASES)) for file in CASES.glob("*/*/attack.yaml"))


def load(name: str) -> tuple[Case, Path]:
    """A case and the folder of its submission."""
    folder = CASES / name
    return Case.model_validate(yaml.safe_load((folder / "attack.yaml").read_text())), folder / "submission"


def disagreements(case: Case, answer: Answer) -> Iterator[str]:
    """Where the report does not say what it must, a sentence each."""
    if case.exit_code is not None and answer.code != case.exit_code:
        yield f"exit code {answer.code}, not {case.exit_code}: {answer.stdout[-500:]}{answer.stderr[-500:]}"
    if not (answer.out / "report.json").is_file():
        yield f"there is no report, but exit code {answer.code}: {answer.stderr[-500:]}"
        return
    report = answer.report
    statuses = {outcome["id"]: outcome["status"] for outcome in report["outcomes"]}
    for criterion, status in case.criteria.items():
        if statuses.get(criterion) != status:
            yield f"{criterion} is {statuses.get(criterion)}, not {status}"
    for name, expected in case.facts.items():
        value: Any = report["facts"]
        for part in name.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        if value != expected:
            yield f"{name} is {value}, not {expected}"
    for flag in case.flags:
        if not any(found["kind"] == flag.kind and flag.says in found["message"] for found in report["flags"]):
            yield f"no flag {flag.kind} says {flag.says!r}; there are {report['flags']}"
    for found in report["flags"]:
        if found["kind"] in case.no_flags:
            yield f"it is suspected: {found}"
    if case.summary not in report["summary"]:
        yield f"the summary is {report['summary']!r}"
    for words in case.says:
        if words not in (answer.out / "report.json").read_text(encoding="utf-8"):
            yield f"nothing says {words!r}"
    for place, expected in case.shows.items():
        seen = markup.shown(place, answer.texts[place])
        for words in expected:
            if words not in seen:
                yield f"{place} does not show {words!r}"
    for words in case.absent:
        for place, text in answer.texts.items():
            if words in text:
                yield f"{place} holds {words!r}"
