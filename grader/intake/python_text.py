"""Python text to a syntax tree, with IPython's own lines taken out first."""

import ast
import re
import threading
import warnings

IPYTHON_LINE = re.compile(r"^\s*[%!?]|^[^#'\"]*[\w.\])]\?{1,2}\s*(#.*)?$")
AUTOMAGIC = re.compile(
    r"^\s*(cd|ls|ll|pwd|pip3?|conda|apt|mkdir|rm|cp|mv|cat|who|whos|time|timeit|matplotlib)\b(?!\s*[=.(\[])"
)
IPYTHON_VALUE = re.compile(r"^(\s*[\w., ]+=\s*)[!%].*$")
CELL_MAGIC = re.compile(r"^\s*%%(\w+)[ \t]*(.*)$")
PYTHON_CELL_MAGICS = frozenset({"capture", "time", "timeit", "prun", "memit", "mprun", "python", "python3", "skip"})
WRITING_CELL_MAGICS = frozenset({"writefile", "file"})
MOST_REPAIRS = 200
# CPython before 3.12.4 counts the depth of a tree for all threads together, and finds that it does not come out
# (https://github.com/python/cpython/issues/106905). The filters of warnings are everybody's, too.
_ONE_AT_A_TIME = threading.Lock()


class UnreadablePython(Exception):
    """The text is not Python 3; the message says where."""


def parse(text: str) -> ast.Module:
    """The syntax tree. Raises UnreadablePython for whatever the parser can't take."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise UnreadablePython(f"line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadablePython(f"{type(error).__name__}: {error}") from error


def cell_magic(text: str) -> tuple[str, str] | None:
    """The name and arguments of the `%%magic` that the cell begins with, if it does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    match = CELL_MAGIC.match(first)
    return (match.group(1), match.group(2).strip()) if match else None


def is_python_cell(text: str) -> bool:
    """Whether the cell's body is Python: no `%%bash`, `%%html` and the like."""
    magic = cell_magic(text)
    return magic is None or magic[0] in PYTHON_CELL_MAGICS or (written_file(text) or "").endswith(".py")


def written_file(text: str) -> str | None:
    """The file that a `%%writefile` cell writes."""
    magic = cell_magic(text)
    if magic is None or magic[0] not in WRITING_CELL_MAGICS:
        return None
    words = magic[1].removeprefix("-a ").removeprefix("--append ").strip()
    return words.strip("'\"") or None


def parse_cell(text: str) -> tuple[str, ast.Module]:
    """Python with magics, shell lines and help lines blanked, line numbers kept, and its tree.

    Only lines that stop the parser are touched, so that a `%` inside a string or an expression stays.
    Raises UnreadablePython.
    """
    lines = text.splitlines()
    for _ in range(MOST_REPAIRS):
        text = "\n".join(lines) + "\n"
        try:
            return text, parse(text)
        except UnreadablePython as problem:
            if not _repair(lines, problem):
                raise
    raise UnreadablePython("too many lines that are not Python")


def _repair(lines: list[str], problem: UnreadablePython) -> bool:
    """Blank the IPython line that the parser stopped at, else all of them; False where there is none."""
    cause = problem.__cause__
    at = cause.lineno - 1 if isinstance(cause, SyntaxError) and cause.lineno else -1
    if 0 <= at < len(lines) and _blank(lines, at):
        return True
    blanked = [_blank(lines, number) for number in range(len(lines))]
    return any(blanked)


def _blank(lines: list[str], number: int) -> bool:
    line = lines[number]
    assigned = IPYTHON_VALUE.match(line)
    if assigned:
        lines[number] = f"{assigned.group(1)}None"
    elif IPYTHON_LINE.match(line) or AUTOMAGIC.match(line):
        lines[number] = line[: len(line) - len(line.lstrip())] + "pass"
        while line.rstrip().endswith("\\") and number + 1 < len(lines):  # a shell line goes on
            number += 1
            line, lines[number] = lines[number], ""
    else:
        return False
    return True
