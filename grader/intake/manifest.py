"""`.grader.yml`: what a repository says about itself, which model is handed in, by which recipe it is trained.

    model: train.py:Net@12      # FILE[:CELL]:CLASS[@LINE]
    recipe: recipe.yaml         # a file of the repository, or the name of a shipped recipe
    readme: README.md

or, for several submissions in one repository, a list of the same under `submissions`, each with a `path` of its own
where it lies in a folder. All of it is the student's word: names and paths are checked here, once.
"""

import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from grader.errors import SubmissionError
from grader.model.base import Frozen
from grader.yaml_source import MAX_CHARACTERS, YamlDocument, YamlProblem, explain, load_yaml

NAME = ".grader.yml"
_MODEL = re.compile(r"[^:]+(?::[0-9]+)?:[A-Za-z_]\w*(?:@[0-9]+)?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\0" in text:
        raise ValueError(f"{text!r} must be a path inside the folder, without '..'")
    return text


def _model(text: str) -> str:
    if not _MODEL.fullmatch(text):
        raise ValueError(f"{text!r} must be FILE:CLASS, or FILE:CELL:CLASS for a notebook, with @LINE where needed")
    _inside(text.partition(":")[0])
    return text


def _plain_name(text: str) -> str:
    if not _PLAIN_NAME.fullmatch(text):
        raise ValueError(f"{text!r} must be letters, digits, spaces, '.', '_' and '-', at most 64")
    return text


_Path = Annotated[str, AfterValidator(_inside)]


class Entry(Frozen):
    """One submission; every field may be left out."""

    name: Annotated[str, AfterValidator(_plain_name)] | None = None  # of its folder in --out
    model: Annotated[str, AfterValidator(_model)] | None = None
    recipe: _Path | None = None
    readme: _Path | None = None
    path: _Path | None = None  # its folder, relative to the file


class Manifest(Frozen):
    """What a `.grader.yml` says; `entries` has one item, or one for each of its `submissions`."""

    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]


class _Document(Entry):
    submissions: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if self.submissions is not None:
            own = self.model_fields_set - {"submissions"}
            if own:
                raise ValueError(f"{sorted(own)[0]!r} stands beside 'submissions'; write it into each of the list")
            names = [entry.name for entry in self.submissions if entry.name]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the name {twice[0]!r} appears twice under 'submissions'")
        return self


def read_manifest(root: Path) -> Manifest | None:
    """The manifest of the graded folder, None where there is none.

    Raises SubmissionError, with file and line, for one that cannot be read.
    """
    text = _read(root / NAME)
    if text is None:
        return None
    try:
        document = load_yaml(text, NAME)
    except YamlProblem as problem:
        raise SubmissionError(str(problem)) from None
    parsed = _parse(document)
    if parsed.submissions is not None:
        return Manifest(entries=parsed.submissions)
    return Manifest(entries=(Entry.model_validate(parsed.model_dump(exclude={"submissions"})),))


def _read(path: Path) -> str | None:
    try:
        # Neither followed nor waited for: a link could lead out of the submission, a FIFO has no end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SubmissionError(f"{NAME} is not a regular file.")
            content = file.read(4 * MAX_CHARACTERS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SubmissionError(f"{NAME} cannot be read: {error.strerror}.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SubmissionError(f"{NAME}:{line}: not UTF-8 text.") from None


def _parse(document: YamlDocument) -> _Document:
    try:
        return _Document.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        raise SubmissionError(explain(error, document, _Document)) from None
