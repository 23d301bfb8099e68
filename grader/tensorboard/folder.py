"""Where event files go: looked at before anything runs, one new folder per run."""

import importlib
import re
import tempfile
from pathlib import Path, PurePosixPath

from grader.errors import UsageError
from grader.report.escape import visible

_LONGEST = 80


def require_tensorboard(folder: Path) -> None:
    """Raises UsageError where the package is missing or broken, or where nothing can be written to the folder."""
    try:
        importlib.import_module("tensorboard.summary.writer.event_file_writer")
    except ImportError:
        raise UsageError(
            "--tensorboard needs the package tensorboard, which is not installed.",
            mend="Install it with: pip install 'graph-grader[tensorboard]'",
        ) from None
    except Exception as problem:  # protobuf raises TypeError where its versions do not fit together
        reason = visible(str(problem).partition("\n")[0])
        raise UsageError(f"The package tensorboard, which --tensorboard needs, can't be loaded: {reason}.") from None
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if made:
            folder.rmdir()  # nothing may come of the training
    except OSError as problem:
        raise UsageError(
            f"TensorBoard's files can't be written to {visible(str(folder))}: {problem.strerror or problem}.",
            mend="Name another folder with --tensorboard.",
        ) from None


def submission_name(source: str, path: str | None, entry: str) -> str:
    """What a submission's runs are called: the last part of its address, its subfolder, its name in .grader.yml."""
    address = PurePosixPath(source.replace("\\", "/")).name.removesuffix(".git")
    if not address.strip("."):  # "." or ".."
        address = Path(source).resolve().name
    parts = [address, PurePosixPath(path).name if path else "", entry]
    words = (re.sub(r"[^A-Za-z0-9._]+", "-", part).strip("-.") for part in parts)
    return "-".join(dict.fromkeys(word for word in words if word))[:_LONGEST] or "submission"


def new_folder(folder: Path, name: str) -> Path:
    """A subfolder that does not exist yet: two runs in one folder would be drawn as one zigzag."""
    place, number = folder / name, 1
    while place.exists():
        number += 1
        place = folder / f"{name}-{number}"
    return place
