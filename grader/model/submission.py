"""What was handed in, where it lies, and the classes found in it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from grader.model.base import Frozen


class Submission(Frozen):
    """One folder to grade. `root` is the graded folder, `checkout` the repository (or the same folder)."""

    source: str  # as the user gave it: path or URL
    checkout: Path
    root: Path
    path: str | None = None  # --path, relative to the checkout
    commit: str | None = None  # 40 hex digits; None for a folder outside git
    ref: str | None = None
    dirty: bool = False  # a local checkout with uncommitted changes
    notes: tuple[str, ...] = ()  # files that were left out of a fetch, one sentence each


class Location(Frozen):
    """A place in the submission. `line` is 1-based within the file, or within the cell of a notebook."""

    file: str
    cell: int | None = None  # 0-based over all cells of the notebook
    line: int | None = None

    def __str__(self) -> str:
        cell = "" if self.cell is None else f":cell {self.cell}"
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{cell}{line}"


class Candidate(Frozen):
    """A class or factory that may be the submission. Identity is (file, cell, name, line)."""

    file: str  # relative to Submission.root, POSIX separators
    cell: int | None
    name: str = Field(alias="class")
    line: int
    kind: Literal["class", "factory", "variable"] = "class"  # variable: a module-level `model = nn.Sequential(…)`
    build: str | None = None  # the expression that builds it, e.g. "Net(dropout=0.05)"; None: "Net()"
    built_at: Location | None = None  # where the training code builds it; names it uses mean what they mean there
    score: float = 0.0
    evidence: tuple[str, ...] = ()  # sentences a person can check: "passed to optim.SGD at train.py:31"

    @property
    def location(self) -> Location:
        return Location(file=self.file, cell=self.cell, line=self.line)

    @property
    def spec(self) -> str:
        """The --model argument that names exactly this candidate."""
        cell = "" if self.cell is None else f":{self.cell}"
        return f"{self.file}{cell}:{self.name}@{self.line}"


class Discovery(Frozen):
    """All candidates, best first, and the chosen one if the evidence decides."""

    candidates: tuple[Candidate, ...]
    selected: Candidate | None
    selected_by: str  # "--model", ".grader.yml", or a sentence of evidence
    contenders: tuple[Candidate, ...] = ()  # the ties, when `selected` is None
    problems: tuple[str, ...] = ()  # cells and files that could not be read, one sentence each


class Chunk(Frozen):
    """A piece of source whose line numbers equal the original's (blank lines fill the gaps)."""

    label: int  # index into Slice.origins; the only file name the sandbox sees is this number
    source: str


class SlicedModule(Frozen):
    """A module to create in the sandbox: its chunks are executed in order in one namespace."""

    name: str  # dotted import name
    is_package: bool = False
    chunks: tuple[Chunk, ...]


class Slice(Frozen):
    """What the sandbox needs to build one candidate: imports, classes, functions, plain constants."""

    modules: tuple[SlicedModule, ...]  # in no particular order; imported on demand
    entry: str  # name of the module that `build` is evaluated in
    build: str  # an expression, evaluated in the sandbox only
    origins: tuple[Location, ...]  # label -> file and cell
