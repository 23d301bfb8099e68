"""Single lines of a submission's files, to be shown beside what is said about them. Student-written: data, no more."""

from collections.abc import Iterable
from pathlib import Path

from grader.intake.links import crosses_link, is_regular_file, leads_into
from grader.intake.notebook import MOST_NOTEBOOK_BYTES, MOST_PYTHON_BYTES, load_notebook, raw_cells
from grader.intake.text_file import decode
from grader.model.outcome import SourceLine
from grader.model.submission import Location

MOST_LINES = 300
MOST_FILES = 20
MOST_CHARACTERS = 200  # of a line; what is longer is cut


def source_lines(root: Path, checkout: Path, places: Iterable[Location]) -> tuple[SourceLine, ...]:
    """The line at each place that names one, in their order; what can't be read, or is blank, is left out.

    Files are named relative to `root` and lie within `checkout`; links are not followed. At most `MOST_LINES`.
    """
    texts: dict[tuple[str, int | None], list[str]] = {}
    files: dict[str, bytes] = {}
    found: list[SourceLine] = []
    for place in dict.fromkeys(places):
        if place.line is None or len(found) == MOST_LINES:
            continue
        if place.file not in files and len(files) < MOST_FILES:
            files[place.file] = _bytes(root.resolve(), checkout.resolve(), place.file)
        key = (place.file, place.cell)
        if key not in texts:
            texts[key] = _lines(files.get(place.file, b""), place)
        lines = texts[key]
        text = lines[place.line - 1].rstrip() if 0 < place.line <= len(lines) else ""
        if text.strip():
            found.append(SourceLine(location=place, text=_cut(text)))
    return tuple(found)


def _bytes(root: Path, checkout: Path, file: str) -> bytes:
    """The file's content; empty where it may not or can't be read, or is too large."""
    path, limit = root / file, MOST_NOTEBOOK_BYTES if file.lower().endswith(".ipynb") else MOST_PYTHON_BYTES
    if not is_regular_file(path) or not leads_into(path, checkout) or crosses_link(path, checkout):
        return b""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError:
        return b""
    return data if len(data) <= limit else b""


def _lines(data: bytes, place: Location) -> list[str]:
    text = decode(data) if place.cell is None else _cell(data, place.cell)
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cell(data: bytes, index: int) -> str:
    """The source of a cell of a notebook, counted over all of them."""
    try:
        cells = raw_cells(load_notebook(data)) or []
    except (ValueError, RecursionError):
        return ""
    cell = cells[index] if 0 <= index < len(cells) else None
    source = cell.get("source", cell.get("input", "")) if isinstance(cell, dict) else ""
    return "".join(part for part in source if isinstance(part, str)) if isinstance(source, list) else str(source)


def _cut(text: str) -> str:
    """At most `MOST_CHARACTERS`, without what no UTF-8 file can hold."""
    text = text.expandtabs(4)
    text = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
    return text.encode("utf-8", "replace").decode("utf-8")
