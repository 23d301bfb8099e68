"""Writing a reference model as a student's repository: model.py, train.py, recipe.yaml, .grader.yml and a README."""

import shutil
from pathlib import Path

from grader.errors import ReferenceModelError
from grader.model.published import Published, PublishedAccuracy
from grader.reference.catalog import MODEL, RECIPE, Reference
from grader.reference.script import training_script

_MEASURED_ON = {
    "test": "on the test set",
    "validation": "on images held out of the training set",
    "augmented_validation": "on augmented images held out of the training set",
}


def export_reference(reference: Reference, folder: Path) -> tuple[Path, ...]:
    """Write the repository into a new or empty folder; returns the files.

    Its README says what was published, mistakes included. Raises ReferenceModelError where the folder holds something
    or can't be written.
    """
    texts = {
        "README.md": _readme(reference.published),
        "train.py": training_script(reference.published.model, reference.recipe),
        ".grader.yml": f"model: {MODEL}:{reference.published.model}\nrecipe: {RECIPE}\n",
    }
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ReferenceModelError(f"{folder} is not an empty folder; nothing was written.")
        folder.mkdir(parents=True, exist_ok=True)
        for name in (MODEL, RECIPE):
            shutil.copyfile(reference.folder / name, folder / name)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise ReferenceModelError(f"{problem.filename or folder} can't be written: {problem.strerror}.") from None
    return tuple(folder / name for name in (MODEL, RECIPE, *texts))


def describe_accuracy(published: PublishedAccuracy) -> str:
    """ "99.44 % at epoch 19, on …": what was published, in words."""
    least = "at least " if published.at_least else ""
    epoch = f" at epoch {published.epoch}" if published.epoch else ""
    return f"{least}{published.accuracy * 100:.2f} %{epoch}, {_MEASURED_ON[published.measured_on]}"


def _readme(published: Published) -> str:
    lines = [f"# {published.title}", "", "As published:", ""]
    lines += [f"- {statement.says}" for statement in published.readme]
    lines += ["", "`python train.py` trains it.", ""]
    return "\n".join(lines)
