"""What the graded model is called, what other models there are called, and which step of a series each is."""

import ast
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from grader.intake.source import Source
from grader.model.submission import Candidate

# Class names that are words of the trade: they name a class only where the text writes them as code.
GENERIC = frozenset({
    "net", "model", "cnn", "network", "mnist", "convnet", "classifier", "nn", "lenet", "resnet",
    "digitclassifier", "final",
})  # fmt: skip
SHORTEST = 4
PAIR = re.compile(r"([A-Za-z]+)[\s_#-]*(\d{1,3})(?!\d)")
WORDED = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "one": 1, "two": 2, "three": 3, "four": 4,
}  # fmt: skip
LONE_NUMBER = re.compile(r"(?<!\d)(\d{1,3})(?!\d)")


@dataclass(frozen=True)
class Identity:
    """Names of the graded model and of the others in the folder; `folders` are those on its way from the checkout."""

    name: str
    files: tuple[str, ...]  # base names: where the class is defined and the notebook that trains it
    telling_name: bool  # no other class is called the same
    telling_files: tuple[str, ...]  # those of the files that hold no other model
    other_names: frozenset[str]
    other_files: frozenset[str]
    folders: tuple[str, ...] = ()
    ordinals: frozenset[tuple[str, int]] = field(default_factory=frozenset)  # ("model", 3) of model3.py
    numbers: tuple[int, ...] = ()  # all numbers in its names

    @cached_property
    def own_pattern(self) -> re.Pattern[str]:
        """The graded class, or its files, as a text names them."""
        return _pattern([self.name] if self.telling_name else [], self.telling_files)

    @cached_property
    def other_pattern(self) -> re.Pattern[str]:
        """The other classes and files."""
        return _pattern(self.other_names, self.other_files)


def identify(candidate: Candidate, sources: Sequence[Source], folders: tuple[str, ...]) -> Identity:
    """The identity of the candidate among the sources of its folder."""
    own = _own_files(candidate)
    defined = {source.path: module_classes(source) for source in sources}
    graded = {ast.dump(node) for node in defined.get(candidate.file, ()) if node.name == candidate.name}
    names: set[str] = set()
    files: set[str] = set()
    for source in sources:
        classes = _whole_models(defined[source.path])
        names |= {node.name for node in classes}
        base = posixpath.basename(source.path)
        copies = any(ast.dump(node) in graded for node in classes)
        if base not in own and not copies and (source.is_notebook or classes):
            files.add(base)
    models = _whole_models(defined.get(candidate.file, []))
    same_name = [node for found in defined.values() for node in found if node.name == candidate.name]
    labels = [candidate.name, *(posixpath.splitext(file)[0] for file in sorted(own))]
    return Identity(
        name=candidate.name,
        files=tuple(sorted(own)),
        telling_name=all(ast.dump(node) in graded for node in same_name),
        telling_files=tuple(sorted(file for file in own if file.endswith(".ipynb") or len(models) <= 1)),
        other_names=frozenset(names - {candidate.name}),
        other_files=frozenset(files),
        folders=folders,
        ordinals=frozenset(pair for label in labels for pair in ordinals_in(label)),
        numbers=tuple(int(number) for label in labels for number in LONE_NUMBER.findall(label)),
    )


def _own_files(candidate: Candidate) -> set[str]:
    """Its file, and a notebook that trains it; a script such as train.py may train any."""
    own = {posixpath.basename(candidate.file)}
    if candidate.built_at is not None and candidate.built_at.file.endswith(".ipynb"):
        own.add(posixpath.basename(candidate.built_at.file))
    return own


def module_classes(source: Source) -> list[ast.ClassDef]:
    """The network classes that a source defines: those with a `forward` or a base called Module."""
    return [
        node
        for cell in source.cells
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.ClassDef)
        and (_has_forward(node) or any("Module" in ast.unparse(base) for base in node.bases))
    ]


def _whole_models(classes: Sequence[ast.ClassDef]) -> list[ast.ClassDef]:
    """Those that no other class is built of."""
    parts = {
        name.id for node in classes for name in ast.walk(node) if isinstance(name, ast.Name) and name.id != node.name
    }
    return [node for node in classes if node.name not in parts]


def ordinals_in(label: str) -> set[tuple[str, int]]:
    """The numbered words of a name: "S5_Solution5" has ("s", 5), ("solution", 5); "Third_Net" ("net", 3)."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label).replace("_", " ").replace("-", " ")
    pairs = {(word.lower(), int(number)) for word, number in PAIR.findall(apart)}
    words = apart.lower().split()
    pairs |= {(after, WORDED[word]) for word, after in pairwise(words) if word in WORDED}
    return pairs


def _has_forward(node: ast.ClassDef) -> bool:
    return any(isinstance(item, ast.FunctionDef) and item.name == "forward" for item in node.body)


def _pattern(names: Iterable[str], files: Iterable[str]) -> re.Pattern[str]:
    """Names as whole words (generic ones as code only) and file names with their ending, plain or quoted for a link."""
    parts: list[str] = []
    for name in sorted(names, key=len, reverse=True):
        quoted = re.escape(name)
        if name.lower() in GENERIC or len(name) < SHORTEST or (name.isalpha() and name.islower()):
            parts.append(rf"`{quoted}(?:\(\))?`|\bclass {quoted}\b")
        else:
            parts.append(rf"(?<![A-Za-z0-9_]){quoted}(?![A-Za-z0-9_])")
    for file in sorted(files, key=len, reverse=True):
        for form in {file, file.replace(" ", "%20")}:
            parts.append(rf"(?<![A-Za-z0-9_-])(?i:{re.escape(form)})(?![A-Za-z0-9_])")
    return re.compile("|".join(parts[:400])) if parts else re.compile(r"(?!)")
