"""Weighing what speaks for each possible submission. Every point comes with a sentence that a person can check."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.intake.prospects import Prospect
from grader.intake.readme import Mention, Readme
from grader.intake.trace.events import Trained

CHANNELS, PIXELS, CLASSES = 1, 784, 10

# The training code decides first. What the student wrote about the model (README, names) decides between models that
# were all trained, and outweighs training only where it is exact.
LAST_TRAINED, TRAINED, MAYBE_TRAINED, TRAINED_UNCALLED, BUILT = 50.0, 25.0, 32.0, 20.0, 10.0
FITS, MISFITS = 10.0, -100.0
STATED, STATED_LAST, STATED_FINAL = 32.0, 16.0, 8.0
NAMED_CLASS, NAMED_FILE, NAMED_FINAL = 6.0, 6.0, 6.0
FINAL_FILE, FINAL_CLASS, BETTER_NAME, EARLY_NAME, TEST_FILE = 45.0, 20.0, 12.0, -12.0, -15.0
LAST_OF_SERIES = 10.0
REDEFINED = -20.0
MORE = 1.0
DEEPER = -6.0  # per folder below the shallowest model, at most three

FINAL_WORD = re.compile(r"(?<![a-z])(final|best|submission|submit|submitted)(?![a-z])")
BETTER_WORD = re.compile(r"(?<![a-z])(optimal|optimi[sz]ed|improved|tuned)(?![a-z])")
EARLY_WORD = re.compile(
    r"(?<![a-z])(base|baseline|basic|skeleton|setup|old|older|backup|copy|draft|initial|first|play|playground|scratch"
    r"|demo|example|sample|tmp|temp|deprecated|archive|experiment|trial|attempt)s?(?![a-z])"
)


@dataclass
class Weighed:
    """A prospect with its points."""

    prospect: Prospect
    score: float = 0.0
    evidence: list[str] = field(default_factory=list)

    def add(self, points: float, sentence: str) -> None:
        """Points and why."""
        self.score += points
        self.evidence.append(sentence)


def weigh(prospects: Sequence[Prospect], readme: Readme) -> list[Weighed]:
    """The prospects with their points, best first; at equal points modules come before notebooks."""
    rows = [Weighed(prospect) for prospect in prospects]
    last, outnumbered = _series([label for row in rows for label in _labels(row.prospect)])
    for row in rows:
        _weigh_training(row, prospects)
        _weigh_fit(row)
        _weigh_definition(row)
        _weigh_words(row, outnumbered)
    _weigh_readme(rows, readme)
    _weigh_series(rows, last)
    _weigh_depth(rows)
    _prefer_named_twins(rows, readme)
    return sorted(rows, key=lambda row: (-row.score, row.prospect.cell.index is not None))


def last_trained(prospects: Sequence[Prospect]) -> dict[str, Trained]:
    """The last training of each program, among what was surely reached."""
    last: dict[str, Trained] = {}
    for prospect in prospects:
        for event in prospect.trained:
            if event.reached and (event.entry not in last or event.order > last[event.entry].order):
                last[event.entry] = event
    return last


def _weigh_training(row: Weighed, prospects: Sequence[Prospect]) -> None:
    prospect = row.prospect
    last = last_trained(prospects)
    reached = [event for event in prospect.trained if event.reached]
    for event in reached:
        if last[event.entry] is event and event.certain:
            row.add(
                LAST_TRAINED, f"passed to {event.optimizer} at {event.site}, the last model that {event.entry} trains"
            )
            return
    certain = [event for event in reached if event.certain]
    if certain:
        event = certain[-1]
        later = last[event.entry]
        row.add(
            TRAINED, f"passed to {event.optimizer} at {event.site}; another model is trained after it at {later.site}"
        )
    elif reached:
        event = reached[-1]
        row.add(MAYBE_TRAINED, f"one of the models that may be passed to {event.optimizer} at {event.site}")
    elif prospect.trained:
        event = prospect.trained[-1]
        row.add(TRAINED_UNCALLED, f"passed to {event.optimizer} at {event.site}, in a function that nothing calls")
    elif prospect.built:
        row.add(BUILT, f"built at {prospect.built[-1].site}, never seen to be trained")
    else:
        row.add(0.0, "no code in this folder builds or trains it")


def _weigh_fit(row: Weighed) -> None:
    counted = row.prospect.census
    fits = counted.fits(CHANNELS, PIXELS, CLASSES) if counted else None
    if counted is None or fits is None:
        return
    if fits:
        total = f", {counted.parameters:,} parameters" if counted.parameters is not None else ""
        row.add(FITS, f"its layers take one channel and give {CLASSES} outputs{total}")
    elif counted.inputs not in (CHANNELS, PIXELS):
        row.add(MISFITS, f"its first layer takes {counted.inputs} channels, not {CHANNELS}")
    elif all(outputs >= 0 for outputs in counted.outputs):
        row.add(MISFITS, f"no layer of it has {CLASSES} outputs")


def _weigh_definition(row: Weighed) -> None:
    prospect = row.prospect
    if not prospect.in_force and not prospect.trained:
        row.add(REDEFINED, f"{prospect.name} is defined again in {prospect.cell.file} before it is trained")
    if _is_test(prospect.cell.file):
        row.add(TEST_FILE, f"{prospect.cell.file} is a test")


def _weigh_words(row: Weighed, outnumbered: set[str]) -> None:
    words = {label: _words(label) for label in _labels(row.prospect)}
    finals = [label for label, text in words.items() if FINAL_WORD.search(text) and label not in outnumbered]
    better = [label for label, text in words.items() if BETTER_WORD.search(text)]
    early = [label for label, text in words.items() if EARLY_WORD.search(text)]
    if finals:
        points = FINAL_CLASS if finals == [row.prospect.name] else FINAL_FILE
        row.add(points, f"{finals[-1]} is called final")
    elif better:
        row.add(BETTER_NAME, f"{better[0]} is named as an improvement")
    elif early:
        row.add(EARLY_NAME, f"{early[0]} is named as an early step")


def _weigh_readme(rows: Sequence[Weighed], readme: Readme) -> None:
    totals = {row.prospect.census.parameters for row in rows if row.prospect.census}
    stated = {total: readme.states(total) for total in totals if total is not None and total >= 100}
    lines = [mention.line for mentions in stated.values() for mention in mentions]
    several = sum(bool(mentions) for mentions in stated.values()) > 1
    names = {row.prospect.name for row in rows}
    files = {row.prospect.cell.file for row in rows}
    for row in rows:
        counted = row.prospect.census
        mentions = stated.get(counted.parameters, []) if counted and counted.parameters is not None else []
        if mentions and len(totals) > 1:
            last = mentions[-1]
            points = STATED + STATED_LAST * (several and last.line == max(lines)) + STATED_FINAL * _any_final(mentions)
            row.add(points, f"{last} states its parameter count, {counted.parameters if counted else 0:,}")
        if len(names) > 1:
            _credit(row, readme.names(row.prospect.name), NAMED_CLASS, row.prospect.name)
        if len(files) > 1:
            for path in _files(row.prospect):
                if _credit(row, readme.names_file(path), NAMED_FILE, path):
                    break


def _credit(row: Weighed, mentions: list[Mention], points: float, what: str) -> bool:
    if not mentions:
        return False
    finals = [mention for mention in mentions if mention.final]
    if finals:
        row.add(points + NAMED_FINAL, f"{finals[0]} names {what} on a line that says final or best")
    else:
        row.add(points, f"{mentions[0]} names {what}")
    return True


def _weigh_series(rows: Sequence[Weighed], last: set[str]) -> None:
    for row in rows:
        for label in _labels(row.prospect):
            if label in last:
                row.add(LAST_OF_SERIES, f"{label} is the last of its series")
                break


def _series(labels: Sequence[str]) -> tuple[set[str], set[str]]:
    """(last, earlier) members of the numbered series among names: `Part_1 … Part_5`, `1_8_Final … 1_10_Scheduler`.

    Names are a series where they are equal up to a number that differs.
    """
    numbers: dict[tuple[str, ...], dict[str, int]] = {}
    for label in labels:
        folder, _, name = label.rpartition("/")
        tokens = re.findall(r"\d{1,9}|[a-z]+", name.lower())
        for place, token in enumerate(tokens):
            if token.isdigit():
                key = (folder, PurePosixPath(name).suffix, *tokens[:place])
                numbers.setdefault(key, {})[label] = int(token)
    last: set[str] = set()
    earlier: set[str] = set()
    for members in numbers.values():
        highest = max(members.values())
        below = {label for label, number in members.items() if number < highest}
        earlier |= below
        last |= set(members) - below if below else set()
    return last - earlier, earlier


def _weigh_depth(rows: Sequence[Weighed]) -> None:
    shallowest = min((row.prospect.cell.file.count("/") for row in rows), default=0)
    for row in rows:
        depth = row.prospect.cell.file.count("/") - shallowest
        if depth:
            row.add(DEEPER * min(depth, 3), f"{row.prospect.cell.file} lies in a subfolder of other models")


def _prefer_named_twins(rows: Sequence[Weighed], readme: Readme) -> None:
    """Of the same code in several files, the file that the README names stands for all, with the best one's points."""
    best = max(rows, key=lambda row: row.score, default=None)
    if best is None or any(readme.names_file(file) for file in _files(best.prospect)):
        return
    twins = [row for row in rows if row is not best and row.prospect.fingerprint == best.prospect.fingerprint]
    named = [row for row in twins if readme.names_file(row.prospect.cell.file)]
    if named:
        row = max(named, key=lambda twin: twin.score)
        mention = readme.names_file(row.prospect.cell.file)[0]
        points = best.score - row.score + MORE
        row.add(points, f"the same code as {best.prospect.cell.file}, and the file that {mention} names")


def _labels(prospect: Prospect) -> list[str]:
    """The names that tell a step of the work: the class's, its file's, and that of the program that trains it."""
    return list(dict.fromkeys([prospect.name, *_files(prospect)]))


def _files(prospect: Prospect) -> list[str]:
    return list(dict.fromkeys([prospect.cell.file, *(event.entry for event in prospect.trained if event.reached)]))


def _words(label: str) -> str:
    """Lower case, with camel case and underscores taken apart; the folders left out."""
    name = label.rsplit("/", 1)[-1]
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[^a-z]+", " ", apart.lower())


def _is_test(file: str) -> bool:
    parts = file.lower().split("/")
    return (
        parts[-1].startswith("test_")
        or parts[-1].endswith("_test.py")
        or any(p in ("test", "tests") for p in parts[:-1])
    )


def _any_final(mentions: Sequence[Mention]) -> bool:
    return any(mention.final for mention in mentions)
