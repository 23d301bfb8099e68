"""A class of 200: reference models, mutants and copies of them, broken and hostile work, late work, and no work.

Each student has what a batch without training must make of the submission. What a mutant comes to follows from how it
was made, what a hostile one comes to from its case in the attack corpus.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import class_sources as sources
import yaml
from class_sources import CLASSES, Files
from corpus import load

from grader.model.published import Published
from grader.model.result import Result

DEADLINE = datetime(2026, 3, 10, 12, tzinfo=UTC)
IN_TIME, LATE = datetime(2026, 3, 9, 12, tzinfo=UTC), datetime(2026, 3, 11, 12, tzinfo=UTC)
REQUIRED = ("parameters", "batch_norm", "dropout", "head")  # of mnist-20k, without training
_RESULT_OF: dict[int, Result] = {0: "pass", 1: "fail", 3: "error", 4: "ungradable", 5: "inconclusive"}
_HOSTILE = (
    *(
        f"layers/{name}"
        for name in (
            *("added_and_subtracted", "by_environment", "call_overridden", "declared_and_unused", "decoy_class"),
            *("dropout_rate_tiny", "fc_only_in_training", "frozen_by_train", "only_in_training", "probe_pattern"),
        )
    ),
    *(
        f"parameters/{name}"
        for name in (
            *("literals_in_full", "numel_patched", "overridden_parameters", "patched_torch", "persistent_buffer"),
            "weights_from_a_hash",
        )
    ),
    *(
        f"protocol/{name}"
        for name in (
            *("exit_at_import", "forged_failure_of_ours", "forged_operator", "forged_smaller_graph"),
            *("hard_exit_in_constructor", "kill_the_parent", "segmentation_fault", "shadowed_grader"),
        )
    ),
    *("containment/call_home_tcp", "containment/daemon_that_survives", "containment/read_shadow_and_home"),
    *("containment/write_outside", "markup/html_script", "markup/exception_terminal"),
)


@dataclass(frozen=True)
class Push:
    """One state of the repository. `files` None: a commit without any."""

    files: Files
    at: datetime = IN_TIME
    forced: bool = False  # the earlier history is gone from the branch


@dataclass(frozen=True)
class Student:
    """A line of the roster, what lies behind it, and what must come out."""

    kind: str
    result: Result
    pushes: tuple[Push, ...] = ()  # in their order; none: an empty repository
    failed: frozenset[str] | None = None  # required criteria that fail; None: not looked at
    late: bool = False
    place: Literal["daemon", "missing", "unreachable", "none"] = "daemon"
    repository_of: int | None = None  # the repository is that of another student
    copy_of: int | None = None  # the work of another student, in the same or other words
    columns: tuple[tuple[str, str], ...] = ()  # further cells of the roster


def class_of_200() -> tuple[Student, ...]:
    """The students in the order of the roster; indices are those that `copy_of` names."""
    found = [*_references(), *_widths()]
    found += _copies(found)
    found += [*_mutants(), *_broken(), *_hostile(), *_late(), *_without_work()]
    assert len(found) == 200, len(found)
    return tuple(found)


def _work(kind: str, files: Files, failed: frozenset[str], **more: object) -> Student:
    made = Student(kind, "fail" if failed else "pass", (Push(files),), failed)
    return replace(made, **more)  # type: ignore[arg-type]


def _failing(key: str) -> frozenset[str]:
    """What a reference model fails of what is required, as its published.yaml says."""
    file = sources.ROOT / "reference_models" / key / "published.yaml"
    if not file.exists():
        return frozenset()
    published = Published.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    return frozenset(published.fails) & frozenset(REQUIRED)


def _references() -> Iterator[Student]:
    """24: each as it is, as a notebook, and in a folder with its training and a README."""
    for key in CLASSES:
        yield _work("reference", {"model.py": sources.model_text(key)}, _failing(key))
    for key in CLASSES:
        yield _work("notebook", {"Session 5/digits.ipynb": sources.as_notebook(key)}, _failing(key))
    for key in CLASSES:
        files: Files = {
            "src/model.py": sources.model_text(key),
            "src/train.py": sources.training_text(key),
            "README.md": f"# Digits\n\n{CLASSES[key]} for MNIST.\n",
            "data/weights.bin": bytes(range(256)) * 64,
        }
        yield _work("with training", files, _failing(key))


def _widths() -> Iterator[Student]:
    """48 of honest students who chose other widths and rates."""
    for width in range(14, 28):
        yield _work("other width", {"net.py": sources.regularized(width)}, frozenset())
    for width in range(20, 32):
        yield _work("other width", {"net.py": sources.optimized(width)}, frozenset())
    for width in range(84, 96):
        yield _work("other width", {"net.py": sources.separable(width)}, frozenset())
    for width in range(18, 22):
        yield _work("other width", {"net.py": sources.minimal_with_dropout(width)}, frozenset())
    for rate in (0.01, 0.02, 0.03, 0.04, 0.06, 0.07):
        yield _work("other rate", {"net.py": sources.demo(rate)}, frozenset())


def _copies(earlier: list[Student]) -> Iterator[Student]:
    """24: some in the very same words, some under other names."""
    for index in (1, 4, 24, 25, 38, 39, 50, 51, 62, 63, 68, 69):
        yield replace(earlier[index], kind="same words", copy_of=index)
    for index in (0, 1, 2, 3, 4, 5, 6, 7, 30, 44, 56, 70):
        ((name, text),) = earlier[index].pushes[0].files.items()
        assert isinstance(text, str)
        files: Files = {f"my_{name}": sources.renamed(text)}
        yield replace(earlier[index], kind="other names", pushes=(Push(files),), copy_of=index)


def _mutants() -> Iterator[Student]:
    """39: with one thing wrong."""
    for key in CLASSES:
        failed = _failing(key)
        text = sources.model_text(key)
        yield _work("too large", {"model.py": sources.with_spare_layer(text)}, failed | {"parameters"})
        yield _work("no batch norm", {"model.py": sources.without_norm(text)}, failed | {"batch_norm"})
        if "dropout" not in failed:
            yield _work("no dropout", {"model.py": sources.without_dropout(text)}, failed | {"dropout"})
        for kind, change in (("nine outputs", sources.with_nine_outputs), ("for colour", sources.for_colour)):
            yield Student(kind, "ungradable", (Push({"model.py": change(text)}),))


def _broken() -> Iterator[Student]:
    """18 that cannot be graded."""
    text = sources.model_text("demo")
    needs = text.replace("dropout: float = 0.05", "dropout: float")
    contenders = {"one.py": text, "two.py": sources.model_text("final").replace("Final", "Other")}
    broken: dict[str, Files] = {
        "syntax error": {"model.py": text.replace("def forward(", "def forward(:", 1)},
        "syntax error in a notebook": {"digits.ipynb": sources.notebook("import torch", "class Net(:\n  pass")},
        "not a notebook": {"digits.ipynb": "{"},
        "no model": {"train.py": "import torch\nprint(torch.rand(3))\n", "README.md": "# Soon\n"},
        "README alone": {"README.md": "# Soon\n"},
        "no code": {"photo.jpg": b"\xff\xd8\xff\xe0" * 99, "weights.pt": bytes(999)},
        "needs an argument": {"model.py": needs},
        "two that contend": contenders,
        "raises": {
            "model.py": text.replace("super().__init__()", "super().__init__()\n        raise ValueError('no')")
        },
        "shapes that do not fit": {"model.py": text.replace("nn.Linear(24, 10)", "nn.Linear(25, 10)")},
        "returns a list": {"model.py": text.replace("maps.mean(dim=(2, 3)))", "maps.mean(dim=(2, 3))).tolist()")},
        "manifest that is not YAML": {"model.py": text, ".grader.yml": "model: [\n"},
        "manifest that names nothing": {"model.py": text, ".grader.yml": "model: model.py:Nothing\n"},
        "too many files": {f"part{number:05}.py": "x = 1\n" for number in range(10_001)},
    }
    for kind, files in broken.items():
        yield Student(kind, "ungradable", (Push(files),))
    yield Student("empty repository", "ungradable")
    yield Student("empty repository", "ungradable")
    yield Student("no such branch", "ungradable", (Push({"model.py": text}),), columns=(("ref", "final"),))
    yield Student("no such folder", "ungradable", (Push({"model.py": text}),), columns=(("path", "Session 5"),))


def _hostile() -> Iterator[Student]:
    """30 of the attack corpus."""
    for name in _HOSTILE:
        case, folder = load(name)
        assert case.exit_code is not None and not case.train and not case.arguments, name
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        files: Files = {str(path.relative_to(folder)): path.read_bytes() for path in found}
        yield Student(f"hostile: {name}", _RESULT_OF[case.exit_code], (Push(files),))


def _late() -> Iterator[Student]:
    """8 at the deadline, by the forge's clock. What is graded is told by its criteria."""
    good, bad = sources.model_text("regularized"), sources.with_spare_layer(sources.model_text("regularized"))
    mended, spoiled = Push({"model.py": good}, LATE), Push({"model.py": bad}, LATE)
    too_large = frozenset({"parameters"})
    yield Student("mended too late", "fail", (Push({"model.py": bad}), mended), too_large)
    yield Student("spoiled after the deadline", "pass", (Push({"model.py": good}), spoiled), frozenset())
    yield Student("rewritten too late", "fail", (Push({"model.py": bad}), replace(mended, forced=True)), too_large)
    yield Student("emptied too late", "pass", (Push({"model.py": good}), Push({}, LATE, forced=True)), frozenset())
    yield Student("mended in time", "pass", (Push({"model.py": bad}), Push({"model.py": good})), frozenset())
    yield Student("nothing in time", "pass", (mended,), frozenset(), late=True)
    yield Student("nothing in time", "fail", (spoiled,), too_large, late=True)
    yield Student("starter code in time", "ungradable", (Push({"README.md": "# Your task\n"}), mended))


def _without_work() -> Iterator[Student]:
    """9 without a repository that can be had, or with somebody else's."""
    yield Student("missing", "unreached", place="missing")
    yield Student("missing", "unreached", place="missing")
    yield Student("missing", "unreached", place="missing")
    yield Student("unreachable", "unreached", place="unreachable")
    yield Student("unreachable", "unreached", place="unreachable")
    yield Student("no repository", "nothing", place="none")
    yield Student("excused", "excused", (Push({"model.py": "x = 1\n"}),), columns=(("excused", "yes"),))
    yield _work("same repository", {}, frozenset(), pushes=(), repository_of=0, copy_of=0)
    yield _work("same repository", {}, frozenset(), pushes=(), repository_of=24, copy_of=24)
