"""A document to drafts: its tables, its notes beside layers, then line by line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from grader.intake.claims.document import ITEM, Document, Line
from grader.intake.claims.drafts import Draft
from grader.intake.claims.layer_notes import layer_of, read_layer_notes
from grader.intake.claims.readers import read_text_line
from grader.intake.claims.requirement import is_bare_bound, is_requirement
from grader.intake.claims.summary import mark_tools
from grader.intake.claims.table_claims import read_table
from grader.intake.claims.tables import find_tables
from grader.intake.claims.training_log import condense, epoch_counter, mark_logged
from grader.model.claims import AccuracyClaim, EpochsClaim, FeatureClaim

WORTH_READING = re.compile(
    r"para?m|acc|epoch|receptive|\bRF\b|R\.F|norm|drop|pool|\bBN\b|\bGAP\b|\bFCs?\b|connected"
    r"|linear|dense|correct|train|test|val|final|best|result",
    re.IGNORECASE,
)
CODE = re.compile(
    r"^\s*(?:def |class |return\b|import |from \w+ import|print\(|assert |for .+:\s*$"
    r"|if .+:\s*$|elif |else:|while |with .+:\s*$|@|self\.|nn\.|[\w.]+\s*=\s*[\w.]+\("
    r"|[\w.]+\s*=\s*[\w.\[\]'\"]+$|\$ |!|%|python3? |pip )"
)
PRINTING = re.compile(r"\bprint\(|\{:?\.?\d?[a-z%]?\}|\.format\(|\bf[\"']|numel\(\)")
SUMMARY_ROW = re.compile(
    r"^\s*[├└│─|+\s]*[\w.]{2,40}(?:-\d+|: ?\d+-\d+)\s.*\[.*\]|^\W*(?:Input size|Forward/backward"
    r"|Params size|Estimated Total|Layer \(type)"
)
BARE_GAP = 2  # lines between two bare bounds of one list
BESIDE = 4
SENTENCE_END = re.compile(r"(?<=[.;!?]\s)")
LONGEST_PIECE = 300
MOST_DRAFTS = 5000


def scan(document: Document) -> tuple[list[Draft], tuple[str, ...]]:
    """Everything a document states, logs condensed, in the order of its lines; and what was left out."""
    tables = find_tables(document.lines) if document.source != "comment" else []
    used = {identity for table in tables for identity in table.lines}
    drafts = [draft for table in tables for draft in read_table(table, document)]
    drafts += read_layer_notes(document, used)
    bare, beside = _bare_bounds(document.lines)
    counter = epoch_counter(document)
    for line in document.lines:
        epoch = counter.see(line)
        if id(line) not in used and len(drafts) < MOST_DRAFTS:
            drafts += _line_drafts(line, document, epoch, (id(line) in bare, id(line) in beside))
    position = {id(line): number for number, line in enumerate(document.lines)}
    drafts.sort(key=lambda draft: position[id(draft.line)])
    notes = [document.note] if document.note else []
    if len(drafts) >= MOST_DRAFTS:
        last = drafts[-1].line.location.line
        notes.append(
            f"{document.name} makes more than {MOST_DRAFTS:,} statements; those after line {last} were not read."
        )
    kept = sorted(condense(mark_logged(mark_tools(drafts))), key=lambda draft: position[id(draft.line)])
    return kept, tuple(notes)


def _line_drafts(line: Line, document: Document, epoch: int | None, bare: tuple[bool, bool]) -> Iterator[Draft]:
    text = line.plain
    if not WORTH_READING.search(text) and not (line.parents and any(character.isdigit() for character in text)):
        return
    if SUMMARY_ROW.match(text) or (_is_code(line) and document.source != "comment"):
        return
    heading = line.section.raw == line.raw and line.section.level > 0
    shown = ITEM.sub("", text) if line.item else text
    if document.source == "comment":
        shown = _beside(text)
    led = line.parents and (line.item or re.search(r"[A-Za-z]{2}", text))
    context = line.parents[-1].plain if led else ""
    for piece in _pieces(shown):
        for found in read_text_line(piece, context=context, item=line.item or _ticked(line), heading=heading):
            statement, logged = found.statement, False
            if isinstance(statement, FeatureClaim) and document.source in ("output", "comment"):
                continue
            if isinstance(statement, AccuracyClaim) and epoch is not None and statement.role == "unknown":
                statement, logged = statement.model_copy(update={"epoch": epoch}), True
            if isinstance(statement, EpochsClaim) and epoch is not None and document.source == "output":
                continue
            listed = bare[1] if isinstance(statement, FeatureClaim) else bare[0]
            requirement = is_requirement(replace(line, plain=piece), found, listed)
            yield Draft(statement, document, line, requirement=requirement, logged=logged and not requirement)


def _pieces(text: str) -> list[str]:
    """A line as it is, a long one sentence by sentence: the work must not grow with the square of the length."""
    if len(text) <= LONGEST_PIECE:
        return [text]
    pieces = [""]
    for sentence in SENTENCE_END.split(text):
        if len(pieces[-1]) + len(sentence) > LONGEST_PIECE:
            pieces.append("")
        pieces[-1] += sentence
    return [piece[:LONGEST_PIECE] for piece in pieces if WORTH_READING.search(piece)]


def _beside(text: str) -> str:
    """A comment without the code beside it, but with the layer's name."""
    code, _, comment = text.partition("#")
    layer = layer_of(code)
    return f"{layer}: {comment.strip()}" if layer else comment.strip()


def _ticked(line: Line) -> bool:
    return bool(re.match(r"\s*(?:[^\w\s(\[<]{1,4}\s|\[[ xX]\])", line.plain))


def _is_code(line: Line) -> bool:
    """A statement of Python or a command in a fence: its figures are settings, not claims."""
    return (line.fenced and CODE.match(line.plain) is not None) or PRINTING.search(line.raw) is not None


def _bare_bounds(lines: Sequence[Line]) -> tuple[set[int], set[int]]:
    """The lines of lists of bare bounds, as assignments have them (one alone may be a boast), and those beside them."""
    bare = [number for number, line in enumerate(lines) if line.plain and len(line.plain) < 200 and is_bare_bound(line)]
    listed = [
        number
        for at, number in enumerate(bare)
        if (at and _near(lines, bare[at - 1], number)) or (at + 1 < len(bare) and _near(lines, number, bare[at + 1]))
    ]
    beside = {
        id(lines[near])
        for number in listed
        for near in range(max(0, number - BESIDE), min(len(lines), number + BESIDE + 1))
        if lines[near].section is lines[number].section
    }
    return {id(lines[number]) for number in listed}, beside


def _near(lines: Sequence[Line], first: int, second: int) -> bool:
    if second - first > 2 * BARE_GAP + 1:
        return False
    return sum(bool(line.plain.strip()) for line in lines[first + 1 : second]) < BARE_GAP
