"""Reading `.py` files and notebooks into cells; what can't be read becomes a sentence, never an exception."""

import ast
import codecs
import json
import tokenize
from io import BytesIO
from pathlib import Path
from typing import Any

from grader.intake.python_text import UnreadablePython, is_python_cell, parse, parse_cell, written_file
from grader.intake.source import Cell, Source, running_order

MOST_PYTHON_BYTES = 2 * 2**20
MOST_NOTEBOOK_BYTES = 128 * 2**20
MOST_VALUES = 5_000_000  # of a notebook's JSON, which takes up to a hundred bytes of memory for each
MOST_CELLS = 5000
OUTPUT_KEPT = 20_000  # characters of printed output kept per cell, from the end
# Codecs of Python that a `# coding:` line may name though no text is written in them: slow, or made to fail.
_NO_CHARACTER_SETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})

Read = tuple[Source | None, tuple[str, ...]]


def read_source(path: Path, file: str) -> Read:
    """The source at `path`, which the report calls `file`, and one sentence per thing that could not be read."""
    limit = MOST_NOTEBOOK_BYTES if file.lower().endswith(".ipynb") else MOST_PYTHON_BYTES
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        return None, (f"{file} can't be read: {error.strerror or error}.",)
    if len(data) > limit:
        return None, (f"{file} is larger than {limit // 2**20} MB and was not read.",)
    if data.startswith(b"version https://git-lfs"):
        return None, (f"{file} is a Git LFS pointer; its content is not part of the repository.",)
    return _read_notebook(data, file) if file.lower().endswith(".ipynb") else _read_python(data, file)


def _read_python(data: bytes, file: str) -> Read:
    try:
        text = _decode(data)
        tree = parse(text)
    except UnreadablePython as problem:
        try:  # a notebook saved as .py keeps its magics
            text, tree = parse_cell(_decode(data))
        except UnreadablePython:
            return None, (f"{file} is not Python 3 ({problem}) and was skipped.",)
    return Source(file, (Cell(file, None, text, tree),)), ()


def _decode(data: bytes) -> str:
    try:
        declared, _ = tokenize.detect_encoding(BytesIO(data).readline)
        encoding = "utf-8" if codecs.lookup(declared).name in _NO_CHARACTER_SETS else declared
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        text = data.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_notebook(data: bytes, file: str) -> Read:
    try:
        notebook = load_notebook(data)
    except TooManyValues as problem:
        return None, (f"{file} {problem} and was not read.",)
    except (ValueError, RecursionError) as error:
        return _read_misnamed(data, file, error)
    raw = raw_cells(notebook)
    if raw is None:
        return None, (f"{file} is JSON but not a notebook: it has no list of cells.",)
    problems: list[str] = []
    if len(raw) > MOST_CELLS:
        problems.append(f"{file} has {len(raw)} cells; the first {MOST_CELLS} were read.")
    cells: list[Cell] = []
    left = MOST_PYTHON_BYTES
    for index, item in enumerate(raw[:MOST_CELLS]):
        if not isinstance(item, dict) or item.get("cell_type") != "code":
            continue
        text = _text(item.get("source", item.get("input", "")))
        if not is_python_cell(text):
            continue
        left -= len(text)
        if left < 0:
            limit = MOST_PYTHON_BYTES // 2**20
            problems.append(f"{file} holds more than {limit} MB of code; from cell {index} on it was not read.")
            break
        try:
            source, tree = parse_cell(text)
        except UnreadablePython as problem:
            problems.append(f"{file}: cell {index} is not Python 3 ({problem}) and was skipped.")
            continue
        cells.append(Cell(file, index, source, tree, _count(item), _output(item), written_file(text)))
    return Source(file, running_order(tuple(cells)), is_notebook=True), tuple(problems)


def _read_misnamed(data: bytes, file: str, error: Exception) -> Read:
    """A `.ipynb` that is not JSON: plain Python, or broken."""
    text = _decode(data)
    if not text.lstrip().startswith("{"):
        try:
            source, tree = parse_cell(text)
        except UnreadablePython:
            pass
        else:
            if tree.body and not _is_one_expression(tree):
                note = f"{file} is plain Python, not a notebook, and was read as such."
                return Source(file, (Cell(file, None, source, tree),)), (note,)
    return None, (f"{file} is not a readable notebook: its JSON is damaged ({_damage(error)}).",)


def _damage(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return "not UTF-8 text" if isinstance(error, UnicodeError) else "a number with thousands of digits"


def _is_one_expression(tree: ast.Module) -> bool:
    return len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)


class TooManyValues(ValueError):
    """A notebook's JSON would take too much memory; the message continues "the file ..."."""


def load_notebook(data: bytes) -> Any:
    """The JSON of a notebook. Raises ValueError or RecursionError for what is none, TooManyValues over the bound."""
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise TooManyValues(f"has more than {MOST_VALUES:,} values")
    return json.loads(data)


def raw_cells(notebook: Any) -> list[Any] | None:
    """The cells of format 4, or of all worksheets of format 3."""
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [
        cell for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]  # fmt: skip


def _text(value: Any) -> str:
    """A multi-line string of the format: one string, or a list of lines."""
    text = "".join(part for part in value if isinstance(part, str)) if isinstance(value, list) else value
    return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else ""


def _count(item: dict[str, Any]) -> int | None:
    count = item.get("execution_count", item.get("prompt_number"))
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _output(item: dict[str, Any]) -> str:
    outputs = item.get("outputs")
    parts: list[str] = []
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict):
            data = output.get("data")
            plain = data.get("text/plain") if isinstance(data, dict) else None
            parts.append(_text(output.get("text", plain or ""))[-OUTPUT_KEPT:])
    return "\n".join(parts)[-OUTPUT_KEPT:]
