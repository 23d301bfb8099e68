"""Where the data sets lie."""

import os
from pathlib import Path


def folder_of(data_dir: Path | None) -> Path:
    """Where MNIST is looked for: the option, else GRADER_DATA_DIR, else the user's cache."""
    if data_dir is not None:
        return data_dir.expanduser().absolute()
    if named := os.environ.get("GRADER_DATA_DIR"):
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "grader"
